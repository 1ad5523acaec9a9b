// WaitForCompletion, QueryStatus and CloseSession; what a session says of itself.
#include "actors/messages/receiving.hpp"
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <array>
#include <set>
#include <thread>

namespace fleetcast::conformance {

using WaitForCompletion = api_test;
using QueryStatus = api_test;
using CloseSession = api_test;
using Statistics = api_test;

// -- WaitForCompletion ------------------------------------------------------------------------------

TEST_F(WaitForCompletion, TimesOutWhileTheSessionRuns) {
  proves("W-WAIT-1 W-WAIT-2 W-WAIT-4 R-WAIT-6 R-WAIT-7 CODE-258");
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{WAIT_TIMEOUT});
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 1), DWORD{WAIT_TIMEOUT});
  EXPECT_EQ(query(program.key), in_progress);
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{ERROR_SUCCESS});
}

TEST_F(WaitForCompletion, SucceedsWhateverTheOutcome) {
  proves("W-WAIT-3 W-WAIT-4 R-WAIT-5");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish({actors::failure_code::content_corrupt, 0, "bad blocks"});
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(WaitForCompletion, ReturnsOnlyAfterCompleteHasReturned) {
  proves("W-WAIT-4 R-WAIT-8");
  auto& program = make_consumer();
  gate last;
  program.on_complete = [&](DWORD) { last.pass(); };
  prepare_and_start(program);
  play_->finish();
  last.await_arrival();
  EXPECT_EQ(query(program.key), succeeded); // R-QRY-10, while SESSION_COMPLETE still runs
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{WAIT_TIMEOUT});
  last.open();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(WaitForCompletion, InsideAnOwnCallbackIsRefusedAtOnce) {
  proves("R-WAIT-9 CODE-1131");
  auto& program = make_consumer();
  std::vector<DWORD> answers;
  auto ask = [&] { answers.push_back(wait(program)); };
  program.on_start = ask;
  program.on_start_ex = ask;
  program.on_negotiate = [&](HANDLE) { ask(); };
  program.on_metadata = [&](const contents&) { ask(); };
  program.on_contents = [&](const contents&) { ask(); };
  program.on_complete = [&](DWORD) { ask(); };
  prepare_and_start(program, true);
  play_->start(4, 4, 0, "meta");
  play_->deliver(0, "0123");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(answers, std::vector<DWORD>(6, ERROR_POSSIBLE_DEADLOCK));
}

TEST_F(WaitForCompletion, WorksBeforeStartAndForSeveralWaiters) {
  proves("R-WAIT-10");
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{WAIT_TIMEOUT});
  std::array<DWORD, 3> answers{99, 99, 99};
  std::vector<std::thread> waiters;
  for (auto& answer : answers)
    waiters.emplace_back([&] { answer = wait(program); });
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  play_->finish();
  for (auto& waiter : waiters)
    waiter.join();
  EXPECT_EQ(answers, (std::array<DWORD, 3>{}));
}

TEST_F(WaitForCompletion, RefusesForeignAndClosedKeys) {
  proves("CODE-6");
  auto& program = make_consumer();
  prepare_and_start(program);
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(wait(program), DWORD{ERROR_INVALID_HANDLE});
  EXPECT_EQ(WdsTransportClientWaitForCompletion(INVALID_HANDLE_VALUE, 0),
            DWORD{ERROR_INVALID_HANDLE});
  play_->finish();
  program.await_event("complete 0");
}

// -- QueryStatus --------------------------------------------------------------------------------------

TEST_F(QueryStatus, SaysInProgressBeforeAndAfterTheStart) {
  proves("W-QRY-1 W-QRY-2 W-QRY-4 W-QRY-5 W-QRY-6 R-QRY-7 R-QRY-8");
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(query(program.key), in_progress);
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), in_progress);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), succeeded);
}

TEST_F(QueryStatus, WantsBothPointers) {
  proves("R-QRY-8 CODE-87");
  auto& program = make_consumer();
  prepare(program);
  ULONG value = 0;
  EXPECT_EQ(WdsTransportClientQueryStatus(program.key, nullptr, &value),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(WdsTransportClientQueryStatus(program.key, &value, nullptr),
            DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(QueryStatus, ShowsTheOutcomeBeforeCompleteIsCalled) {
  proves("W-QRY-3 W-QRY-6 R-QRY-10");
  auto& program = make_consumer();
  session_status inside;
  program.on_complete = [&](DWORD error) {
    inside = query(program.key);
    EXPECT_EQ(inside.error, error);
  };
  prepare_and_start(program);
  play_->finish({actors::failure_code::object_not_found, 0, "no such file"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(inside, failed(ERROR_FILE_NOT_FOUND));
}

TEST_F(QueryStatus, IsRefusedOnAClosedKey) {
  proves("W-CLS-5 W-QRY-4 R-QRY-11 CODE-6");
  auto& program = make_consumer();
  prepare_and_start(program);
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), (session_status{0, ERROR_INVALID_HANDLE}));
  play_->finish();
  program.await_event("complete 0");
}

// -- CloseSession -------------------------------------------------------------------------------------

TEST_F(CloseSession, ReleasesACompletedSession) {
  proves("W-CLS-1 W-CLS-6");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(sessions_known(), 0U);
}

TEST_F(CloseSession, LetsTheSessionRunOnWithItsCallbacks) {
  proves("W-CLS-2 W-CLS-3 C-TH-2");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->id();
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  play_->start(4, 4);
  play_->deliver(0, "0123");
  program.await_event("contents 0+4");
  EXPECT_EQ(complete_receive(program.key, 4, 0), DWORD{ERROR_SUCCESS});
  play_->finish();
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  auto seen = program.events();
  ASSERT_EQ(seen.size(), 3U);
  // Shutdown may overtake the finish: then the end is a cancel (R-CP-7).
  EXPECT_TRUE(seen.back() == "complete 0" || seen.back() == "complete 1223") << seen.back();
  EXPECT_TRUE(program.well_called());
  EXPECT_EQ(sessions_known(), 0U);
}

TEST_F(CloseSession, WorksInsideCompleteAndReleasesAfterIt) {
  proves("R-CLS-8 R-CLS-7");
  auto& program = make_consumer();
  gate last;
  program.on_complete = [&](DWORD) {
    EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(sessions_known(), 1U);
    last.pass();
  };
  prepare_and_start(program);
  play_->start(8, 4);
  play_->deliver(0, "0123");
  play_->finish();
  last.await_arrival();
  EXPECT_EQ(complete_receive(program.key, 4, 0), DWORD{ERROR_SUCCESS}); // R-CR-10, still closing
  last.open();
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "contents 0+4", "complete 0"}));
}

TEST_F(CloseSession, WorksInsideStartAndContents) {
  proves("R-CLS-8");
  auto& first = make_consumer();
  first.on_start
    = [&] { EXPECT_EQ(WdsTransportClientCloseSession(first.key), DWORD{ERROR_SUCCESS}); };
  prepare_and_start(first);
  play_->start(4, 4, 0);
  play_->deliver(0, "0123", 0);
  play_->finish({}, 0);
  first.await_event("complete 0");
  EXPECT_EQ(first.events(), (events{"start 4", "contents 0+4", "complete 0"}));

  auto& second = make_consumer();
  second.on_contents = [&](const contents& block) {
    EXPECT_EQ(WdsTransportClientCloseSession(second.key), DWORD{ERROR_SUCCESS});
    // R-CLS-10 before R-WAIT-9: a closed key gives one answer, wherever it is used.
    EXPECT_EQ(WdsTransportClientWaitForCompletion(second.key, INFINITE),
              DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(complete_receive(second.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(second);
  play_->start(8, 4, 1);
  play_->deliver(0, "0123", 1);
  play_->finish({}, 1);
  second.await_event("complete 0");
}

TEST_F(CloseSession, BeforeStartFreesWithoutACallback) {
  proves("R-CLS-9");
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(sessions_known(), 0U);
  EXPECT_EQ(program.events(), events{});
}

TEST_F(CloseSession, WakesWhoeverWaitsForTheStart) {
  auto& program = make_consumer();
  prepare(program);
  DWORD answer = 0;
  std::thread waiter{[&] { answer = wait(program); }};
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  waiter.join();
  EXPECT_EQ(answer, DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(CloseSession, ASecondOneAndEverythingElseIsRefused) {
  proves("R-CLS-10");
  auto& running = make_consumer();
  prepare_and_start(running);
  auto& created = make_consumer();
  prepare(created);
  for (auto* program : {&running, &created}) {
    auto key = program->key;
    ASSERT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(WdsTransportClientStartSession(key), DWORD{ERROR_INVALID_HANDLE});
    EXPECT_NE(program->register_callbacks(), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientCancelSessionEx(key, 5), DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(WdsTransportClientWaitForCompletion(key, 0), DWORD{ERROR_INVALID_HANDLE});
  }
  play_->finish();
  running.await_event("complete 0");
}

TEST_F(CloseSession, KeysAreNeverUsedAgain) {
  proves("R-CLS-10");
  std::set<HANDLE> seen;
  for (int i = 0; i < 100; ++i) {
    auto& program = make_consumer();
    prepare(program);
    EXPECT_TRUE(seen.insert(program.key).second);
    EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  }
  for (auto key : seen)
    EXPECT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(CloseSession, RacesWithCancelInAnotherThreadAndBothGetAnAnswer) {
  play_->finish_cancelled = true;
  for (int round = 0; round < 200; ++round) {
    auto& program = make_consumer();
    prepare_and_start(program);
    DWORD cancelled = 99;
    std::thread other{[&] { cancelled = WdsTransportClientCancelSession(program.key); }};
    EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
    other.join();
    if (cancelled == ERROR_SUCCESS) {
      program.await_event("complete 1223");
    } else {
      EXPECT_EQ(cancelled, DWORD{ERROR_INVALID_HANDLE});
      play_->finish({}, static_cast<std::size_t>(round));
      program.await_event("complete 0");
    }
  }
}

// -- statistics -----------------------------------------------------------------------------------------

TEST_F(Statistics, ShowHowTheSessionGoesAndWhatItCameTo) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(8, 4);
  play_->deliver(0, "0123");
  actors::session_progress progress;
  progress.summary.object_size = 8;
  progress.summary.total_blocks = 2;
  progress.summary.completed_blocks = 1;
  progress.summary.statistics.bytes = 4;
  progress.summary.statistics.datagrams = 10;
  progress.summary.statistics.source_symbols = 7;
  progress.summary.statistics.repair_symbols = 3;
  progress.summary.statistics.repaired_symbols = 2;
  progress.summary.statistics.lost_packets = 5;
  progress.summary.statistics.kernel_drops = 1;
  progress.summary.statistics.requests_sent = 6;
  progress.summary.limited_by = protocol::limiting_factor::consumer;
  play_->send(progress);
  play_->deliver(4, "4567");
  program.await_event("contents 4+4");
  FLEETCAST_SESSION_STATISTICS figures{};
  figures.ulLength = sizeof(figures);
  ASSERT_EQ(FleetcastGetSessionStatistics(program.key, &figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(figures.ulLength, sizeof(figures));
  EXPECT_EQ(figures.ullObjectBytes, 8U);
  EXPECT_EQ(figures.ullCompletedBytes, 4U);
  EXPECT_EQ(figures.ullDeliveredBytes, 8U);
  EXPECT_EQ(figures.ullOutstandingBytes, 8U);
  EXPECT_EQ(figures.ullTotalBlocks, 2U);
  EXPECT_EQ(figures.ullCompletedBlocks, 1U);
  EXPECT_EQ(figures.ullDatagrams, 10U);
  EXPECT_EQ(figures.ullSourceSymbols, 7U);
  EXPECT_EQ(figures.ullRepairSymbols, 3U);
  EXPECT_EQ(figures.ullRepairedSymbols, 2U);
  EXPECT_EQ(figures.ullLostPackets, 5U);
  EXPECT_EQ(figures.ullKernelDrops, 1U);
  EXPECT_EQ(figures.ullRequestsSent, 6U);
  EXPECT_EQ(figures.ulLimitingFactor, ULONG{FLEETCAST_LIMIT_CONSUMER});
  actors::session_finished finished;
  finished.summary = progress.summary;
  finished.summary.statistics.bytes = 8;
  play_->send(finished);
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(FleetcastGetSessionStatistics(program.key, &figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(figures.ullCompletedBytes, 8U);
}

TEST_F(Statistics, WriteNoFurtherThanTheCallersStructure) {
  proves("CODE-24");
  auto& program = make_consumer();
  prepare(program);
  struct {
    FLEETCAST_SESSION_STATISTICS figures{};
    std::uint64_t behind = 0x5555;
  } place;
  place.figures.ulLength = offsetof(FLEETCAST_SESSION_STATISTICS, ulLimitingFactor) - 1;
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &place.figures), DWORD{ERROR_BAD_LENGTH});
  // A program compiled against the first release.
  place.figures.ulLength = offsetof(FLEETCAST_SESSION_STATISTICS, ulLimitingFactor);
  place.figures.ulLimitingFactor = 0x5555;
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &place.figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(place.figures.ulLimitingFactor, 0x5555U);
  place.figures.ulLength = sizeof(place); // a program compiled against a later release
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &place.figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(place.behind, 0x5555U);
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, nullptr), DWORD{ERROR_INVALID_PARAMETER});
}

} // namespace fleetcast::conformance
