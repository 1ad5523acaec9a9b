#include "protocol/require.hpp"
#include "protocol/simulation/random_troubles.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fleetcast::protocol::simulation {
namespace random_troubles_test {
namespace {

TEST(RandomTroubles, GiveEverySeedWhatIsGiven) {
  given_fleet given;
  given.hosts = 100;
  given.losses = 1.5;
  given.between_cuts = seconds(2);
  given.between_coordinator_deaths = duration::zero();
  std::set<double> repeats;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto fleet = random_fleet(seed, given);
    EXPECT_EQ(fleet.seed, seed);
    EXPECT_EQ(fleet.plan.hosts.size(), 100U);
    EXPECT_EQ(fleet.losses, 1.5);
    EXPECT_EQ(fleet.between_cuts, seconds(2));
    EXPECT_EQ(fleet.between_coordinator_deaths, duration::zero());
    repeats.insert(fleet.repeats);
  }
  EXPECT_GT(repeats.size(), 10U);
}

TEST(RandomTroubles, AreTheSameForOneSeedWhateverIsGiven) {
  given_fleet given;
  given.losses = 0;
  const auto drawn = random_fleet(7);
  const auto same = random_fleet(7, given);
  EXPECT_EQ(drawn.plan.hosts.size(), same.plan.hosts.size());
  EXPECT_EQ(drawn.strangers_jobs, same.strangers_jobs);
  EXPECT_EQ(drawn.between_partitions, same.between_partitions);
}

TEST(RandomTroubles, ComeMoreOftenInALargeFleet) {
  given_fleet large;
  large.hosts = 800;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto small = random_fleet(seed);
    const auto crowd = random_fleet(seed, large);
    EXPECT_EQ(crowd.between_agent_deaths, small.between_agent_deaths / 100);
    EXPECT_EQ(crowd.between_coordinator_deaths, small.between_coordinator_deaths);
  }
}

TEST(RandomTroubles, NeedAHost) {
  given_fleet none;
  none.hosts = 0;
  EXPECT_THROW(random_fleet(1, none), broken_promise);
}

TEST(RandomTroubles, LeaveAConnectionWhatIsGiven) {
  given_connection given;
  given.breaks = 100;
  given.spoilt = 0;
  std::set<double> stops;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto connection = random_connection(seed, given);
    EXPECT_EQ(connection.breaks, 100);
    EXPECT_EQ(connection.spoilt, 0);
    stops.insert(connection.stops);
  }
  EXPECT_GT(stops.size(), 10U);
}

} // namespace
} // namespace random_troubles_test
} // namespace fleetcast::protocol::simulation
