// Going up and coming down take time: threads start and end. Who calls meanwhile is turned away at once.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <memory>
#include <thread>
#include <utility>

namespace fleetcast::conformance {

namespace library_phases_test {
namespace {

/// A world that takes as long to come and to go as the test says.
class slow_engine : public scripted_engine {
public:
  slow_engine(std::shared_ptr<script> play, gate& comes, gate& goes)
    : scripted_engine(std::move(play)),
      goes_(goes) {
    comes.pass();
  }

  ~slow_engine() override { goes_.pass(); }

private:
  gate& goes_;
};

class LibraryPhases : public scripted_test {
protected:
  void SetUp() override {
    api::library::instance().replace_engine(
      [this](std::size_t) { return std::make_unique<slow_engine>(play_, comes_, goes_); });
  }

  /// None of these may wait for anybody.
  static void expect_turned_away() {
    auto request = good_request();
    HANDLE key = nullptr;
    EXPECT_EQ(WdsTransportClientInitializeSession(&request, nullptr, &key), DWORD{ERROR_NOT_READY});
    EXPECT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_NOT_READY});
    EXPECT_EQ(WdsTransportClientReleaseBuffer(&request), DWORD{ERROR_NOT_READY});
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
    EXPECT_EQ(FleetcastConfigure(nullptr), DWORD{ERROR_SUCCESS});
  }

  gate comes_;
  gate goes_;
};

} // namespace

TEST_F(LibraryPhases, CallsAreTurnedAwayWhileThreadsStartAndEnd) {
  proves("R-INIT-4");
  std::thread other{[] { EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS}); }};
  comes_.await_arrival();
  expect_turned_away();
  comes_.open();
  other.join();
  other = std::thread{[] { EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS}); }};
  goes_.await_arrival();
  expect_turned_away();
  goes_.open();
  other.join();
}

TEST_F(LibraryPhases, InitializeWaitsForTheOneUnderWay) {
  proves("R-INIT-5");
  DWORD second = ERROR_GEN_FAILURE;
  std::thread first{[] { EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS}); }};
  comes_.await_arrival();
  std::thread other{[&] { second = WdsTransportClientInitialize(); }};
  comes_.open();
  first.join();
  other.join();
  EXPECT_EQ(second, DWORD{ERROR_SUCCESS});
  goes_.open();
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
}

TEST_F(LibraryPhases, AFailedStartLeavesTheLibraryDown) {
  bool out_of_memory = true;
  api::library::instance().replace_engine([&](std::size_t) -> std::unique_ptr<api::engine> {
    if (out_of_memory)
      throw std::bad_alloc{};
    return std::make_unique<scripted_engine>(play_);
  });
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_NOT_ENOUGH_MEMORY});
  EXPECT_EQ(WdsTransportClientCloseSession(nullptr), DWORD{ERROR_NOT_READY});
  out_of_memory = false;
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
}

} // namespace library_phases_test
} // namespace fleetcast::conformance
