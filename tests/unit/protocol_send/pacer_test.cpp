#include "protocol/send/pacer.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace pacer_test {
namespace {

constexpr bit_rate rate = 100'000'000;
constexpr std::size_t datagram = 1250; // 100 us at that rate

/// Sends as much as the pacer lets, as the sender does. Returns the bytes.
std::size_t send(pacer& p, timestamp now) {
  std::size_t sent = 0;
  if (!p.ready(now))
    return 0;
  while (p.may_continue(now)) {
    p.spend(now, datagram, rate);
    sent += datagram;
  }
  return sent;
}

TEST(Pacer, IsReadyBeforeAnythingWasSent) {
  const pacer p;
  EXPECT_TRUE(p.ready(timestamp::zero()));
  EXPECT_TRUE(p.ready(seconds(1)));
}

TEST(Pacer, KeepsTheRateOverTime) {
  pacer p;
  const timestamp start = seconds(5);
  send(p, start); // what it saved up before
  std::size_t sent = 0;
  for (timestamp now = start; now < start + seconds(1); now += microseconds(37))
    sent += send(p, now);
  const auto expected = rate / 8;
  EXPECT_GE(sent, expected - expected / 500);
  EXPECT_LE(sent, expected + expected / 500);
}

TEST(Pacer, KeepsTheRateWhenWakeUpsAreLate) {
  pacer p;
  const timestamp start = seconds(5);
  send(p, start);
  std::size_t sent = 0;
  for (timestamp now = start; now < start + seconds(1); now += milliseconds(3))
    sent += send(p, now);
  const auto expected = rate / 8;
  EXPECT_GE(sent, expected - expected / 100);
  EXPECT_LE(sent, expected + expected / 100);
}

TEST(Pacer, IdleTimeIsWorthNoMoreThanTheLargestBurst) {
  pacer p;
  send(p, seconds(5));
  const auto sent = send(p, seconds(60));
  const auto most = defaults::max_burst + defaults::pacing_quantum;
  EXPECT_GE(sent,
            rate / 8 * static_cast<std::uint64_t>(defaults::max_burst.count()) / 1'000'000'000);
  EXPECT_LE(sent, rate / 8 * static_cast<std::uint64_t>(most.count()) / 1'000'000'000 + datagram);
}

/// What a window that has just opened lets go must not leave in one instant.
TEST(Pacer, TimeWithNothingToSendIsWorthNothing) {
  pacer p;
  send(p, seconds(5));
  p.idle();
  const auto quantum
    = rate / 8 * static_cast<std::uint64_t>(defaults::pacing_quantum.count()) / 1'000'000'000;
  EXPECT_LE(send(p, seconds(60)), quantum + datagram);
}

TEST(Pacer, SavesNothingUpBeforeTheFirst) {
  pacer p;
  const auto quantum
    = rate / 8 * static_cast<std::uint64_t>(defaults::pacing_quantum.count()) / 1'000'000'000;
  EXPECT_LE(send(p, seconds(60)), quantum + datagram);
}

TEST(Pacer, HasRoomForWhatTheQuantumLeavesAndOneMore) {
  pacer p;
  const timestamp now = seconds(5);
  EXPECT_EQ(p.room(now, datagram, rate), 6U);
  p.spend(now, 2 * datagram, rate);
  EXPECT_EQ(p.room(now, datagram, rate), 4U);
  p.spend(now, 100 * datagram, rate);
  EXPECT_EQ(p.room(now, datagram, rate), 1U) << "one at least: whoever asks has been told to go on";
}

TEST(Pacer, RunsAheadByTheQuantumSoThatBatchesForm) {
  pacer p;
  const timestamp start = seconds(5);
  send(p, start);
  EXPECT_FALSE(p.ready(start));
  EXPECT_GT(p.free_at(), start);
  EXPECT_LE(p.free_at(), start + defaults::pacing_quantum + microseconds(100));
  EXPECT_FALSE(p.ready(p.free_at() - duration{1}));
  EXPECT_TRUE(p.ready(p.free_at()));
  // A quantum's worth at once, not one datagram at a time.
  EXPECT_EQ(send(p, p.free_at()), 5 * datagram);
}

TEST(Pacer, TheLowestRateAndTheLargestDatagramDoNotOverflow) {
  pacer p;
  p.spend(seconds(1), defaults::max_symbol_size, 1);
  EXPECT_EQ(p.free_at(), seconds(1) + seconds(8) * defaults::max_symbol_size);
}

} // namespace
} // namespace pacer_test
} // namespace fleetcast::protocol
