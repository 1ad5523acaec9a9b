#include "protocol/defaults.hpp"
#include "protocol/receive/size_watch.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace fleetcast::protocol {
namespace size_watch_test {
namespace {

constexpr timestamp start = seconds(100);
constexpr std::size_t full = 1448;
constexpr std::size_t small = 200;

/// A sender at 1 Mbit/s, the slowest rate that is searched, and a way that lets through what `passes`.
class way {
public:
  using rule = std::function<bool(std::size_t size)>;

  explicit way(std::size_t full_size = full) : watch{full_size, start}, full_size_(full_size) {}

  /// In steps of one heartbeat and the symbols between two; `symbols` 0: the sender is paused.
  void pass(duration how_long, const rule& passes, unsigned symbols = 32) {
    const auto step = symbols == 0 ? defaults::idle_heartbeat_interval : milliseconds(370);
    for (const auto end = now + how_long; now < end; now += step) {
      for (unsigned i = 0; i < symbols; ++i)
        send(full_size_, passes);
      sent_ += symbols;
      if (send(small, passes) && sent_ / 128 != shown_) {
        shown_ = sent_ / 128; // the heartbeat names another block than the last one that came
        watch.sender_moved();
      }
    }
  }

  bool found() const { return watch.find(now).has_value(); }

  size_watch watch;
  timestamp now = start;

private:
  bool send(std::size_t size, const rule& passes) {
    const auto packet = next_packet_++;
    if (!passes(size))
      return false;
    watch.arrived(now, packet, size);
    return true;
  }

  std::size_t full_size_;
  std::uint64_t next_packet_ = 1000;
  unsigned sent_ = 0;
  unsigned shown_ = 0;
};

bool only_small(std::size_t size) {
  return size < 1400;
}
bool everything(std::size_t) {
  return true;
}

TEST(SizeWatch, FindsOutWithinTenSecondsAtTheSlowestRate) {
  way w;
  w.pass(seconds(10), only_small);
  const auto found = w.watch.find(w.now);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->largest, small);
  EXPECT_GE(found->lost, 800U);
}

TEST(SizeWatch, GivesLossSomeSeconds) {
  way w;
  w.pass(seconds(7), only_small);
  EXPECT_FALSE(w.found());
}

TEST(SizeWatch, OneFullDatagramShowsThatTheyFit) {
  way w;
  w.pass(seconds(7), only_small);
  w.pass(milliseconds(1), everything);
  w.pass(seconds(7), only_small);
  EXPECT_FALSE(w.found());
}

TEST(SizeWatch, FindsOutWhenTheWayChangesLater) {
  way w;
  w.pass(seconds(60), everything);
  w.pass(seconds(10), only_small);
  EXPECT_TRUE(w.found());
}

TEST(SizeWatch, IsNotMisledByMuchLoss) {
  std::mt19937 random{7};
  for (int run = 0; run < 200; ++run) {
    way w;
    for (int step = 0; step < 60; ++step) {
      w.pass(milliseconds(1000), [&](std::size_t) { return random() % 10 == 0; });
      ASSERT_FALSE(w.found()) << "run " << run;
    }
  }
}

TEST(SizeWatch, IsNotMisledByAPausedSenderThoughMostOfItsHeartbeatsAreLost) {
  std::mt19937 random{7};
  way w;
  w.pass(
    seconds(600), [&](std::size_t) { return random() % 10 == 0; }, 0);
  EXPECT_FALSE(w.found());
}

/// Few symbols are still to be sent, of which none arrives for a while: of what is missing most are heartbeats.
TEST(SizeWatch, IsNotMisledByMuchLossWhereHardlyAnythingButHeartbeatsIsSent) {
  std::mt19937 random{7};
  const auto seldom = [&](std::size_t) { return random() % 10 == 0; };
  way w;
  w.pass(seconds(60), seldom);
  for (int second = 0; second < 600; ++second) {
    w.pass(
      seconds(1), [&](std::size_t size) { return only_small(size) && seldom(size); }, 0);
    w.watch.sender_moved();
    ASSERT_FALSE(w.found()) << second;
  }
}

TEST(SizeWatch, IsNotMisledByAPausedSender) {
  way w;
  w.pass(seconds(60), everything, 0);
  EXPECT_FALSE(w.found());
}

TEST(SizeWatch, IsNotMisledByALongOutageThatEnds) {
  way w;
  w.pass(seconds(20), [](std::size_t) { return false; });
  w.pass(milliseconds(1), only_small);
  EXPECT_FALSE(w.found());
}

TEST(SizeWatch, AnObjectOfSmallSymbolsTellsNothing) {
  way w{defaults::size_that_passes};
  w.pass(seconds(60), [](std::size_t size) { return size == small; });
  EXPECT_FALSE(w.found());
}

TEST(SizeWatch, WhereHeartbeatsAreAsLargeItIsNotTheSize) {
  size_watch watch{full, start};
  way w;
  for (unsigned i = 0; i < 100; ++i) {
    watch.arrived(start + milliseconds(i), 1000 + 40 * i, full + 1);
    watch.sender_moved();
  }
  EXPECT_FALSE(watch.find(start + seconds(20)));
}

/// Small datagrams at the end of a span, before each of the first `gaps` of which `lost` are missing.
struct evidence {
  unsigned gaps = 20;
  unsigned lost = 50;
  unsigned moves = 10;
};

bool convicts(size_watch watch, std::uint64_t packet, const evidence& shown) {
  for (unsigned i = 0; i < 100; ++i)
    watch.arrived(start, packet += i < shown.gaps ? shown.lost + 1 : 1, small);
  for (unsigned i = 0; i < shown.moves; ++i)
    watch.sender_moved();
  return watch.find(start + seconds(10)).has_value();
}

TEST(SizeWatch, TakesAllOfTheEvidence) {
  size_watch watch{full, start};
  watch.arrived(start, 1, small);
  EXPECT_TRUE(convicts(watch, 1, {}));
  EXPECT_FALSE(convicts(watch, 1, {.gaps = 1, .lost = 1000})) << "that was one outage";
  EXPECT_FALSE(convicts(watch, 1, {.lost = 1})) << "that is little loss";
  EXPECT_FALSE(convicts(watch, 1, {.moves = 0})) << "a paused sender";
}

TEST(SizeWatch, WhatCameBeforeAFullDatagramIsNoEvidence) {
  size_watch watch{full, start};
  std::uint64_t packet = 1;
  // So many that what gets lost after them is hardly any of all.
  while (packet < 2'000'000)
    watch.arrived(start, packet++, small);
  for (int i = 0; i < 100; ++i) {
    watch.arrived(start, packet += 50, small);
    watch.sender_moved();
  }
  watch.arrived(start, ++packet, full);
  EXPECT_TRUE(convicts(watch, packet, {}));
  EXPECT_FALSE(convicts(watch, packet, {.gaps = 1, .lost = 1000}));
  EXPECT_FALSE(convicts(watch, packet, {.lost = 1}));
  EXPECT_FALSE(convicts(watch, packet, {.moves = 0}));
}

TEST(SizeWatch, WhatWasSentBeforeTheFirstDatagramIsNotLost) {
  EXPECT_FALSE(convicts(size_watch{full, start}, 1'000'000, {.lost = 1}));
}

TEST(SizeWatch, DatagramsThatOvertakeOneAnotherAreNotLost) {
  size_watch watch{full, start};
  for (std::uint64_t packet = 2; packet < 1000; packet += 2) {
    watch.arrived(start, packet, small);
    watch.arrived(start, packet - 1, small);
    watch.sender_moved();
  }
  EXPECT_FALSE(watch.find(start + seconds(60))) << "one a pair is not many";
}

} // namespace
} // namespace size_watch_test
} // namespace fleetcast::protocol
