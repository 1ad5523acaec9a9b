// A closed key is refused before anything else is looked at, whether its session still runs or not.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

namespace fleetcast::conformance {

using ClosedKey = api_test;

TEST_F(ClosedKey, IsRefusedWhateverTheOtherArguments) {
  proves("R-CLS-10");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(4, 4);
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  FLEETCAST_SESSION_STATISTICS too_short{};
  const auto expect_refused = [&] {
    EXPECT_EQ(WdsTransportClientQueryStatus(program.key, nullptr, nullptr),
              DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(
      WdsTransportClientRegisterCallback(program.key, WDS_TRANSPORTCLIENT_MAX_CALLBACKS, nullptr),
      DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(WdsTransportClientCancelSessionEx(program.key, 0), DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &too_short), DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(FleetcastGetSessionError(program.key, nullptr, 1, nullptr),
              DWORD{ERROR_INVALID_HANDLE});
  };
  expect_refused();
  play_->finish();
  program.await_event("complete 0");
  expect_refused();
}

} // namespace fleetcast::conformance
