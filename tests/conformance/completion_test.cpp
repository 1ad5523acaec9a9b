// WaitForCompletion, QueryStatus and CloseSession; what a session says of itself.
#include "api/error_codes.hpp"
#include "api_test.hpp"

#include <array>
#include <set>
#include <thread>

namespace fleetcast::conformance {

using WaitForCompletion = api_test;
using QueryStatus = api_test;
using CloseSession = api_test;
using Errors = api_test;
using Statistics = api_test;

using events = std::vector<std::string>;

// -- WaitForCompletion ------------------------------------------------------------------------------

TEST_F(WaitForCompletion, W_WAIT_1_W_WAIT_2_R_WAIT_6_R_WAIT_7_TimesOutWhileTheSessionRuns) {
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{WAIT_TIMEOUT});
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 1), DWORD{WAIT_TIMEOUT});
  EXPECT_EQ(query(program.key), in_progress);
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{ERROR_SUCCESS});
}

TEST_F(WaitForCompletion, W_WAIT_3_R_WAIT_5_SucceedsWhateverTheOutcome) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish({actors::failure_code::content_corrupt, 0, "bad blocks"});
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(WaitForCompletion, R_WAIT_8_ReturnsOnlyAfterCompleteHasReturned) {
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

TEST_F(WaitForCompletion, R_WAIT_9_InsideAnOwnCallbackIsRefusedAtOnce) {
  auto& program = make_consumer();
  std::vector<DWORD> answers;
  auto ask = [&] { answers.push_back(wait(program)); };
  program.on_start = ask;
  program.on_start_ex = ask;
  program.on_negotiate = [&](HANDLE) { ask(); };
  program.on_contents = [&](const contents&) { ask(); };
  program.on_complete = [&](DWORD) { ask(); };
  prepare_and_start(program, true);
  play_->start(4, 4);
  play_->deliver(0, "0123");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(answers, std::vector<DWORD>(5, ERROR_POSSIBLE_DEADLOCK));
}

TEST_F(WaitForCompletion, R_WAIT_10_WorksBeforeStartAndForSeveralWaiters) {
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

TEST_F(QueryStatus, W_QRY_1_W_QRY_2_R_QRY_7_SaysInProgressBeforeAndAfterTheStart) {
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(query(program.key), in_progress);
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), in_progress);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), succeeded); // W-QRY-4
}

TEST_F(QueryStatus, R_QRY_8_WantsBothPointers) {
  auto& program = make_consumer();
  prepare(program);
  ULONG value = 0;
  EXPECT_EQ(WdsTransportClientQueryStatus(program.key, nullptr, &value),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(WdsTransportClientQueryStatus(program.key, &value, nullptr),
            DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(QueryStatus, W_QRY_3_R_QRY_10_ShowsTheOutcomeBeforeCompleteIsCalled) {
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

TEST_F(QueryStatus, W_CLS_5_R_QRY_11_IsRefusedOnAClosedKey) {
  auto& program = make_consumer();
  prepare_and_start(program);
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), (session_status{0, ERROR_INVALID_HANDLE}));
  play_->finish();
  program.await_event("complete 0");
}

// -- CloseSession -------------------------------------------------------------------------------------

TEST_F(CloseSession, W_CLS_1_W_CLS_6_ReleasesACompletedSession) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(sessions_known(), 0U);
}

TEST_F(CloseSession, W_CLS_2_W_CLS_3_C_TH_2_LetsTheSessionRunOnWithItsCallbacks) {
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

TEST_F(CloseSession, R_CLS_8_R_CLS_7_WorksInsideCompleteAndReleasesAfterIt) {
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

TEST_F(CloseSession, R_CLS_8_WorksInsideStartAndContents) {
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
    EXPECT_EQ(complete_receive(second.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(second);
  play_->start(8, 4, 1);
  play_->deliver(0, "0123", 1);
  play_->finish({}, 1);
  second.await_event("complete 0");
}

TEST_F(CloseSession, R_CLS_9_BeforeStartFreesWithoutACallback) {
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

TEST_F(CloseSession, R_CLS_10_ASecondOneAndEverythingElseIsRefused) {
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

TEST_F(CloseSession, R_CLS_10_KeysAreNeverUsedAgain) {
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

// -- errors -------------------------------------------------------------------------------------------

std::string story_of(HANDLE key) {
  ULONG needed = 0;
  if (FleetcastGetSessionError(key, nullptr, 0, &needed) != ERROR_INSUFFICIENT_BUFFER)
    return "no story";
  std::string text(needed, '?');
  EXPECT_EQ(FleetcastGetSessionError(key, text.data(), needed, &needed), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(text.back(), '\0');
  text.pop_back();
  return text;
}

struct mapped_failure {
  actors::failure_code from;
  DWORD to;
};

using code = actors::failure_code;

/// Every way a session can end badly, and the code it ends with.
constexpr mapped_failure failures[] = {
  {code::cancelled, 1223},
  {code::internal, 31},
  {code::no_memory, 8},
  {code::invalid_request, 13},
  {code::unsupported_version, 1306},
  {code::namespace_unknown, 3},
  {code::object_not_found, 2},
  {code::invalid_name, 123},
  {code::access_denied, 5},
  {code::not_authenticated, 1244},
  {code::server_busy, 54},
  {code::name_unresolved, 53},
  {code::connection_refused, 1225},
  {code::network_unreachable, 1231},
  {code::host_unreachable, 1232},
  {code::connect_timeout, 121},
  {code::handshake_failed, 1229},
  {code::identity_changed, 1397},
  {code::connection_lost, 1726},
  {code::sender_silent, 1460},
  {code::transmission_ended, 995},
  {code::kicked_fallback, 1226},
  {code::kicked_abort, 1236},
  {code::object_changed, 1006},
  {code::read_fault, 30},
  {code::write_fault, 29},
  {code::disk_full, 112},
  {code::content_corrupt, 23},
  {code::signature_invalid, 577},
  {code::network_fault, 59},
  {code::trust_store_fault, 110},
};

TEST_F(Errors, C_CP_4_EachFailureHasOneCodeOfItsOwnAndAName) {
  std::set<DWORD> codes;
  for (std::size_t i = 0; i < std::size(failures); ++i) {
    auto& program = make_consumer();
    prepare_and_start(program);
    // errno and the like in `detail` must not leak into the code; a cancel's own code is.
    auto detail = failures[i].from == code::cancelled ? 0U : 42U;
    play_->finish({failures[i].from, detail, "while testing: it failed"}, i);
    ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(query(program.key), failed(failures[i].to)) << "failure " << i + 1;
    EXPECT_EQ(story_of(program.key), "while testing: it failed");
    EXPECT_TRUE(codes.insert(failures[i].to).second);
    EXPECT_STRNE(FleetcastErrorText(failures[i].to), "unknown error") << failures[i].to;
  }
}

TEST_F(Errors, ACancelFromElsewhereCarriesItsOwnCode) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish({code::cancelled, 995, "the operator said so"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), failed(995));
}

TEST_F(Errors, OfAFailureCodeFromTheFutureIsGeneral) {
  EXPECT_EQ(api::to_win32({static_cast<code>(999), 0, ""}), DWORD{ERROR_GEN_FAILURE});
  EXPECT_STREQ(FleetcastErrorText(999999), "unknown error");
  EXPECT_STREQ(FleetcastErrorText(ERROR_CANCELLED), "ERROR_CANCELLED: the session was cancelled");
}

TEST_F(Errors, TheStoryIsEmptyUnlessTheSessionFailed) {
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(story_of(program.key), "");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(story_of(program.key), "");
}

TEST_F(Errors, TheStoryOfACancelNamesItsCode) {
  auto& program = make_consumer();
  prepare(program);
  ASSERT_EQ(WdsTransportClientCancelSessionEx(program.key, 4711), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_NE(story_of(program.key).find("4711"), std::string::npos);
}

TEST_F(Errors, TheStoryNeedsRoom) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->finish({code::read_fault, 5, "abc"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  char text[4] = {'x', 'x', 'x', 'x'};
  EXPECT_EQ(FleetcastGetSessionError(program.key, text, 3, nullptr),
            DWORD{ERROR_INSUFFICIENT_BUFFER});
  EXPECT_EQ(text[0], 'x');
  EXPECT_EQ(FleetcastGetSessionError(program.key, text, 4, nullptr), DWORD{ERROR_SUCCESS});
  EXPECT_STREQ(text, "abc");
  EXPECT_EQ(FleetcastGetSessionError(program.key, nullptr, 4, nullptr),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(FleetcastGetSessionError(nullptr, text, 4, nullptr), DWORD{ERROR_INVALID_HANDLE});
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
  actors::session_finished finished;
  finished.summary = progress.summary;
  finished.summary.statistics.bytes = 8;
  play_->send(finished);
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(FleetcastGetSessionStatistics(program.key, &figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(figures.ullCompletedBytes, 8U);
}

TEST_F(Statistics, WriteNoFurtherThanTheCallersStructure) {
  auto& program = make_consumer();
  prepare(program);
  struct {
    FLEETCAST_SESSION_STATISTICS figures{};
    std::uint64_t behind = 0x5555;
  } place;
  place.figures.ulLength = sizeof(place.figures) - 1;
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &place.figures), DWORD{ERROR_BAD_LENGTH});
  place.figures.ulLength = sizeof(place); // a program compiled against a later release
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &place.figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(place.behind, 0x5555U);
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, nullptr), DWORD{ERROR_INVALID_PARAMETER});
}

} // namespace fleetcast::conformance
