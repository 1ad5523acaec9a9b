// CompleteReceive, AddRefBuffer and ReleaseBuffer: credit and memory.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <thread>

namespace fleetcast::conformance {

/// A session that runs, with two blocks delivered and not completed, its callbacks returned.
class CompleteReceive : public api_test {
protected:
  void SetUp() override {
    api_test::SetUp();
    prepare_and_start(program_);
    play_->start(7, 4);
    first_ = play_->deliver(0, "0123");
    second_ = play_->deliver(4, "456");
    settle();
  }

  /// Until the callbacks of everything sent so far have returned.
  void settle() {
    auto marker = static_cast<std::uint64_t>(1000 + 4 * markers_++);
    const auto alive = play_->buffers_alive();
    play_->deliver(marker, "mark");
    program_.await_event("contents " + std::to_string(marker) + "+4");
    EXPECT_EQ(complete_receive(program_.key, 4, marker), DWORD{ERROR_SUCCESS});
    play_->await_releases(++released_);
    // Gone with the return of its callback, and with that all callbacks before it.
    play_->await_buffers(alive);
  }

  void finish() {
    play_->finish();
    ASSERT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
  }

  static PVOID buffer(const void* address) { return const_cast<void*>(address); }

  consumer program_;
  const void* first_ = nullptr;
  const void* second_ = nullptr;
  int markers_ = 0;
  std::size_t released_ = 0;
};

using Buffers = CompleteReceive;

TEST_F(CompleteReceive, GivesTheCreditOfTheBlockBack) {
  proves("W-CR-1 W-CR-6");
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  auto releases = play_->await_releases(released_ + 1);
  EXPECT_EQ(releases.back().offset, 0U);
  EXPECT_EQ(releases.back().size, 4U);
  finish();
}

TEST_F(CompleteReceive, RefusesASecondTime) {
  proves("W-CR-2 W-CR-7 C-RC-4 R-CR-9");
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(play_->await_releases(released_ + 1).size(), released_ + 1);
  finish();
}

TEST_F(CompleteReceive, WantsExactlyTheBlock) {
  proves("W-CR-3 C-RC-4 R-CR-9 CODE-87");
  struct attempt {
    ULONG size;
    std::uint64_t offset;
  };
  for (auto [size, offset] : {attempt{3, 0}, {7, 0}, {0, 0}, {4, 4}, {3, 5}, {4, 8}, {4, 1U << 31}})
    EXPECT_EQ(complete_receive(program_.key, size, offset), DWORD{ERROR_INVALID_PARAMETER})
      << size << " at " << offset;
  EXPECT_EQ(WdsTransportClientCompleteReceive(program_.key, 4, nullptr),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(play_->releases(), released_);
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_SUCCESS});
  finish();
}

TEST_F(CompleteReceive, WorksInAnyOrderFromAnyThread) {
  proves("W-CR-7 R-CR-8");
  std::thread other{
    [this] { EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_SUCCESS}); }};
  other.join();
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  auto releases = play_->await_releases(released_ + 2);
  EXPECT_EQ(releases.size(), released_ + 2);
  finish();
}

TEST_F(CompleteReceive, IsAcceptedAfterACancelAndAfterTheEnd) {
  proves("W-CR-7 R-CR-10");
  ASSERT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  finish();
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(CompleteReceive, AReleaseAfterACancelCannotOvertakeIt) {
  proves("W-CAN-1");
  // The session must not take a consumer that gave up for one that is done with every block.
  ASSERT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_CANCELLED});
  finish();
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS}); // whatever was sent has arrived
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->releases(), released_);
}

TEST_F(CompleteReceive, IsAcceptedAfterCloseWhileTheSessionRuns) {
  proves("R-CR-10");
  ASSERT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_releases(released_ + 1).back().offset, 0U);
  play_->finish();
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS}); // waits for the end
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(CompleteReceive, TheEndDoesNotWaitForIt) {
  proves("R-CR-12");
  finish(); // asserts that the session completed, with two blocks still out
  EXPECT_EQ(query(program_.key), succeeded);
}

// After success the session lives on below for as long as blocks are held: its receipt tells the server
// that the consumer is done with all of them.

TEST_F(CompleteReceive, AfterTheEndStillReachesTheSession) {
  proves("R-CR-12");
  finish();
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_releases(released_ + 2).back().offset, 4U);
  EXPECT_EQ(play_->cancels(), 0U);
}

TEST_F(CompleteReceive, CancelAfterTheEndReachesTheSessionThatStillHasBlocksOut) {
  proves("R-CAN-9");
  finish();
  EXPECT_EQ(WdsTransportClientCancelSessionEx(program_.key, ERROR_DISK_FULL), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_DISK_FULL});
  EXPECT_EQ(query(program_.key), succeeded) << "the outcome is settled";
}

TEST_F(CompleteReceive, CloseAfterTheEndTellsTheSessionThatItsBlocksNeverComeBack) {
  proves("R-CLS-7");
  finish();
  EXPECT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_CANCELLED});
}

TEST_F(CompleteReceive, WithNothingOutCancelAndCloseAfterTheEndTellNobody) {
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 3, 4), DWORD{ERROR_SUCCESS});
  finish();
  EXPECT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->cancels(), 0U);
}

TEST_F(CompleteReceive, InCreatedStateNoBlockMatches) {
  auto& fresh = make_consumer();
  prepare(fresh);
  EXPECT_EQ(complete_receive(fresh.key, 4, 0), DWORD{ERROR_INVALID_PARAMETER});
  finish();
}

TEST_F(CompleteReceive, InsideTheCallbackWorks) {
  proves("R-CR-8");
  auto& second = make_consumer();
  second.on_contents = [&](const contents& block) {
    EXPECT_EQ(complete_receive(second.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(second);
  play_->start(4, 4, 1);
  play_->deliver(0, "0123", 1);
  play_->await_releases(released_ + 1);
  play_->finish({}, 1);
  EXPECT_EQ(wait(second), DWORD{ERROR_SUCCESS});
  finish();
}

TEST_F(CompleteReceive, ABlockDeliveredTwiceAtATimeReachesTheConsumerOnce) {
  proves("R-RC-7");
  play_->deliver(0, "0123"); // a defect below must not become the consumer's
  finish();
  EXPECT_EQ(program_.blocks().size(), 3U); // with the marker
}

TEST_F(Buffers, StayUntilTheBlockIsCompleted) {
  proves("W-BUF-5 R-BUF-7");
  EXPECT_EQ(buffers_known(), 2U);
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(buffers_known(), 1U);
  EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_INVALID_PARAMETER});
  finish();
}

TEST_F(Buffers, StayWhileTheCallbackRunsEvenIfCompletedInIt) {
  proves("W-BUF-5 R-BUF-7");
  auto& second = make_consumer();
  std::string seen;
  second.on_contents = [&](const contents& block) {
    EXPECT_EQ(complete_receive(second.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
    play_->await_releases(released_ + 1);
    seen.assign(static_cast<const char*>(block.bytes), block.size); // the sanitizer's to judge
    EXPECT_EQ(WdsTransportClientAddRefBuffer(block.bytes), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientReleaseBuffer(block.bytes), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(second);
  play_->start(4, 4, 1);
  play_->deliver(0, "9876", 1);
  play_->finish({}, 1);
  ASSERT_EQ(wait(second), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(seen, "9876");
  finish();
}

TEST_F(Buffers, GoWhenTheSessionIsBothOverAndClosed) {
  proves("R-BUF-7");
  finish();
  EXPECT_EQ(buffers_known(), 2U);
  ASSERT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
  // The callback thread may hold the session for a moment longer; Shutdown waits for it.
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->buffers_alive(), 0U);
}

TEST_F(Buffers, WithAReferenceOutliveCompletionAndClose) {
  proves("W-BUF-1 W-BUF-2 W-BUF-4 R-BUF-8 R-BUF-9");
  EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  finish();
  ASSERT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(std::string(static_cast<const char*>(first_), 4), "0123");
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(Buffers, OfACancelledSessionStayToo) {
  proves("R-BUF-7 R-BUF-9");
  EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS});
  finish();
  EXPECT_EQ(std::string(static_cast<const char*>(second_), 3), "456") << "not completed yet";
  ASSERT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(std::string(static_cast<const char*>(first_), 4), "0123");
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(Buffers, ReleaseCompletesNothing) {
  proves("R-BUF-8");
  EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(buffers_known(), 2U);
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS}) << "it is still owed";
  EXPECT_EQ(play_->await_releases(released_ + 1).size(), released_ + 1);
  finish();
}

TEST_F(Buffers, MayBeKeptAndReleasedByManyThreads) {
  proves("R-BUF-10");
  constexpr int rounds = 1000;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < rounds; ++n) {
        EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
        EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_INVALID_PARAMETER});
  finish();
}

TEST_F(Buffers, DoNotOutliveShutdown) {
  proves("R-BUF-9");
  EXPECT_EQ(WdsTransportClientAddRefBuffer(buffer(first_)), DWORD{ERROR_SUCCESS});
  finish();
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->buffers_alive(), 0U);
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(Buffers, OfOthersAreRefused) {
  proves("R-BUF-10 W-BUF-3 R-BUF-6");
  int somewhere = 0;
  auto* interior = static_cast<char*>(buffer(first_)) + 1;
  for (PVOID stranger : {PVOID{nullptr}, PVOID{&somewhere}, PVOID{interior}}) {
    EXPECT_EQ(WdsTransportClientAddRefBuffer(stranger), DWORD{ERROR_INVALID_PARAMETER});
    EXPECT_EQ(WdsTransportClientReleaseBuffer(stranger), DWORD{ERROR_INVALID_PARAMETER});
  }
  finish();
}

TEST_F(Buffers, ReleaseWithoutAddRefIsRefusedAndFreesNothing) {
  proves("R-BUF-10");
  EXPECT_EQ(WdsTransportClientReleaseBuffer(buffer(first_)), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(std::string(static_cast<const char*>(first_), 4), "0123");
  EXPECT_EQ(complete_receive(program_.key, 4, 0), DWORD{ERROR_SUCCESS});
  finish();
}

} // namespace fleetcast::conformance
