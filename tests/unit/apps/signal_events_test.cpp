#include "apps/common/signal_events.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>

#include <unistd.h>

namespace fleetcast::apps {
namespace signal_events_test {
namespace {

using std::chrono::milliseconds;
using woken_by = signal_events::woken_by;

constexpr int right = 0;
constexpr int wrong = 1;

/// What it does to a process is not undone, so each test is a process of its own.
class SignalEvents : public ::testing::Test {
protected:
  SignalEvents() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void end_with(bool good) {
  std::_Exit(good ? right : wrong);
}

/// What is waiting already, in their order; 0: nothing.
bool takes(signal_events& signals, std::initializer_list<int> expected) {
  const event_flag never;
  for (const auto signal : expected) {
    const auto woken = signals.wait(never, milliseconds{0});
    const bool good = signal == 0 ? woken == woken_by::timeout
                                  : woken == woken_by::signal && signals.last_signal() == signal;
    if (!good)
      return false;
  }
  return true;
}

void send(int signal) {
  ::kill(::getpid(), signal);
}

TEST_F(SignalEvents, AreWhatEndsAProgram) {
  EXPECT_EXIT(
    {
      for (const auto signal : {SIGHUP, SIGINT, SIGTERM})
        std::signal(signal, SIG_DFL);
      signal_events signals;
      for (const auto signal : {SIGTERM, SIGINT, SIGHUP})
        send(signal);
      end_with(takes(signals, {SIGHUP, SIGINT, SIGTERM, 0}));
    },
    ::testing::ExitedWithCode(right), "");
}

TEST_F(SignalEvents, WhatWasIgnoredBeforeStaysIgnored) {
  for (const auto ignored : {SIGHUP, SIGINT, SIGTERM})
    EXPECT_EXIT(
      {
        std::signal(ignored, SIG_IGN);
        signal_events signals;
        send(ignored);
        const bool quiet = takes(signals, {0});
        signals.let_go();
        send(ignored);
        end_with(quiet);
      },
      ::testing::ExitedWithCode(right), "")
      << ignored;
}

TEST_F(SignalEvents, WhoIsLetGoEndsAtOnce) {
  EXPECT_EXIT(
    {
      std::signal(SIGINT, SIG_DFL);
      signal_events signals;
      signals.let_go();
      send(SIGINT);
    },
    ::testing::KilledBySignal(SIGINT), "");
}

} // namespace
} // namespace signal_events_test
} // namespace fleetcast::apps
