/// The simulator's own promises: a network that is kinder than it says would make every simulation
/// worthless.
#include "protocol/require.hpp"
#include "protocol/send/bit_rate.hpp"
#include "protocol/simulation/event_queue.hpp"
#include "protocol/simulation/link.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fleetcast::protocol::simulation {
namespace link_test {
namespace {

constexpr timestamp start = seconds(1);
constexpr int many = 100'000;
constexpr std::size_t size = 1250;

TEST(Link, WithoutOptionsDelaysAndNothingElse) {
  link l{{}, 1};
  for (int i = 0; i < 1000; ++i) {
    const auto now = start + microseconds(i);
    EXPECT_EQ(l.transmit(now, size), (std::vector<timestamp>{now + microseconds(100)}));
  }
}

class LossyLink : public testing::TestWithParam<double> {};

TEST_P(LossyLink, LosesItsShareInRunsOfTheGivenLength) {
  for (const double burst : {1.0, 5.0, 20.0}) {
    link_options o;
    o.loss = GetParam();
    o.mean_burst = burst;
    link l{o, 7};
    int lost = 0;
    int runs = 0;
    bool before = false;
    for (int i = 0; i < many; ++i) {
      const auto now_lost = l.transmit(start, size).empty();
      lost += now_lost ? 1 : 0;
      runs += now_lost && !before ? 1 : 0;
      before = now_lost;
    }
    const auto share = static_cast<double>(lost) / many;
    EXPECT_NEAR(share, o.loss, 0.05 * o.loss + 0.01) << "bursts of " << burst;
    // Independent losses come in runs of 1 / (1 - loss).
    const auto length = burst > 1 ? burst : 1 / (1 - o.loss);
    EXPECT_NEAR(static_cast<double>(lost) / runs, length, 0.1 * length) << "bursts of " << burst;
  }
}

INSTANTIATE_TEST_SUITE_P(Share, LossyLink, testing::Values(0.01, 0.33, 0.66));

/// How often a datagram was lost, and how many were lost in a row on average, sent so far apart.
std::pair<double, double> losses_of(const link_options& o, duration spacing) {
  link l{o, 7};
  int lost = 0;
  int runs = 0;
  bool before = false;
  for (int i = 0; i < many; ++i) {
    const auto now_lost = l.transmit(start + spacing * i, size).empty();
    lost += now_lost ? 1 : 0;
    runs += now_lost && !before ? 1 : 0;
    before = now_lost;
  }
  return {static_cast<double>(lost) / many, static_cast<double>(lost) / runs};
}

TEST(Link, ABurstIsOverAfterItsTimeHoweverLittleIsSent) {
  for (const double loss : {0.2, 0.5})
    for (const bit_rate rate : {bit_rate{0}, bit_rate{1'000'000}, bit_rate{1'000'000'000}}) {
      link_options o;
      o.loss = loss;
      o.mean_burst = 44;
      o.rate = rate;
      // What is sent so rarely meets each burst once: independent losses.
      const auto [share, length] = losses_of(o, seconds(30));
      EXPECT_NEAR(share, loss, 0.01) << rate;
      EXPECT_NEAR(length, 1 / (1 - loss), 0.05) << rate;
    }
}

TEST(Link, HalfOfABurstIsMetAtHalfOfTheRate) {
  link_options o;
  o.loss = 0.2;
  o.mean_burst = 20;
  o.rate = 2'000'000; // 5.8 ms for each datagram of a burst
  const auto [share, length] = losses_of(o, 2 * time_of(1448, o.rate));
  EXPECT_NEAR(share, o.loss, 0.02);
  EXPECT_NEAR(length, o.mean_burst / 2, 1);
}

TEST(Link, WhoSendsAtTheLinksRateMeetsBurstsInFull) {
  link_options o;
  o.loss = 0.2;
  o.mean_burst = 20;
  o.rate = 2'000'000;
  const auto [share, length] = losses_of(o, time_of(1448, o.rate));
  EXPECT_NEAR(share, o.loss, 0.02);
  EXPECT_NEAR(length, o.mean_burst, 2);
}

TEST(Link, JitterReordersWithinItsSpan) {
  link_options o;
  o.jitter = milliseconds(1);
  link l{o, 3};
  timestamp last{};
  int overtaken = 0;
  auto least = o.jitter;
  auto most = duration::zero();
  for (int i = 0; i < many; ++i) {
    const auto now = start + microseconds(10 * i);
    const auto at = l.transmit(now, size).front();
    overtaken += at < last ? 1 : 0;
    last = at;
    least = std::min(least, at - now - o.delay);
    most = std::max(most, at - now - o.delay);
  }
  EXPECT_GT(overtaken, many / 3);
  EXPECT_GE(least, duration::zero());
  EXPECT_LT(most, o.jitter);
  EXPECT_GT(most - least, o.jitter * 9 / 10);
}

TEST(Link, DuplicatesItsShare) {
  link_options o;
  o.duplication = 0.05;
  link l{o, 3};
  std::size_t arrived = 0;
  for (int i = 0; i < many; ++i)
    arrived += l.transmit(start, size).size();
  EXPECT_NEAR(static_cast<double>(arrived) / many, 1.05, 0.005);
}

TEST(Link, ABottleneckLetsItsRateThroughAndDropsWhatItsQueueDoesNotHold) {
  link_options o;
  o.rate = 100'000'000; // 100 us a datagram
  o.queue_bytes = 10 * size;
  link l{o, 3};
  std::size_t arrived = 0;
  timestamp last{};
  for (int i = 0; i < 10'000; ++i) { // twice as many as fit
    const auto now = start + microseconds(50) * i;
    for (const auto at : l.transmit(now, size)) {
      ++arrived;
      EXPECT_GE(at - last, microseconds(100));
      EXPECT_LE(at - now, o.delay + 12 * microseconds(100));
      last = at;
    }
  }
  EXPECT_NEAR(static_cast<double>(arrived), 5000, 20);
}

TEST(Link, TheSameSeedLosesTheSameDatagrams) {
  link_options o;
  o.loss = 0.5;
  link a{o, 3};
  link b{o, 3};
  link c{o, 4};
  int same_as_c = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto lost = a.transmit(start, size).empty();
    EXPECT_EQ(lost, b.transmit(start, size).empty());
    same_as_c += lost == c.transmit(start, size).empty() ? 1 : 0;
  }
  EXPECT_LT(same_as_c, 600);
}

TEST(EventQueue, DoesThingsInTheOrderOfTimeAndThenOfScheduling) {
  event_queue q;
  const auto now = q.now();
  std::vector<int> done;
  const auto note = [&](int what) { return [&done, what] { done.push_back(what); }; };
  q.schedule(now + seconds(2), note(4));
  q.schedule(now + seconds(1), note(2));
  q.schedule(now + seconds(1), note(3));
  q.schedule(now - seconds(1), note(1));
  while (!q.empty())
    q.step();
  EXPECT_EQ(done, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(q.now(), now + seconds(2));
}

TEST(Link, RefusesOptionsThatNoNetworkHas) {
  EXPECT_THROW((link{{.loss = 1.5}, 1}), broken_promise);
  EXPECT_THROW((link{{.mean_burst = 0.5}, 1}), broken_promise);
  EXPECT_THROW((link{{.delay = -microseconds(1)}, 1}), broken_promise);
}

TEST(EventQueue, RefusesToGoOnWithNothingToDo) {
  event_queue events;
  EXPECT_THROW(events.step(), broken_promise);
}

} // namespace
} // namespace link_test
} // namespace fleetcast::protocol::simulation
