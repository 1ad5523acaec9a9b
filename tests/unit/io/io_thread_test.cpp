#include "actors/io/io_thread.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace io_thread_test {
namespace {

using fleetcast::actors::io::io_thread;

/// What `ask` finds on the I/O thread.
template <class Ask>
auto on_thread(io_thread& thread, Ask ask) {
  std::promise<decltype(ask())> answer;
  auto result = answer.get_future();
  boost::asio::post(thread.context(), [&] { answer.set_value(ask()); });
  return result.get();
}

TEST(IoThread, RunsHandlersOnAThreadThatBearsItsName) {
  io_thread thread{"a name longer than fifteen"};
  const auto name = on_thread(thread, [] {
    std::array<char, 32> found{};
    pthread_getname_np(pthread_self(), found.data(), found.size());
    return std::string{found.data()};
  });
  EXPECT_EQ(name, "a name longer t");
}

TEST(IoThread, BlocksAllSignalsThereAndNoneHere) {
  io_thread thread;
  const auto blocked = on_thread(thread, [] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1
           && sigismember(&mask, SIGUSR1) == 1;
  });
  EXPECT_TRUE(blocked);
  sigset_t here;
  pthread_sigmask(SIG_SETMASK, nullptr, &here);
  EXPECT_EQ(sigismember(&here, SIGINT), 0);
}

TEST(IoThread, WorksInBatchesAndLeavesWhoStartsItAlone) {
  const auto before = sched_getscheduler(0);
  io_thread thread;
  const auto policy = on_thread(thread, [] { return sched_getscheduler(0); });
  EXPECT_EQ(policy, before == SCHED_OTHER ? SCHED_BATCH : before);
  EXPECT_EQ(sched_getscheduler(0), before);
}

TEST(IoThread, GoesOnAfterAHandlerThrew) {
  io_thread thread;
  boost::asio::post(thread.context(), [] { throw std::runtime_error{"on purpose"}; });
  EXPECT_EQ(on_thread(thread, [] { return 1; }), 1);
}

TEST(IoThread, StopsTwiceAndDestroysWhatWasPendingUncalled) {
  auto witness = std::make_shared<int>(0);
  {
    io_thread thread;
    thread.stop();
    boost::asio::post(thread.context(), [witness] { *witness = 1; });
    thread.stop();
    EXPECT_EQ(witness.use_count(), 2);
  }
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_EQ(*witness, 0);
}

} // namespace
} // namespace io_thread_test
