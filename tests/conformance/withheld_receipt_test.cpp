// A consumer that could not store what it got cancels, even after the end: the server must not take it
// for one that has everything.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

namespace fleetcast::conformance {

using WithheldReceipt = api_test;

TEST_F(WithheldReceipt, AReleaseAfterACancelAfterTheEndCannotOvertakeIt) {
  proves("R-CAN-9");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(7, 4);
  play_->deliver(0, "0123");
  play_->deliver(4, "456");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientCancelSessionEx(program.key, ERROR_DISK_FULL), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program.key, 3, 4), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_DISK_FULL});
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS}); // whatever was sent has arrived
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->releases(), 0U);
}

} // namespace fleetcast::conformance
