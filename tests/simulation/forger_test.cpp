/// A member that forges whatever the group's key lets it: both honest receivers complete, in about their time.
#include "protocol/simulation/group_simulation.hpp"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace fleetcast::protocol::simulation {
namespace forger_test {
namespace {

struct attack {
  std::vector<forgery> kinds;
  bit_rate rate; ///< 0: found
  bool from_elsewhere = false;
  duration interval = milliseconds(5);

  friend void PrintTo(const attack& a, std::ostream* out) {
    *out << "forgeries";
    for (const auto kind : a.kinds)
      *out << " " << static_cast<unsigned>(kind);
    *out << " at " << a.rate << " bit/s, every " << a.interval.count() / 1000 << " us"
         << (a.from_elsewhere ? ", from elsewhere" : "");
  }
};

std::vector<forgery> every_kind() {
  std::vector<forgery> result;
  for (unsigned i = 0; i < forgery_count; ++i)
    result.push_back(static_cast<forgery>(i));
  return result;
}

simulation_options lossy_group(bit_rate rate) {
  simulation_options o;
  o.object_size = 24 * 1024 * 1024;
  o.rate = rate;
  o.uplink.rate = 100'000'000;
  o.uplink.queue_bytes = 256 * 1024;
  for (int i = 0; i < 2; ++i) {
    receiver_options r;
    r.down.delay = r.up.delay = microseconds(500);
    r.down.loss = 0.01;
    o.receivers.push_back(r);
  }
  return o;
}

/// Without anybody who forges.
duration time_alone(bit_rate rate) {
  static std::map<bit_rate, duration> known;
  auto& result = known[rate];
  if (result == duration::zero()) {
    const auto outcome = group_simulation{lossy_group(rate)}.run();
    EXPECT_TRUE(outcome.finished && outcome.all_intact());
    result = outcome.took;
  }
  return result;
}

class Forger : public testing::TestWithParam<attack> {};

TEST_P(Forger, HarmsNobody) {
  auto o = lossy_group(GetParam().rate);
  forger_options f;
  f.kinds = GetParam().kinds;
  f.from_elsewhere = GetParam().from_elsewhere;
  f.interval = GetParam().interval;
  o.forger = f;
  o.validate = f.kinds.size() > 1;
  const auto outcome = group_simulation{o}.run();
  ASSERT_TRUE(outcome.finished);
  for (const auto& r : outcome.receivers) {
    EXPECT_TRUE(r.complete && r.intact) << r.failed.text;
  }
  EXPECT_LE(outcome.took.count() * 10, time_alone(GetParam().rate).count() * 13);
}

std::vector<attack> attacks() {
  std::vector<attack> result;
  for (const auto kind : every_kind())
    result.push_back({{kind}, 80'000'000});
  // A search follows reports closely, and those follow packet numbers.
  for (const auto kind : {forgery::last_packet_number, forgery::near_packet_number,
                          forgery::symbols_of_the_end, forgery::manifests, forgery::heartbeat_slow})
    result.push_back({{kind}, 0});
  result.push_back({every_kind(), 0});
  result.push_back({every_kind(), 80'000'000});
  result.push_back({every_kind(), 80'000'000, true, microseconds(500)});
  return result;
}

INSTANTIATE_TEST_SUITE_P(Simulation, Forger, testing::ValuesIn(attacks()),
                         [](const auto& a) { return "Attack" + std::to_string(a.index); });

/// The forger may be the first that a joiner hears, before any anchor: its pace counts no longer than until that.
TEST(ForgerOfThePace, DoesNotDelayWhoJoinsLate) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    auto o = lossy_group(80'000'000);
    o.object_size = 8 * 1024 * 1024;
    o.receivers.back().join_at = milliseconds(300);
    o.seed = seed;
    const auto alone = group_simulation{o}.run();
    forger_options f;
    f.kinds = {forgery::heartbeat_slow};
    o.forger = f;
    const auto outcome = group_simulation{o}.run();
    ASSERT_TRUE(alone.finished && outcome.finished && outcome.all_intact()) << "seed " << seed;
    EXPECT_LE(outcome.took.count() * 10, alone.took.count() * 13) << "seed " << seed;
  }
}

TEST(ForgerAbsent, NobodyIsSuspected) {
  auto o = lossy_group(0);
  // Datagrams overtake one another by some milliseconds, and come twice.
  o.receivers.front().down.jitter = milliseconds(5);
  o.receivers.front().down.duplication = 0.01;
  for (const std::uint64_t seed : {1, 2, 3}) {
    o.seed = seed;
    const auto outcome = group_simulation{o}.run();
    ASSERT_TRUE(outcome.finished && outcome.all_intact()) << "seed " << seed;
    for (const auto& r : outcome.receivers)
      EXPECT_EQ(r.statistics.contradictions, 0U) << "seed " << seed;
  }
}

} // namespace
} // namespace forger_test
} // namespace fleetcast::protocol::simulation
