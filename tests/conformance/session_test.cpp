// RegisterCallback, StartSession, and the callbacks in their order.
#include "api_test.hpp"

#include <functional>
#include <limits>
#include <thread>

namespace fleetcast::conformance {

using RegisterCallback = api_test;
using StartSession = api_test;
using Callbacks = api_test;

using events = std::vector<std::string>;

DWORD register_start(HANDLE key, int id = WDS_TRANSPORTCLIENT_SESSION_START,
                     PVOID function = reinterpret_cast<PVOID>(consumer::start)) {
  return WdsTransportClientRegisterCallback(key, static_cast<TRANSPORTCLIENT_CALLBACK_ID>(id),
                                            function);
}

VOID CALLBACK other_start(HANDLE, PVOID data, PULARGE_INTEGER) {
  // Recognised by what it does: the recording start callback would write "start".
  static_cast<consumer*>(data)->on_start();
}

TEST_F(RegisterCallback, W_REG_6_R_REG_9_RefusesIdsOutOfRangeAndNull) {
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(register_start(program.key, 6), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(register_start(program.key, -1), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(register_start(program.key, 0, nullptr), DWORD{ERROR_INVALID_PARAMETER});
  for (int id = 0; id < WDS_TRANSPORTCLIENT_MAX_CALLBACKS; ++id)
    EXPECT_EQ(register_start(program.key, id), DWORD{ERROR_SUCCESS}); // W-REG-7
}

TEST_F(RegisterCallback, W_REG_4_W_REG_5_R_REG_9_IsRefusedOnceTheSessionIsStarted) {
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(register_start(program.key), DWORD{ERROR_INVALID_STATE});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(register_start(program.key), DWORD{ERROR_INVALID_STATE});
}

TEST_F(RegisterCallback, R_REG_8_ReplacesAndIsPerSession) {
  auto& first = make_consumer();
  auto& second = make_consumer();
  bool replaced = false;
  first.on_start = [&] { replaced = true; };
  prepare(first);
  prepare(second);
  ASSERT_EQ(register_start(first.key, 0, reinterpret_cast<PVOID>(other_start)),
            DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(first.key), DWORD{ERROR_SUCCESS});
  play_->start(4, 4, 0);
  play_->finish({}, 0);
  ASSERT_EQ(wait(first), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(second.key), DWORD{ERROR_SUCCESS});
  play_->start(4, 4, 1);
  play_->finish({}, 1);
  ASSERT_EQ(wait(second), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(replaced);
  EXPECT_EQ(first.events(), events{"complete 0"});
  EXPECT_EQ(second.events(), (events{"start 4", "complete 0"}));
}

TEST_F(RegisterCallback, R_REG_9_RefusesForeignKeys) {
  int somewhere = 0;
  for (HANDLE key : {HANDLE{nullptr}, INVALID_HANDLE_VALUE, HANDLE{&somewhere}})
    EXPECT_EQ(register_start(key), DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(StartSession, W_REG_1_W_START_2_R_START_9_FailsWithoutARequiredCallback) {
  for (int missing : {0, 1, 2}) {
    auto request = good_request();
    auto& program = make_consumer();
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program, &program.key),
              DWORD{ERROR_SUCCESS});
    // R-REG-10: STARTEX is no substitute for START.
    for (int id = 0; id < WDS_TRANSPORTCLIENT_MAX_CALLBACKS; ++id)
      if (id != missing) {
        EXPECT_EQ(register_start(program.key, id), DWORD{ERROR_SUCCESS});
      }
    EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_PARAMETER});
  }
  EXPECT_EQ(play_->opened(), 0U);
}

TEST_F(StartSession, R_START_8_CanBeRepeatedAfterItFailed) {
  auto request = good_request();
  auto& program = make_consumer();
  ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program, &program.key),
            DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_PARAMETER});
  ASSERT_EQ(program.register_callbacks(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 0"});
}

TEST_F(StartSession, R_START_9_WorksOnce) {
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_STATE});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_STATE});
}

TEST_F(StartSession, W_START_3_W_START_4_W_START_5_C_TH_1_MaySeeItsSessionEndBeforeItReturns) {
  // The whole session runs, and fails, inside the manager's first reaction: the answer to
  // StartSession is on its way only while, or after, the callbacks are.
  play_->on_open = [this](const script::opened_session& session) {
    actors::session_started started;
    started.object_size = 4;
    started.block_size = 4;
    started.writer = play_->writer();
    caf::anon_send(session.consumer, std::move(started));
    caf::anon_send(session.consumer,
                   actors::session_finished{{actors::failure_code::sender_silent, 0, "quiet"}, {}});
  };
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "complete 1460"}));
  EXPECT_EQ(query(program.key), failed(ERROR_TIMEOUT));
}

TEST_F(StartSession, R_START_7_SucceedsWhateverTheNetworkSaysLater) {
  auto& program = make_consumer();
  prepare_and_start(program); // asserts success
  play_->finish({actors::failure_code::connection_refused, 111, "refused"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1225"}); // R-ST-3, R-TH-6: nothing before it
}

TEST_F(StartSession, R_START_10_MakesNoCallbackOnItsOwnThread) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(4, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_NE(program.thread(), std::this_thread::get_id());
}

TEST_F(Callbacks, R_TH_6_ComeInTheDocumentedOrder) {
  auto& program = make_consumer();
  program.on_contents = [&](const contents& block) {
    EXPECT_EQ(complete_receive(program.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(program, true);
  play_->start(5, 4);
  play_->deliver(4, "5");
  play_->deliver(0, "1234");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  // C-ST-2, C-SX-2, R-SX-3, R-SX-4, R-NG-1, C-RC-2, R-RC-8, C-CP-2, C-CP-4, R-CP-6
  EXPECT_EQ(program.events(), (events{"start 5", "startex 5/4/24", "negotiate", "contents 4+1",
                                      "contents 0+4", "complete 0"}));
  EXPECT_TRUE(program.well_called()); // W-ISES-3
}

TEST_F(Callbacks, C_RC_1_C_RC_3_HandOutTheBlockItselfNotACopy) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(4, 4);
  const auto* address = play_->deliver(0, "data");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  auto blocks = program.blocks();
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].bytes, address);
  EXPECT_EQ(blocks[0].text, "data");
  EXPECT_EQ(blocks[0].size, 4U);
}

TEST_F(Callbacks, R_RC_9_ForAnEmptyObjectAreStartAndComplete) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(0, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 0", "complete 0"}));
}

TEST_F(Callbacks, C_CP_2_R_CP_6_EndWithExactlyOneComplete) {
  auto& program = make_consumer();
  gate last;
  program.on_complete = [&](DWORD) { last.pass(); };
  prepare_and_start(program);
  play_->start(8, 4);
  play_->finish();
  last.await_arrival();
  // What a confused world below might still send while SESSION_COMPLETE runs.
  play_->deliver(0, "late");
  play_->finish({actors::failure_code::internal, 0, "again"});
  last.open();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "complete 0"}));
}

TEST_F(Callbacks, R_TH_5_OfOneSessionAreSerialisedAndOfTwoAreNot) {
  auto& blocked = make_consumer();
  auto& free = make_consumer();
  gate hold;
  blocked.on_contents = [&](const contents&) { hold.pass(); };
  prepare_and_start(blocked);
  play_->start(8, 4, 0);
  play_->deliver(0, "0123", 0);
  play_->deliver(4, "4567", 0);
  hold.await_arrival();
  prepare_and_start(free);
  play_->start(4, 4, 1);
  play_->finish({}, 1);
  EXPECT_EQ(wait(free), DWORD{ERROR_SUCCESS}); // while the other session's callback still blocks
  EXPECT_EQ(blocked.events(), (events{"start 8", "contents 0+4"}));
  hold.open();
  play_->finish({}, 0);
  EXPECT_EQ(wait(blocked), DWORD{ERROR_SUCCESS});
  EXPECT_NE(blocked.thread(), free.thread());
}

TEST_F(Callbacks, R_TH_7_MayRunAnotherSession) {
  auto& first = make_consumer();
  auto& second = make_consumer();
  first.on_start = [&] {
    prepare_and_start(second);
    play_->start(4, 4, 1);
    play_->finish({}, 1);
    EXPECT_EQ(wait(second), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientCloseSession(second.key), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(first);
  play_->start(4, 4, 0);
  play_->finish({}, 0);
  EXPECT_EQ(wait(first), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(second.events(), (events{"start 4", "complete 0"}));
}

// -- metadata -----------------------------------------------------------------------------------------

TEST_F(Callbacks, C_MD_1_C_MD_3_R_MD_4_MetadataComeOnceAfterTheStartAndBeforeContents) {
  auto& program = make_consumer();
  prepare_and_start(program, true);
  play_->start(4, 4, 0, "of the provider");
  play_->deliver(0, "0123");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "startex 4/4/24", "negotiate",
                                      "metadata of the provider", "contents 0+4", "complete 0"}));
}

TEST_F(Callbacks, R_MD_4_WithoutMetadataThereIsNoCall) {
  auto& program = make_consumer();
  prepare_and_start(program, true);
  play_->start(4, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "startex 4/4/24", "negotiate", "complete 0"}));
}

TEST_F(Callbacks, W_REG_2_MetadataNobodyRegisteredForDoNoHarm) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(4, 4, 0, "of the provider");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "complete 0"}));
  EXPECT_EQ(play_->buffers_alive(), 0U);
}

TEST_F(Callbacks, R_MD_5_MetadataAreNoBlock) {
  auto& program = make_consumer();
  program.on_metadata = [&](const contents& metadata) {
    EXPECT_EQ(complete_receive(program.key, metadata.size, 0), DWORD{ERROR_INVALID_PARAMETER});
  };
  prepare_and_start(program, true);
  play_->start(8, 4, 0, "meta");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  FLEETCAST_SESSION_STATISTICS figures{};
  figures.ulLength = sizeof(figures);
  EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(figures.ullOutstandingBytes, 0U);
  EXPECT_EQ(play_->releases(), 0U);
}

TEST_F(Callbacks, R_BUF_6_MetadataMayBeKeptWithAddRef) {
  auto& program = make_consumer();
  PVOID kept = nullptr;
  program.on_metadata = [&](const contents& metadata) {
    kept = metadata.bytes;
    EXPECT_EQ(WdsTransportClientAddRefBuffer(kept), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(program, true);
  play_->start(4, 4, 0, "meta");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(std::string(static_cast<const char*>(kept), 4), "meta");
  EXPECT_EQ(WdsTransportClientReleaseBuffer(kept), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientReleaseBuffer(kept), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(play_->buffers_alive(), 0U);
}

// -- negotiation --------------------------------------------------------------------------------------

/// A session of 40 bytes in blocks of 4 that calls NegotiateRequiredDataRange in its callback.
class Negotiate : public Callbacks {
protected:
  DWORD ask(HANDLE key, std::uint64_t first, std::uint64_t size) {
    return WdsTransportClientNegotiateRequiredDataRange(program_.key, key, large(first),
                                                        large(size));
  }

  void run(std::function<void(HANDLE)> in_callback) {
    program_.on_negotiate = std::move(in_callback);
    program_.on_contents = [this](const contents& block) {
      EXPECT_EQ(complete_receive(program_.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
    };
    prepare_and_start(program_, true);
    play_->start(40, 4);
    for (std::uint64_t offset = 0; offset < 40; offset += 4)
      play_->deliver(offset, "0123");
    play_->finish();
    ASSERT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
  }

  std::vector<std::uint64_t> offsets() const {
    std::vector<std::uint64_t> result;
    for (const auto& block : program_.blocks())
      result.push_back(block.offset);
    return result;
  }

  consumer& program_ = make_consumer();
};

using offset_list = std::vector<std::uint64_t>;

TEST_F(Negotiate, R_NEG_2_R_NG_1_TheSessionIsToldAndTheConsumerGetsTheBlocksThatCoverTheRange) {
  run([&](HANDLE key) { EXPECT_EQ(ask(key, 6, 7), DWORD{ERROR_SUCCESS}); });
  const auto asked = play_->await_range();
  EXPECT_EQ(asked.first, 6U);
  EXPECT_EQ(asked.size, 7U);
  EXPECT_EQ(offsets(), (offset_list{4, 8, 12}));
  // Those beside the range gave their credit back, too: the writer below counts all of them.
  EXPECT_EQ(play_->await_releases(10).size(), 10U);
  EXPECT_EQ(play_->buffers_alive(), 0U);
}

TEST_F(Negotiate, R_NEG_3_NotCalledTheWholeFileComes) {
  run([](HANDLE) {});
  EXPECT_EQ(offsets().size(), 10U);
  EXPECT_EQ(play_->ranges_asked(), 0U);
}

TEST_F(Negotiate, R_NEG_3_RefusesWhatDoesNotLieInTheFile) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  run([&](HANDLE key) {
    EXPECT_EQ(ask(key, 41, 0), DWORD{ERROR_INVALID_PARAMETER});
    EXPECT_EQ(ask(key, 40, 1), DWORD{ERROR_INVALID_PARAMETER});
    EXPECT_EQ(ask(key, 0, 41), DWORD{ERROR_INVALID_PARAMETER});
    EXPECT_EQ(ask(key, 1, most), DWORD{ERROR_INVALID_PARAMETER});
    EXPECT_EQ(ask(key, most, 1), DWORD{ERROR_INVALID_PARAMETER});
    EXPECT_EQ(ask(key, most, most), DWORD{ERROR_INVALID_PARAMETER});
  });
  EXPECT_EQ(offsets().size(), 10U) << "a refused range is none";
}

TEST_F(Negotiate, R_NEG_3_TakesRangesUpToTheEdges) {
  run([&](HANDLE key) {
    EXPECT_EQ(ask(key, 0, 40), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(ask(key, 40, 0), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(ask(key, 39, 1), DWORD{ERROR_SUCCESS}); // the last one holds
  });
  EXPECT_EQ(offsets(), (offset_list{36}));
}

TEST_F(Negotiate, AnEmptyRangeIsNothing) {
  run([&](HANDLE key) { EXPECT_EQ(ask(key, 0, 0), DWORD{ERROR_SUCCESS}); });
  EXPECT_EQ(offsets(), offset_list{});
}

TEST_F(Negotiate, R_NEG_1_OnlyWhileTheCallbackRunsAndOnlyWithItsKey) {
  HANDLE given = nullptr;
  run([&](HANDLE key) {
    given = key;
    EXPECT_EQ(ask(program_.key, 0, 4), DWORD{ERROR_INVALID_HANDLE});
    EXPECT_EQ(ask(nullptr, 0, 4), DWORD{ERROR_INVALID_HANDLE});
    // A negotiate key is no session key.
    EXPECT_EQ(WdsTransportClientCancelSession(key), DWORD{ERROR_INVALID_HANDLE});
  });
  EXPECT_EQ(ask(given, 0, 4), DWORD{ERROR_INVALID_STATE});
  EXPECT_EQ(offsets().size(), 10U);
}

TEST_F(Negotiate, R_CLS_10_AlsoOnAKeyThatWasClosedMeanwhile) {
  program_.on_negotiate = [&](HANDLE key) {
    EXPECT_EQ(WdsTransportClientCloseSession(program_.key), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(ask(key, 0, 4), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(program_, true);
  play_->start(40, 4);
  EXPECT_EQ(play_->await_range().size, 4U);
  play_->finish();
  program_.await_event("complete 0");
}

TEST_F(Callbacks, C_CP_3_CompleteComesEvenWhenTheActorBehindThemDies) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(8, 4);
  program.await_event("start 8");
  play_->kill_consumer();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "complete 31"}));
}

TEST_F(Callbacks, C_CP_3_CompleteComesEvenWhenTheSessionManagerDies) {
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(8, 4);
  program.await_event("start 8");
  play_->kill_manager();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "complete 31"}));
  EXPECT_EQ(query(program.key), failed(ERROR_GEN_FAILURE));
}

} // namespace fleetcast::conformance
