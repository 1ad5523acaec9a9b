// Initialize, Shutdown, and what the library does to the process around it.
#include "actors/io/own_thread.hpp"
#include "api_test.hpp"
#include "tests/support/proves.hpp"

#include <cerrno>
#include <new>
#include <stdexcept>
#include <thread>

#include <signal.h>

namespace fleetcast::conformance {

using Initialize = scripted_test;
using Shutdown = api_test;
using Process = api_test;

TEST_F(Initialize, Succeeds) {
  proves("W-INIT-2 CODE-0");
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
}

TEST_F(Initialize, ComesBeforeAnythingElse) {
  proves("W-INIT-1 CODE-21");
  HANDLE key = nullptr;
  auto request = good_request();
  EXPECT_EQ(WdsTransportClientInitializeSession(&request, nullptr, &key), DWORD{ERROR_NOT_READY});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientInitializeSession(&request, nullptr, &key), DWORD{ERROR_SUCCESS});
}

TEST_F(Initialize, IsCounted) {
  proves("W-INIT-3 R-INIT-5");
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  HANDLE key = nullptr;
  auto request = good_request();
  EXPECT_EQ(WdsTransportClientInitializeSession(&request, nullptr, &key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientInitializeSession(&request, nullptr, &key), DWORD{ERROR_NOT_READY});
}

TEST_F(Initialize, IsThreadSafe) {
  proves("R-INIT-5");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 5; ++n) {
        EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
        EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
}

TEST_F(Initialize, ReportsThatNoThreadIsToBeHadAndCanBeTriedAgain) {
  proves("CODE-1450");
  auto& library = api::library::instance();
  library.replace_engine([](std::size_t) -> std::unique_ptr<api::engine> {
    throw actors::io::thread_refused{{actors::failure_code::internal, EAGAIN, "which limit it is"}};
  });
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_NO_SYSTEM_RESOURCES});
  EXPECT_EQ(library.configuration_error(), "which limit it is");
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
  SetUp();
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(library.configuration_error(), "");
}

TEST_F(Initialize, ReportsThatThereIsNoMemoryAndCanBeTriedAgain) {
  proves("CODE-8");
  api::library::instance().replace_engine(
    [](std::size_t) -> std::unique_ptr<api::engine> { throw std::bad_alloc{}; });
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_NOT_ENOUGH_MEMORY});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
  SetUp();
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
}

TEST_F(Initialize, LetsNoExceptionOut) {
  proves("CODE-31");
  api::library::instance().replace_engine(
    [](std::size_t) -> std::unique_ptr<api::engine> { throw std::logic_error{"a defect"}; });
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_GEN_FAILURE});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
  SetUp();
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
}

TEST_F(Initialize, UsesTheConfiguredNumberOfThreads) {
  std::size_t asked = 0;
  api::library::instance().replace_engine([&](std::size_t worker_threads) {
    asked = worker_threads;
    return std::make_unique<scripted_engine>(play_);
  });
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.ulWorkerThreads = 3;
  ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(asked, 3U);
}

TEST_F(Shutdown, Succeeds) {
  proves("W-SHUT-2");
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
}

TEST_F(Shutdown, WithoutInitializeIsRefused) {
  proves("W-SHUT-3 R-SHUT-5 CODE-21");
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
}

TEST_F(Shutdown, InsideACallbackIsRefusedAndDoesNothing) {
  proves("W-SHUT-3 R-SHUT-5 CODE-1131");
  auto& program = make_consumer();
  DWORD answer = 0;
  program.on_start = [&] { answer = WdsTransportClientShutdown(); };
  prepare_and_start(program);
  play_->start(0, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(answer, DWORD{ERROR_POSSIBLE_DEADLOCK});
  EXPECT_EQ(query(program.key), succeeded);
}

TEST_F(Shutdown, CancelsLiveSessionsAndWaitsForTheirLastCallback) {
  proves("W-SHUT-3 R-SHUT-4");
  auto& program = make_consumer();
  gate last;
  bool returned = false;
  program.on_complete = [&](DWORD) {
    last.pass();
    returned = true;
  };
  prepare_and_start(program);
  play_->start(8, 4);
  program.await_event("start 8");
  std::thread other{[&] {
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    EXPECT_TRUE(returned);
  }};
  EXPECT_EQ(play_->await_cancel(), DWORD{ERROR_CANCELLED});
  play_->finish({actors::failure_code::cancelled, ERROR_CANCELLED, ""});
  last.await_arrival();
  last.open();
  other.join();
  EXPECT_EQ(program.events(), (std::vector<std::string>{"start 8", "complete 1223"}));
  EXPECT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_NOT_READY});
}

TEST_F(Shutdown, MakesAllKeysInvalid) {
  proves("W-SHUT-1 R-SHUT-4");
  auto& program = make_consumer();
  prepare(program);
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_NOT_READY}) << "it is down";
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_HANDLE});
  EXPECT_EQ(sessions_known(), 0U);
}

TEST_F(Shutdown, WakesWhoeverWaitsForASessionThatNeverStarts) {
  auto& program = make_consumer();
  prepare(program);
  DWORD answer = 0;
  std::thread waiter{[&] { answer = WdsTransportClientWaitForCompletion(program.key, INFINITE); }};
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  waiter.join();
  // Either it waited and was woken, or it came too late to be let in.
  EXPECT_TRUE(answer == ERROR_SHUTDOWN_IN_PROGRESS || answer == ERROR_NOT_READY) << answer;
}

TEST_F(Shutdown, KeepsNewSessionsOutWhileItWaits) {
  proves("CODE-1115");
  auto& program = make_consumer();
  DWORD initialize = 0;
  DWORD make = 0;
  DWORD start = 0;
  auto& second = make_consumer();
  prepare(second);
  program.on_complete = [&](DWORD) {
    HANDLE key = nullptr;
    auto request = good_request();
    initialize = WdsTransportClientInitialize();
    make = WdsTransportClientInitializeSession(&request, nullptr, &key);
    start = WdsTransportClientStartSession(second.key);
  };
  prepare_and_start(program);
  std::thread other{[&] { EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS}); }};
  play_->await_cancel();
  play_->finish();
  other.join();
  EXPECT_EQ(initialize, DWORD{ERROR_SHUTDOWN_IN_PROGRESS});
  EXPECT_EQ(make, DWORD{ERROR_SHUTDOWN_IN_PROGRESS});
  EXPECT_EQ(start, DWORD{ERROR_SHUTDOWN_IN_PROGRESS});
}

TEST_F(Shutdown, AndInitializeCanBeRepeated) {
  for (std::size_t cycle = 0; cycle < 10; ++cycle) {
    auto& program = make_consumer();
    prepare_and_start(program);
    play_->start(4, 4, cycle);
    play_->finish({}, cycle);
    ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  }
}

TEST_F(Process, ErrnoIsLeftAlone) {
  auto& program = make_consumer();
  errno = 77;
  prepare_and_start(program);
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  errno = 77;
  EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_INVALID_STATE});
  EXPECT_EQ(WdsTransportClientCancelSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientWaitForCompletion(nullptr, 0), DWORD{ERROR_INVALID_HANDLE});
  EXPECT_EQ(errno, 77);
}

TEST_F(Process, SignalsAreNotTakenByTheThreadsOfTheLibrary) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  auto& program = make_consumer();
  bool blocked = false;
  program.on_start = [&] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1
              && sigismember(&mask, SIGUSR1) == 1;
    // The program's handler of faults, if it has one, works in its callbacks, too.
    EXPECT_EQ(sigismember(&mask, SIGSEGV), 0);
    EXPECT_EQ(sigismember(&mask, SIGFPE), 0);
  };
  prepare_and_start(program);
  play_->start(4, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(blocked);
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

} // namespace fleetcast::conformance
