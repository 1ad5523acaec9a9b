// CancelSession and CancelSessionEx, from everywhere and at every moment.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <thread>

namespace fleetcast::conformance {

using CancelSession = api_test;
using CancelSessionEx = api_test;

DWORD cancel(const consumer& program) {
  return WdsTransportClientCancelSession(program.key);
}

TEST_F(CancelSession, EndsTheSession) {
  proves("W-CAN-1 W-CAN-4 W-CAN-5 C-CP-5 R-QRY-9 CODE-1223");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(8, 4);
  program.await_event("start 8");
  EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_CANCELLED});
  EXPECT_EQ(query(program.key), in_progress); // it did not wait
  play_->finish({actors::failure_code::cancelled, ERROR_CANCELLED, "cancelled"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "complete 1223"}));
  EXPECT_EQ(query(program.key), failed(ERROR_CANCELLED));
}

TEST_F(CancelSession, InsideContentsNoFurtherContentsFollow) {
  proves("W-CAN-2 R-CAN-8");
  auto& program = make_consumer();
  program.on_contents = [&](const contents&) { EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS}); };
  prepare_and_start(program);
  play_->start(8, 4);
  play_->deliver(0, "0123");
  play_->deliver(4, "4567");
  play_->finish(); // the world below had succeeded already: R-CP-7
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "contents 0+4", "complete 1223"}));
  EXPECT_EQ(query(program.key), failed(ERROR_CANCELLED));
}

TEST_F(CancelSession, ReturnsWhileACallbackRunsAndNoFurtherContentsBegin) {
  proves("R-CAN-7 R-CAN-8");
  auto& program = make_consumer();
  gate hold;
  program.on_contents = [&](const contents&) { hold.pass(); };
  prepare_and_start(program);
  play_->start(12, 4);
  for (std::uint64_t offset : {0U, 4U, 8U})
    play_->deliver(offset, "data");
  hold.await_arrival(); // one callback runs, two wait behind it
  ASSERT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  hold.open();
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 12", "contents 0+4", "complete 1223"}));
}

TEST_F(CancelSession, IsIdempotentAndDoesNothingAfterTheEnd) {
  proves("R-CAN-9");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->id(); // it is open
  EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  play_->await_cancel();
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1223"});
  EXPECT_EQ(play_->cancels(), 1U);
}

TEST_F(CancelSession, BeforeStartIsStickyAndNeedsNoNetwork) {
  proves("R-CAN-10");
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), in_progress);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1223"});
  EXPECT_EQ(play_->opened(), 0U);
}

TEST_F(CancelSession, IsRefusedOnClosedOrForeignKeys) {
  proves("W-CAN-3 W-CLS-4 R-CAN-11 CODE-6");
  auto& program = make_consumer();
  prepare_and_start(program);
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(cancel(program), DWORD{ERROR_INVALID_HANDLE});
  EXPECT_EQ(WdsTransportClientCancelSession(nullptr), DWORD{ERROR_INVALID_HANDLE});
  EXPECT_EQ(play_->cancels(), 0U);
  play_->finish();
  program.await_event("complete 0");
}

TEST_F(CancelSession, ReleasesNothingAndLeavesTheKeyToBeClosed) {
  proves("W-CAN-6 R-CAN-12");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(8, 4);
  play_->deliver(0, "0123");
  program.await_event("contents 0+4");
  ASSERT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(sessions_known(), 1U);
  EXPECT_EQ(buffers_known(), 1U);
  EXPECT_EQ(program.blocks().front().text, "0123");
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(sessions_known(), 0U);
}

TEST_F(CancelSession, IsNeverLostBetweenStartAndOpen) {
  // Two threads race: one starts, one cancels. Like a real manager, the scripted one ends a session that
  // it was told to cancel, and ignores a cancel that comes before its open.
  play_->finish_cancelled = true;
  for (int round = 0; round < 200; ++round) {
    auto& program = make_consumer();
    prepare(program);
    std::thread other{[&] { EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS}); }};
    EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
    other.join();
    ASSERT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS}) << "round " << round;
    EXPECT_EQ(program.events(), events{"complete 1223"});
    ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  }
}

TEST_F(CancelSession, WhileTheManagerOpensTheSessionComesBehindTheOpen) {
  play_->finish_cancelled = true;
  auto& program = make_consumer();
  prepare(program);
  play_->on_open
    = [&](const script::opened_session&) { EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS}); };
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1223"});
}

TEST_F(CancelSessionEx, EndsTheSessionWithTheGivenCode) {
  proves("R-CANX-1 CODE-29 CODE-64 CODE-80 CODE-112");
  std::size_t index = 0;
  for (DWORD given :
       {ERROR_WRITE_FAULT, ERROR_NETNAME_DELETED, ERROR_FILE_EXISTS, ERROR_DISK_FULL}) {
    auto& program = make_consumer();
    prepare_and_start(program);
    play_->id(index);
    EXPECT_EQ(WdsTransportClientCancelSessionEx(program.key, given), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(play_->await_cancel(index + 1), given);
    play_->finish({actors::failure_code::cancelled, given, "cancelled"}, index);
    ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(program.events(), events{"complete " + std::to_string(given)});
    EXPECT_EQ(query(program.key), failed(given));
    ++index;
  }
}

TEST_F(CancelSessionEx, RefusesZero) {
  proves("R-CANX-2 CODE-87");
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(WdsTransportClientCancelSessionEx(program.key, 0), DWORD{ERROR_INVALID_PARAMETER});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 0"});
}

TEST_F(CancelSessionEx, TheFirstOneWins) {
  proves("R-CANX-3");
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(WdsTransportClientCancelSessionEx(program.key, 29), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientCancelSessionEx(program.key, 30), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(cancel(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 29"});
}

} // namespace fleetcast::conformance
