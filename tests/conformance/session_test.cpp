// RegisterCallback, StartSession, and the callbacks in their order.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <array>
#include <functional>
#include <limits>
#include <thread>
#include <utility>

namespace fleetcast::conformance {

using RegisterCallback = api_test;
using StartSession = api_test;
using Callbacks = api_test;

DWORD register_start(HANDLE key, int id = WDS_TRANSPORTCLIENT_SESSION_START,
                     PVOID function = reinterpret_cast<PVOID>(consumer::start)) {
  return WdsTransportClientRegisterCallback(key, static_cast<TRANSPORTCLIENT_CALLBACK_ID>(id),
                                            function);
}

VOID CALLBACK other_start(HANDLE, PVOID data, PULARGE_INTEGER) {
  // Recognised by what it does: the recording start callback would write "start".
  static_cast<consumer*>(data)->on_start();
}

TEST_F(RegisterCallback, RefusesIdsOutOfRangeAndNull) {
  proves("W-REG-6 W-REG-7 R-REG-9 CODE-87");
  auto& program = make_consumer();
  prepare(program);
  EXPECT_EQ(register_start(program.key, 6), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(register_start(program.key, -1), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(register_start(program.key, 0, nullptr), DWORD{ERROR_INVALID_PARAMETER});
  for (int id = 0; id < WDS_TRANSPORTCLIENT_MAX_CALLBACKS; ++id)
    EXPECT_EQ(register_start(program.key, id), DWORD{ERROR_SUCCESS});
}

TEST_F(RegisterCallback, IsRefusedOnceTheSessionIsStarted) {
  proves("W-REG-4 W-REG-5 R-REG-9 CODE-5023");
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(register_start(program.key), DWORD{ERROR_INVALID_STATE});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(register_start(program.key), DWORD{ERROR_INVALID_STATE});
}

TEST_F(RegisterCallback, ReplacesAndIsPerSession) {
  proves("R-REG-8");
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

TEST_F(RegisterCallback, RefusesForeignKeys) {
  proves("R-REG-9 CODE-6");
  int somewhere = 0;
  for (HANDLE key : {HANDLE{nullptr}, INVALID_HANDLE_VALUE, HANDLE{&somewhere}})
    EXPECT_EQ(register_start(key), DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(StartSession, FailsWithoutARequiredCallback) {
  proves("W-REG-1 W-START-1 W-START-2 R-REG-10 R-START-9 CODE-87");
  for (int missing : {0, 1, 2}) {
    auto request = good_request();
    auto& program = make_consumer();
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program, &program.key),
              DWORD{ERROR_SUCCESS});
    // STARTEX, for one, is no substitute for START.
    for (int id = 0; id < WDS_TRANSPORTCLIENT_MAX_CALLBACKS; ++id)
      if (id != missing) {
        EXPECT_EQ(register_start(program.key, id), DWORD{ERROR_SUCCESS});
      }
    EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_PARAMETER});
  }
  EXPECT_EQ(play_->opened(), 0U);
}

TEST_F(StartSession, CanBeRepeatedAfterItFailed) {
  proves("W-START-6 R-START-8");
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

TEST_F(StartSession, WorksOnce) {
  proves("R-START-9 CODE-5023");
  auto& program = make_consumer();
  prepare_and_start(program);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_STATE});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_STATE});
}

TEST_F(StartSession, SucceedsWhateverTheNetworkSaysLater) {
  proves("R-START-7 R-ST-3 R-TH-6");
  auto& program = make_consumer();
  prepare_and_start(program); // asserts success
  play_->finish({actors::failure_code::connection_refused, 111, "refused"});
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1225"}); // nothing before it
}

TEST_F(StartSession, MakesNoCallbackOnItsOwnThread) {
  proves("R-START-10");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(4, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_NE(program.thread(), std::this_thread::get_id());
}

TEST_F(Callbacks, GetTheCallersPointerEvenIfItIsNull) {
  proves("W-ISES-3 W-ISES-14 R-ISES-16");
  static std::vector<PVOID> seen; // by the callbacks of one session, which never overlap
  struct witness {
    static VOID CALLBACK start(HANDLE, PVOID data, PULARGE_INTEGER) { seen.push_back(data); }
    static VOID CALLBACK start_ex(HANDLE, PVOID data, PTRANSPORTCLIENT_SESSION_INFO) {
      seen.push_back(data);
    }
    static VOID CALLBACK negotiate(HANDLE, PVOID data, PTRANSPORTCLIENT_SESSION_INFO, HANDLE) {
      seen.push_back(data);
    }
    static VOID CALLBACK metadata(HANDLE, PVOID data, PVOID, ULONG) { seen.push_back(data); }
    static VOID CALLBACK receive(HANDLE, PVOID data, PVOID, ULONG, PULARGE_INTEGER) {
      seen.push_back(data);
    }
    static VOID CALLBACK complete(HANDLE, PVOID data, DWORD) { seen.push_back(data); }
  };
  const PVOID functions[]
    = {reinterpret_cast<PVOID>(witness::start),    reinterpret_cast<PVOID>(witness::receive),
       reinterpret_cast<PVOID>(witness::complete), reinterpret_cast<PVOID>(witness::metadata),
       reinterpret_cast<PVOID>(witness::start_ex), reinterpret_cast<PVOID>(witness::negotiate)};
  std::size_t index = 0;
  for (PVOID data : {PVOID{nullptr}, PVOID{&index}}) {
    seen.clear();
    auto request = good_request();
    HANDLE key = nullptr;
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, data, &key), DWORD{ERROR_SUCCESS});
    for (int id = 0; id < WDS_TRANSPORTCLIENT_MAX_CALLBACKS; ++id)
      ASSERT_EQ(register_start(key, id, functions[id]), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientStartSession(key), DWORD{ERROR_SUCCESS});
    play_->start(4, 4, index, "meta");
    play_->deliver(0, "0123", index);
    play_->finish({}, index);
    ASSERT_EQ(WdsTransportClientWaitForCompletion(key, INFINITE), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(seen, std::vector<PVOID>(6, data));
    ++index;
  }
}

TEST_F(Callbacks, StartExAndNegotiateAreOptional) {
  proves("W-REG-3 R-REG-10");
  auto& program = make_consumer();
  prepare_and_start(program); // with the three required ones only
  play_->start(4, 4);
  play_->deliver(0, "0123");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "contents 0+4", "complete 0"}));
  EXPECT_EQ(play_->ranges_asked(), 0U);
}

TEST_F(Callbacks, TellSizesBeyondFourGiB) {
  proves("C-ST-1 C-ST-2");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(0x1'2345'6789, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4886718345", "complete 0"}));
}

TEST_F(Callbacks, StartComesAtMostOnce) {
  proves("R-ST-3");
  auto& program = make_consumer();
  prepare_and_start(program, true);
  play_->start(4, 4);
  play_->start(8, 4); // a defect below must not become the consumer's
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "startex 4/4/24", "negotiate", "complete 0"}));
}

TEST_F(Callbacks, StartExFollowsStartWithTheBlockSize) {
  proves("C-SX-1 C-SX-2 R-SX-3 R-SX-4");
  auto& program = make_consumer();
  prepare_and_start(program, true);
  play_->start(0x1'0000'0001, 180'224);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4294967297", "startex 4294967297/180224/24",
                                      "negotiate", "complete 0"}));
}

/// Writes over all that it is lent.
struct scribbler {
  std::uint64_t size_ex = 0;
  ULONG length_ex = 0;
  TRANSPORTCLIENT_SESSION_INFO negotiated{};
  std::uint64_t second_offset = 0;

  static VOID CALLBACK start(HANDLE, PVOID, PULARGE_INTEGER size) { size->QuadPart = 666; }
  static VOID CALLBACK start_ex(HANDLE, PVOID data, PTRANSPORTCLIENT_SESSION_INFO info) {
    of(data).size_ex = info->ullFileSize.QuadPart;
    of(data).length_ex = info->ulStructureLength;
    *info = {};
  }
  static VOID CALLBACK negotiate(HANDLE, PVOID data, PTRANSPORTCLIENT_SESSION_INFO info, HANDLE) {
    of(data).negotiated = *info;
  }
  static VOID CALLBACK receive(HANDLE, PVOID data, PVOID, ULONG, PULARGE_INTEGER offset) {
    of(data).second_offset = offset->QuadPart;
    offset->QuadPart = 666;
  }
  static VOID CALLBACK complete(HANDLE, PVOID, DWORD) {}
  static scribbler& of(PVOID data) { return *static_cast<scribbler*>(data); }
};

TEST_F(Callbacks, WhatOneWritesOverTheNextDoesNotSee) {
  proves("R-ST-4 R-SX-4");
  scribbler program;
  auto request = good_request();
  HANDLE key = nullptr;
  ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program, &key), DWORD{ERROR_SUCCESS});
  const std::pair<int, PVOID> functions[]
    = {{WDS_TRANSPORTCLIENT_SESSION_START, reinterpret_cast<PVOID>(scribbler::start)},
       {WDS_TRANSPORTCLIENT_SESSION_STARTEX, reinterpret_cast<PVOID>(scribbler::start_ex)},
       {WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE, reinterpret_cast<PVOID>(scribbler::negotiate)},
       {WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, reinterpret_cast<PVOID>(scribbler::receive)},
       {WDS_TRANSPORTCLIENT_SESSION_COMPLETE, reinterpret_cast<PVOID>(scribbler::complete)}};
  for (auto [id, function] : functions)
    ASSERT_EQ(register_start(key, id, function), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(key), DWORD{ERROR_SUCCESS});
  play_->start(8, 4);
  play_->deliver(0, "0123");
  play_->deliver(4, "4567");
  play_->finish();
  ASSERT_EQ(WdsTransportClientWaitForCompletion(key, INFINITE), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.size_ex, 8U);
  EXPECT_EQ(program.length_ex, 24U);
  EXPECT_EQ(program.negotiated.ulStructureLength, 24U);
  EXPECT_EQ(program.negotiated.ullFileSize.QuadPart, 8U);
  EXPECT_EQ(program.negotiated.ulBlockSize, 4U);
  EXPECT_EQ(program.second_offset, 4U);
  EXPECT_EQ(complete_receive(key, 4, 0), DWORD{ERROR_SUCCESS}) << "at its own offset";
}

TEST_F(Callbacks, ComeInTheDocumentedOrder) {
  proves("R-TH-6 R-NG-1 C-RC-2 C-RC-6 R-RC-8 C-CP-2");
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
  EXPECT_EQ(program.events(), (events{"start 5", "startex 5/4/24", "negotiate", "contents 4+1",
                                      "contents 0+4", "complete 0"}));
  EXPECT_TRUE(program.well_called());
}

TEST_F(Callbacks, HandOutTheBlockItselfNotACopy) {
  proves("C-RC-1 C-RC-3 C-RC-5");
  // Which is why the consumer only reads it.
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

TEST_F(Callbacks, ForAnEmptyObjectAreStartAndComplete) {
  proves("R-RC-9");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(0, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 0", "complete 0"}));
}

TEST_F(Callbacks, EndWithExactlyOneComplete) {
  proves("C-CP-1 C-CP-2 R-CP-6");
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

TEST_F(Callbacks, OfOneSessionAreSerialisedAndOfTwoAreNot) {
  proves("C-TH-4 R-TH-5");
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

TEST_F(Callbacks, ThatBlockOccupyNoThreadOfTheEngine) {
  proves("R-TH-8");
  // The engine has two workers; twice as many sessions stand in their callbacks.
  constexpr std::size_t sessions = 4;
  std::array<gate, sessions> gates;
  std::array<consumer*, sessions> programs{};
  for (std::size_t i = 0; i < sessions; ++i) {
    auto& program = make_consumer();
    programs[i] = &program;
    program.on_start = [&gates, i] { gates[i].pass(); };
    prepare_and_start(program);
    play_->start(4, 4, i);
    gates[i].await_arrival();
  }
  auto& other = make_consumer();
  prepare_and_start(other);
  play_->id(sessions); // the engine works: it opens a session,
  EXPECT_EQ(WdsTransportClientCancelSession(programs[0]->key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_CANCELLED}); // and hears of a cancel
  play_->finish({}, sessions);
  EXPECT_EQ(wait(other), DWORD{ERROR_SUCCESS});
  for (std::size_t i = 0; i < sessions; ++i) {
    gates[i].open();
    play_->finish({}, i);
    EXPECT_EQ(wait(*programs[i]), DWORD{ERROR_SUCCESS});
  }
}

TEST_F(Callbacks, MayMakeEveryCallOfTheirOwnSessionThatDoesNotWait) {
  proves("R-TH-7");
  auto& program = make_consumer();
  program.on_contents = [&](const contents& block) {
    ULONG status = 0;
    ULONG error = 0;
    EXPECT_EQ(WdsTransportClientAddRefBuffer(block.bytes), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(complete_receive(program.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientReleaseBuffer(block.bytes), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientQueryStatus(program.key, &status, &error), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, 0), DWORD{ERROR_POSSIBLE_DEADLOCK});
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_POSSIBLE_DEADLOCK});
    EXPECT_EQ(WdsTransportClientCancelSession(program.key), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  };
  prepare_and_start(program);
  play_->start(4, 4);
  play_->deliver(0, "0123");
  play_->finish();
  program.await_event("complete 1223");
}

TEST_F(Callbacks, MayRunAnotherSession) {
  proves("R-TH-7");
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

TEST_F(Callbacks, MetadataComeOnceAfterTheStartAndBeforeContents) {
  proves("C-MD-1 C-MD-3 R-MD-4");
  auto& program = make_consumer();
  prepare_and_start(program, true);
  play_->start(4, 4, 0, "of the provider");
  play_->deliver(0, "0123");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "startex 4/4/24", "negotiate",
                                      "metadata of the provider", "contents 0+4", "complete 0"}));
}

TEST_F(Callbacks, MetadataAreHandedOnByteForByte) {
  proves("C-MD-2 C-MD-3");
  std::string all;
  for (int value = 0; value < 256; ++value)
    all += static_cast<char>(value);
  auto& program = make_consumer();
  std::string seen;
  program.on_metadata = [&](const contents& metadata) { seen = metadata.text; };
  prepare_and_start(program, true);
  play_->start(4, 4, 0, all);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(seen, all);
}

TEST_F(Callbacks, WithoutMetadataThereIsNoCall) {
  proves("R-MD-4");
  auto& program = make_consumer();
  prepare_and_start(program, true);
  play_->start(4, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "startex 4/4/24", "negotiate", "complete 0"}));
}

TEST_F(Callbacks, MetadataNobodyRegisteredForDoNoHarm) {
  proves("W-REG-2");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(4, 4, 0, "of the provider");
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 4", "complete 0"}));
  EXPECT_EQ(play_->buffers_alive(), 0U);
}

TEST_F(Callbacks, MetadataAreNoBlock) {
  proves("R-MD-5");
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

TEST_F(Callbacks, MetadataMayBeKeptWithAddRef) {
  proves("R-BUF-6");
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

TEST_F(Negotiate, TheSessionIsToldAndTheConsumerGetsTheBlocksThatCoverTheRange) {
  proves("R-NEG-2 R-NG-1");
  run([&](HANDLE key) { EXPECT_EQ(ask(key, 6, 7), DWORD{ERROR_SUCCESS}); });
  const auto asked = play_->await_range();
  EXPECT_EQ(asked.first, 6U);
  EXPECT_EQ(asked.size, 7U);
  EXPECT_EQ(offsets(), (offset_list{4, 8, 12}));
  // Those beside the range gave their credit back, too: the writer below counts all of them.
  EXPECT_EQ(play_->await_releases(10).size(), 10U);
  EXPECT_EQ(play_->buffers_alive(), 0U);
}

TEST_F(Negotiate, NotCalledTheWholeFileComes) {
  proves("R-NEG-3");
  run([](HANDLE) {});
  EXPECT_EQ(offsets().size(), 10U);
  EXPECT_EQ(play_->ranges_asked(), 0U);
}

TEST_F(Negotiate, RefusesWhatDoesNotLieInTheFile) {
  proves("R-NEG-3 CODE-87");
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

TEST_F(Negotiate, TakesRangesUpToTheEdges) {
  proves("R-NEG-3");
  run([&](HANDLE key) {
    EXPECT_EQ(ask(key, 0, 40), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(ask(key, 40, 0), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(ask(key, 39, 1), DWORD{ERROR_SUCCESS}); // the last one holds
  });
  EXPECT_EQ(offsets(), (offset_list{36}));
}

TEST_F(Negotiate, IsThereSoNobodyGetsTheCodeOfACallThatIsNot) {
  proves("R-NEG-4 CODE-120");
  run([&](HANDLE key) { EXPECT_NE(ask(key, 0, 4), DWORD{ERROR_CALL_NOT_IMPLEMENTED}); });
  EXPECT_NE(ask(nullptr, 0, 4), DWORD{ERROR_CALL_NOT_IMPLEMENTED});
  EXPECT_EQ(offsets(), offset_list{0});
}

TEST_F(Negotiate, AnEmptyRangeIsNothing) {
  run([&](HANDLE key) { EXPECT_EQ(ask(key, 0, 0), DWORD{ERROR_SUCCESS}); });
  EXPECT_EQ(offsets(), offset_list{});
}

TEST_F(Negotiate, OnlyWhileTheCallbackRunsAndOnlyWithItsKey) {
  proves("R-NEG-1 CODE-6 CODE-5023");
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

TEST_F(Negotiate, AlsoOnAKeyThatWasClosedMeanwhile) {
  proves("R-CLS-10");
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

TEST_F(Callbacks, CompleteComesEvenWhenTheActorBehindThemDies) {
  proves("C-CP-3 CODE-31");
  auto& program = make_consumer();
  prepare_and_start(program);
  play_->start(8, 4);
  program.await_event("start 8");
  play_->kill_consumer();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 8", "complete 31"}));
}

TEST_F(Callbacks, CompleteComesEvenWhenTheSessionManagerDies) {
  proves("C-CP-3 CODE-31");
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
