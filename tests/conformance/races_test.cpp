// The races that the documents name, each one forced: the moment comes because somebody waits for it.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <functional>
#include <latch>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace fleetcast::conformance {

using Races = api_test;

/// Cancels with the documented call, or with a code of the program's.
DWORD cancel_with(HANDLE key, DWORD reason) {
  return reason == ERROR_CANCELLED ? WdsTransportClientCancelSession(key)
                                   : WdsTransportClientCancelSessionEx(key, reason);
}

constexpr DWORD own_code = 4711;

// -- the end and StartSession -----------------------------------------------------------------------

TEST_F(Races, TheSessionIsOverBeforeStartSessionReturns) {
  proves("W-START-3 W-START-4 W-START-6 C-TH-1");
  auto& program = make_consumer();
  bool returned = false;
  bool came_first = false;
  program.on_complete = [&](DWORD) { came_first = !returned; };
  play_->while_start_waits = [&] {
    play_->start(4, 4);
    play_->deliver(0, "data");
    play_->finish();
    EXPECT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS}); // SESSION_COMPLETE has returned
    EXPECT_EQ(query(program.key), succeeded);
  };
  prepare(program);
  const auto answer = WdsTransportClientStartSession(program.key);
  returned = true;
  EXPECT_EQ(answer, DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(came_first);
  EXPECT_EQ(program.events(), (events{"start 4", "contents 0+4", "complete 0"}));
}

TEST_F(Races, TheSessionHasFailedBeforeStartSessionReturnsSuccess) {
  proves("W-START-5");
  auto& program = make_consumer();
  play_->while_start_waits = [&] {
    play_->finish({actors::failure_code::connection_refused, 111, "refused"});
    EXPECT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS});
  };
  prepare(program);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), failed(ERROR_CONNECTION_REFUSED));
}

TEST_F(Races, TheKeyIsClosedByACallbackBeforeStartSessionReturns) {
  proves("R-CLS-8");
  auto& program = make_consumer();
  std::latch closed{1};
  program.on_complete = [&](DWORD) {
    EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
    closed.count_down();
  };
  play_->while_start_waits = [&] {
    play_->finish();
    closed.wait();
  };
  prepare(program);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), (session_status{0, ERROR_INVALID_HANDLE}));
}

TEST_F(Races, ACancelWhileStartSessionWaitsFindsTheSession) {
  proves("W-CAN-1");
  play_->finish_cancelled = true;
  auto& program = make_consumer();
  play_->while_start_waits = [&] {
    play_->id(); // open: what comes from now on comes behind that
    EXPECT_EQ(WdsTransportClientCancelSession(program.key), DWORD{ERROR_SUCCESS});
  };
  prepare(program);
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 1223"});
}

// -- a cancel inside each callback ------------------------------------------------------------------

struct moment {
  const char* name;
  void (*hang_on)(consumer&, std::function<void()>);
  events before; ///< what the consumer saw until then, its own call included

  friend void PrintTo(const moment& m, std::ostream* out) { *out << m.name; }
};

class CancelInside : public api_test,
                     public ::testing::WithParamInterface<std::tuple<moment, DWORD>> {};

TEST_P(CancelInside, NothingButCompleteFollows) {
  proves("W-CAN-2 W-CAN-5 R-CANX-1 C-TH-3 R-CAN-8");
  const auto& [where, reason] = GetParam();
  auto& program = make_consumer();
  DWORD answer = 99;
  where.hang_on(program, [&program, &answer, reason = reason] {
    answer = cancel_with(program.key, reason);
    EXPECT_EQ(query(program.key), in_progress); // it did not wait
  });
  prepare_and_start(program, true);
  play_->start(8, 4, 0, "meta");
  play_->deliver(0, "0123");
  play_->deliver(4, "4567");
  EXPECT_EQ(play_->await_cancel(), reason);
  play_->finish(); // as if all had been delivered
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  auto expected = where.before;
  expected.push_back("complete " + std::to_string(reason));
  EXPECT_EQ(program.events(), expected);
  EXPECT_EQ(answer, DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program.key), failed(reason));
}

const moment moments[] = {
  {"Start", [](consumer& c, std::function<void()> f) { c.on_start = std::move(f); }, {"start 8"}},
  {"StartEx",
   [](consumer& c, std::function<void()> f) { c.on_start_ex = std::move(f); },
   {"start 8", "startex 8/4/24"}},
  {"Negotiate",
   [](consumer& c, std::function<void()> f) {
     c.on_negotiate = [f = std::move(f)](HANDLE) { f(); };
   },
   {"start 8", "startex 8/4/24", "negotiate"}},
  {"Metadata",
   [](consumer& c, std::function<void()> f) {
     c.on_metadata = [f = std::move(f)](const contents&) { f(); };
   },
   {"start 8", "startex 8/4/24", "negotiate", "metadata meta"}},
  {"Contents",
   [](consumer& c, std::function<void()> f) {
     c.on_contents = [f = std::move(f)](const contents&) { f(); };
   },
   {"start 8", "startex 8/4/24", "negotiate", "metadata meta", "contents 0+4"}},
};

INSTANTIATE_TEST_SUITE_P(Each, CancelInside,
                         ::testing::Combine(::testing::ValuesIn(moments),
                                            ::testing::Values(ERROR_CANCELLED, own_code)),
                         [](const auto& param) {
                           return std::string{std::get<0>(param.param).name}
                                  + (std::get<1>(param.param) == own_code ? "_Ex" : "");
                         });

class CancelInsideComplete : public api_test, public ::testing::WithParamInterface<DWORD> {};

TEST_P(CancelInsideComplete, SucceedsAndChangesNothing) {
  proves("W-CAN-2 R-CAN-9");
  auto& program = make_consumer();
  DWORD answer = 99;
  program.on_complete = [&](DWORD) { answer = cancel_with(program.key, GetParam()); };
  prepare_and_start(program);
  play_->start(0, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(answer, DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), (events{"start 0", "complete 0"}));
  EXPECT_EQ(query(program.key), succeeded);
  EXPECT_EQ(play_->cancels(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, CancelInsideComplete, ::testing::Values(ERROR_CANCELLED, own_code),
                         [](const auto& param) {
                           return param.param == own_code ? "Ex" : "Plain";
                         });

// -- a cancel and the last block --------------------------------------------------------------------

/// A session of two blocks whose last one is being delivered, and whose success is on its way.
class LastBlock : public api_test {
protected:
  void begin() {
    program_.on_contents = [this](const contents& block) {
      if (block.offset != 4)
        return;
      if (inside_)
        inside_();
      last_.pass();
      complete_receive(program_.key, 4, 0);
      complete_receive(program_.key, 4, 4);
    };
    prepare_and_start(program_);
    play_->start(8, 4);
    play_->deliver(0, "0123");
    play_->deliver(4, "4567");
    play_->finish();
    last_.await_arrival();
  }

  void expect_cancelled() {
    last_.open();
    ASSERT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(program_.events(),
              (events{"start 8", "contents 0+4", "contents 4+4", "complete 1223"}));
    EXPECT_EQ(query(program_.key), failed(ERROR_CANCELLED)) << "QueryStatus must agree";
    // Nor may the server take the host for one that has everything.
    ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(play_->releases(), 0U);
  }

  consumer& program_ = make_consumer();
  gate last_;
  std::function<void()> inside_;
};

TEST_F(LastBlock, CancelledInsideItsCallback) {
  proves("R-CP-7");
  inside_
    = [this] { EXPECT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS}); };
  begin();
  expect_cancelled();
}

TEST_F(LastBlock, CancelledByAnotherThreadMeanwhile) {
  proves("R-CP-7 R-CAN-7");
  begin();
  EXPECT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program_.key), in_progress);
  expect_cancelled();
}

TEST_F(LastBlock, CancelledWhenCompleteIsUnderWayIsTooLate) {
  proves("R-CP-7 R-CAN-9");
  gate end;
  program_.on_complete = [&](DWORD) { end.pass(); };
  begin();
  last_.open();
  end.await_arrival();
  EXPECT_EQ(WdsTransportClientCancelSession(program_.key), DWORD{ERROR_SUCCESS});
  end.open();
  ASSERT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program_.events().back(), "complete 0");
  EXPECT_EQ(query(program_.key), succeeded);
}

// -- a cancel and callbacks that are just being called ----------------------------------------------

TEST_F(Races, OfACancelAmidBlocksNoSecondCallbackBeginsAfterItsReturn) {
  proves("R-CAN-8");
  // One may be just being entered when the cancel returns (docs/decisions/0006); never two.
  play_->finish_cancelled = true;
  constexpr std::uint64_t blocks = 64;
  for (std::size_t round = 0; round < 100; ++round) {
    auto& program = make_consumer();
    std::barrier together{2};
    std::atomic<bool> returned{false};
    std::atomic<int> late{0};
    program.on_contents = [&](const contents& block) {
      if (block.offset == 0)
        together.arrive_and_wait();
      late += returned ? 1 : 0;
    };
    prepare_and_start(program);
    play_->start(4 * blocks, 4, round);
    for (std::uint64_t n = 0; n < blocks; ++n)
      play_->deliver(4 * n, "data", round);
    together.arrive_and_wait();
    EXPECT_EQ(WdsTransportClientCancelSession(program.key), DWORD{ERROR_SUCCESS});
    returned = true;
    ASSERT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS});
    EXPECT_LE(late, 1) << "round " << round;
    EXPECT_EQ(program.events().back(), "complete 1223");
    ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  }
}

// -- cancels and closes at once ---------------------------------------------------------------------

TEST_F(Races, TwoThreadsCancelWhileTwoClose) {
  proves("W-CAN-3 W-CLS-4 R-CLS-10 R-CANX-3");
  play_->finish_cancelled = true;
  for (std::size_t round = 0; round < 100; ++round) {
    auto& program = make_consumer();
    prepare_and_start(program);
    play_->id(round);
    std::barrier together{4};
    std::array<DWORD, 4> answers{};
    std::vector<std::thread> threads;
    const auto at_once = [&](std::size_t i, auto call) {
      threads.emplace_back([&together, &answers, i, call] {
        together.arrive_and_wait();
        answers[i] = call();
      });
    };
    const auto key = program.key;
    at_once(0, [key] { return WdsTransportClientCancelSession(key); });
    at_once(1, [key] { return WdsTransportClientCancelSessionEx(key, own_code); });
    at_once(2, [key] { return WdsTransportClientCloseSession(key); });
    at_once(3, [key] { return WdsTransportClientCloseSession(key); });
    for (auto& thread : threads)
      thread.join();

    EXPECT_EQ(std::min(answers[2], answers[3]), DWORD{ERROR_SUCCESS}) << "one close takes the key";
    EXPECT_EQ(std::max(answers[2], answers[3]), DWORD{ERROR_INVALID_HANDLE});
    for (auto answer : {answers[0], answers[1]})
      EXPECT_TRUE(answer == ERROR_SUCCESS || answer == ERROR_INVALID_HANDLE) << answer;
    const bool plain = answers[0] == ERROR_SUCCESS;
    const bool own = answers[1] == ERROR_SUCCESS;
    if (!plain && !own)
      play_->finish({}, round);
    program.await_completion();
    const auto end = program.events();
    ASSERT_EQ(end.size(), 1U) << "round " << round;
    EXPECT_TRUE((plain && end[0] == "complete 1223") || (own && end[0] == "complete 4711")
                || (!plain && !own && end[0] == "complete 0"))
      << end[0];
  }
}

TEST_F(Races, CloseInsideCompleteWhileShutdownWaitsForIt) {
  proves("R-CLS-8 R-SHUT-4");
  auto& program = make_consumer();
  gate last;
  DWORD closed = 99;
  program.on_complete = [&](DWORD) {
    last.pass();
    closed = WdsTransportClientCloseSession(program.key);
  };
  prepare_and_start(program);
  play_->finish();
  last.await_arrival();
  std::thread other{[] { EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS}); }};
  await_shutdown(); // it waits for the callback from now on
  last.open();
  other.join();
  EXPECT_EQ(closed, DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.events(), events{"complete 0"});
}

TEST_F(Races, TwoThreadsCloseInsideCompleteAndOutside) {
  proves("R-CLS-8 W-CLS-3");
  auto& program = make_consumer();
  std::barrier together{2};
  std::array<DWORD, 2> answers{99, 99};
  program.on_complete = [&](DWORD) {
    together.arrive_and_wait();
    answers[0] = WdsTransportClientCloseSession(program.key);
  };
  prepare_and_start(program);
  play_->finish();
  together.arrive_and_wait();
  answers[1] = WdsTransportClientCloseSession(program.key);
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(std::min(answers[0], answers[1]), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(std::max(answers[0], answers[1]), DWORD{ERROR_INVALID_HANDLE});
  EXPECT_EQ(program.events(), events{"complete 0"});
}

} // namespace fleetcast::conformance
