/// A bottleneck shared with a TCP flow, in virtual time: we get no less than half of what it gets, and no more
/// than twice.
#include "protocol/simulation/group_simulation.hpp"
#include "protocol/simulation/link.hpp"
#include "protocol/simulation/tcp_flow.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

namespace fleetcast::protocol::simulation {
namespace tcp_friendly_test {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;

simulation_options behind(bit_rate bottleneck, duration rtt) {
  simulation_options o;
  o.carried_bytes = 8;
  o.suite = wire::seal_suite::none;
  o.rate = 0;
  o.policy = rate_policy::tcp_friendly;
  o.object_size = bottleneck / 8 * 8; // 16 s at half of it
  o.uplink.rate = bottleneck;
  // A round trip's worth.
  o.uplink.queue_bytes = static_cast<std::size_t>(static_cast<double>(bottleneck) / 8e9
                                                  * static_cast<double>(rtt.count()));
  receiver_options r;
  r.down.delay = r.up.delay = rtt / 2;
  o.receivers.assign(5, r);
  o.tcp_rtt = rtt;
  return o;
}

double rate_of(std::uint64_t bytes, duration took) {
  return static_cast<double>(bytes) * 8e9 / static_cast<double>(took.count());
}

struct path {
  bit_rate bottleneck;
  int rtt_ms;
};

class SharedWithTcp : public testing::TestWithParam<path> {};

/// Who gets how much in ten seconds is chance, so the mean of some runs is bounded, not each of them.
TEST_P(SharedWithTcp, NeitherStarves) {
  constexpr int runs = 16;
  double sum = 0; // of logarithms
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    auto o = behind(GetParam().bottleneck, milliseconds(GetParam().rtt_ms));
    o.tcp_flows = 1;
    o.seed = seed;
    const auto outcome = group_simulation{o}.run();
    ASSERT_TRUE(outcome.all_intact());
    const auto ours = rate_of(outcome.uplink_bytes, outcome.took);
    const auto tcp = rate_of(outcome.tcp_bytes.front(), outcome.took);
    sum += std::log(ours / tcp);
    // Both together leave little of it idle.
    EXPECT_GT((ours + tcp) / static_cast<double>(o.uplink.rate), 0.8) << "seed " << seed;
  }
  EXPECT_GT(std::exp(sum / runs), 0.5);
  EXPECT_LT(std::exp(sum / runs), 2.0);
}

TEST_P(SharedWithTcp, AloneItUsesMostOfThePath) {
  const auto o = behind(GetParam().bottleneck, milliseconds(GetParam().rtt_ms));
  const auto outcome = group_simulation{o}.run();
  ASSERT_TRUE(outcome.all_intact());
  EXPECT_GT(rate_of(outcome.uplink_bytes, outcome.took) / static_cast<double>(o.uplink.rate), 0.9);
}

std::string name_of(const testing::TestParamInfo<path>& info) {
  return std::to_string(info.param.bottleneck / 1'000'000) + "M" + std::to_string(info.param.rtt_ms)
         + "ms";
}

INSTANTIATE_TEST_SUITE_P(Paths, SharedWithTcp,
                         testing::Values(path{20'000'000, 20}, path{50'000'000, 20},
                                         path{50'000'000, 50}, path{100'000'000, 10}),
                         name_of);

// -- the TCP model itself -------------------------------------------------------------------------------

/// Runs a flow alone over a bottleneck for so long.
tcp_flow alone(bit_rate rate, std::size_t queue, duration rtt, duration time) {
  link_options o;
  o.rate = rate;
  o.queue_bytes = queue;
  o.delay = rtt;
  link path{o, 1};
  tcp_flow flow;
  std::multimap<timestamp, std::uint64_t> acknowledgements;
  auto now = seconds(1) + duration{};
  const auto end = now + time;
  while (now < end) {
    flow.on_time(now);
    while (flow.may_send()) {
      const auto segment = flow.send(now);
      for (const auto at : path.transmit(now, tcp_flow::segment_size))
        acknowledgements.emplace(at, segment);
    }
    if (acknowledgements.empty() || flow.next_event() < acknowledgements.begin()->first) {
      now = flow.next_event();
      continue;
    }
    now = acknowledgements.begin()->first;
    flow.on_acknowledged(now, acknowledgements.begin()->second);
    acknowledgements.erase(acknowledgements.begin());
  }
  return flow;
}

TEST(TcpFlow, FillsAPathWithAQueueOfARoundTripsWorth) {
  const auto flow = alone(20'000'000, 50'000, milliseconds(20), seconds(30));
  const auto share
    = static_cast<double>(flow.acknowledged() * tcp_flow::segment_size * 8) / (20e6 * 30);
  EXPECT_GT(share, 0.95);
  EXPECT_LE(share, 1.0);
  EXPECT_GT(flow.lost(), 0U);
}

TEST(TcpFlow, GetsThreeQuartersOfAPathWithoutAQueue) {
  // Its window swings between half of the path's and the path's.
  const auto flow = alone(20'000'000, 3000, milliseconds(50), seconds(60));
  const auto share
    = static_cast<double>(flow.acknowledged() * tcp_flow::segment_size * 8) / (20e6 * 60);
  EXPECT_GT(share, 0.6);
  EXPECT_LT(share, 0.9);
}

TEST(TcpFlow, HalvesItsWindowOnceForARoundTripsLosses) {
  tcp_flow flow;
  const auto now = seconds(1) + duration{};
  for (int i = 0; i < 10; ++i)
    flow.send(now);
  EXPECT_FALSE(flow.may_send());
  // 1 and 2 are lost.
  for (std::uint64_t segment = 3; segment <= 5; ++segment)
    flow.on_acknowledged(now + milliseconds(10), segment);
  EXPECT_EQ(flow.lost(), 2U);
  EXPECT_NEAR(flow.window(), 6.5, 0.01); // half of 10 and the three that were acknowledged
  flow.on_acknowledged(now + milliseconds(10), 7);
  flow.on_acknowledged(now + milliseconds(10), 8);
  flow.on_acknowledged(now + milliseconds(10), 9); // and 6
  EXPECT_EQ(flow.lost(), 3U);
  EXPECT_NEAR(flow.window(), 6.5, 0.01);
}

TEST(TcpFlow, StartsOverAfterATimeOut) {
  tcp_flow flow;
  const auto now = seconds(1) + duration{};
  for (int i = 0; i < 10; ++i)
    flow.send(now);
  ASSERT_EQ(flow.next_event(), now + seconds(1));
  flow.on_time(now + milliseconds(999));
  EXPECT_FALSE(flow.may_send());
  flow.on_time(now + seconds(1));
  EXPECT_TRUE(flow.may_send());
  EXPECT_EQ(flow.window(), 1);
  EXPECT_EQ(flow.lost(), 10U);
}

} // namespace
} // namespace tcp_friendly_test
} // namespace fleetcast::protocol::simulation
