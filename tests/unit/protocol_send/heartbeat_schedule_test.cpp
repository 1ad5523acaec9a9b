#include "protocol/defaults.hpp"
#include "protocol/require.hpp"
#include "protocol/send/heartbeat_schedule.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::protocol {
namespace heartbeat_schedule_test {
namespace {

using ranges = std::vector<wire::block_range>;
using repairs = std::vector<wire::block_repair>;

constexpr timestamp start = seconds(100);
constexpr std::uint32_t budget = 500;
constexpr heartbeat_schedule::pace fast{microseconds(10), false};

/// A schedule, and what its heartbeats tell of: 100 blocks, all of them to be sent, and nobody in the group.
struct sending {
  geometry layout = geometry::make(100 * 4 * 64, 64, 4).value();
  interval_set schedule{defaults::max_schedule_intervals};
  group receivers;
  repair_schedule owed{layout};
  heartbeat_schedule beats{budget};
  position next;
  std::optional<block_number> being_sent;

  explicit sending(std::vector<block_number> blocks = {}) {
    if (blocks.empty()) {
      EXPECT_TRUE(schedule.insert(0, 100));
    }
    for (const auto b : blocks)
      EXPECT_TRUE(schedule.insert(b, b + 1));
  }

  wire::heartbeat compose(heartbeat_schedule::pace speed = fast) {
    return beats.compose(start, {schedule, next, being_sent}, receivers, owed, speed);
  }
};

// -- when -----------------------------------------------------------------------------------------

TEST(HeartbeatSchedule, TheFirstIsDueAtOnceAndTheNextAfterThePause) {
  heartbeat_schedule s{budget};
  EXPECT_TRUE(s.is_due(start));
  s.on_sent(start, milliseconds(5));
  EXPECT_EQ(s.next(), start + milliseconds(5));
  EXPECT_FALSE(s.is_due(start + milliseconds(5) - duration{1}));
  EXPECT_TRUE(s.is_due(start + milliseconds(5)));
}

TEST(HeartbeatSchedule, OneThatIsWantedGoesAtOnce) {
  heartbeat_schedule s{budget};
  s.on_sent(start, milliseconds(5));
  s.send_at_once(start + milliseconds(1));
  EXPECT_TRUE(s.is_due(start + milliseconds(1)));
}

TEST(HeartbeatSchedule, AHastenedOneKeepsADistanceFromTheLast) {
  heartbeat_schedule s{budget};
  s.on_sent(start, milliseconds(5));
  s.hasten(start);
  EXPECT_EQ(s.next(), start + defaults::reorder_delay);
  s.hasten(start + milliseconds(3));
  EXPECT_EQ(s.next(), start + defaults::reorder_delay) << "never later than before";
  s.on_sent(start + milliseconds(3), milliseconds(100));
  s.hasten(start + milliseconds(50));
  EXPECT_EQ(s.next(), start + milliseconds(50));
}

TEST(HeartbeatSchedule, IsFrequentWhileBusyAndRareWhenIdle) {
  heartbeat_schedule s{budget};
  s.on_activity(start);
  EXPECT_EQ(s.interval(start + defaults::idle_after, fast), defaults::heartbeat_interval);
  EXPECT_EQ(s.interval(start + defaults::idle_after + duration{1}, fast),
            defaults::idle_heartbeat_interval);
  s.on_activity(start + seconds(2));
  EXPECT_EQ(s.interval(start + seconds(2), fast), defaults::heartbeat_interval);
}

TEST(HeartbeatSchedule, GivesWayToSymbolsAtLowRates) {
  heartbeat_schedule s{budget};
  s.on_activity(start);
  EXPECT_EQ(s.interval(start, {milliseconds(1), false}),
            milliseconds(1) * defaults::datagrams_per_heartbeat);
  EXPECT_EQ(s.interval(start, {seconds(1), false}), defaults::idle_heartbeat_interval);
}

TEST(HeartbeatSchedule, SilenceConsentsAfterSomeHeartbeatsAndTwoRoundTrips) {
  heartbeat_schedule s{budget};
  s.on_activity(start);
  EXPECT_EQ(s.consent_time(start, fast, milliseconds(7)),
            defaults::consent_heartbeats * defaults::heartbeat_interval + milliseconds(14));
}

TEST(HeartbeatSchedule, SharesTheBudgetOfMessagesAmongAllWithinBounds) {
  heartbeat_schedule s{budget};
  EXPECT_EQ(s.status_interval(1000, false), seconds(2));
  EXPECT_EQ(s.status_interval(1000, true), duration{seconds(2)} / defaults::search_status_factor);
  EXPECT_EQ(s.status_interval(1, true), defaults::min_status_interval);
  EXPECT_EQ(s.status_interval(1'000'000, false), defaults::max_status_interval);
}

// -- what -----------------------------------------------------------------------------------------

TEST(HeartbeatSchedule, TellsTheStateOfTheWalk) {
  sending s;
  s.next = {2, 30};
  s.receivers.add(start, 7, unlimited);
  s.receivers.add(start, 8, unlimited);
  const auto h = s.compose();
  EXPECT_EQ(h.sent_at, static_cast<std::uint64_t>(start.count()));
  EXPECT_EQ(h.next, (position{2, 30}));
  EXPECT_EQ(h.edge, (position{2, 30 + defaults::edge_lead}));
  EXPECT_EQ(h.grtt, defaults::initial_grtt);
  EXPECT_EQ(h.group_size, 2U);
  EXPECT_EQ(h.status_interval, milliseconds(4));
  EXPECT_EQ(s.compose({microseconds(10), true}).status_interval, defaults::min_status_interval);
  EXPECT_EQ(h.scheduled, (ranges{{0, 100}}));
  EXPECT_TRUE(h.scheduled_all);
  EXPECT_TRUE(h.repairing.empty());
}

TEST(HeartbeatSchedule, TwoOfOneMomentAreToldApart) {
  sending s;
  const auto end_of_pass = s.compose();
  s.next = {s.next.pass + 1, 0};
  EXPECT_GT(s.compose().sent_at, end_of_pass.sent_at);
}

TEST(HeartbeatSchedule, AnnouncesNoEdgeBeyondTheOneThatSomebodyHoldsAndRemembersIt) {
  sending s;
  s.receivers.add(start, 7, {0, 5});
  EXPECT_EQ(s.compose().edge, (position{0, 5}));
  EXPECT_EQ(s.beats.announced_edge(), (position{0, 5}));
}

TEST(HeartbeatSchedule, WhoWasNotHeardForLongHoldsNoEdge) {
  sending s;
  const auto long_ago = s.beats.consent_time(start, fast, s.receivers.grtt()) + duration{1};
  s.receivers.add(start - long_ago, 7, {0, 5});
  EXPECT_EQ(s.compose().edge, (position{0, defaults::edge_lead}));
}

TEST(HeartbeatSchedule, ABlockBeingSentIsNextAndNamedInItsPlace) {
  sending s{{2, 9}};
  s.next = {1, 6};
  s.being_sent = 5;
  auto h = s.compose();
  EXPECT_EQ(h.next, (position{1, 5}));
  EXPECT_EQ(h.scheduled, (ranges{{2, 1}, {5, 1}, {9, 1}}));
  s.being_sent = 11;
  EXPECT_EQ(s.compose().scheduled, (ranges{{2, 1}, {9, 1}, {11, 1}})) << "also behind all others";
  s.being_sent = 9;
  EXPECT_EQ(s.compose().scheduled, (ranges{{2, 1}, {9, 1}})) << "wanted once more: named once";
}

TEST(HeartbeatSchedule, ListsThatDoNotFitAreCutOffAndItSaysSo) {
  std::vector<block_number> apart;
  for (block_number b = 0; b < wire::max_scheduled_ranges; ++b)
    apart.push_back(2 * b);
  sending s{apart};
  auto h = s.compose();
  EXPECT_EQ(h.scheduled.size(), wire::max_scheduled_ranges);
  EXPECT_TRUE(h.scheduled_all) << "just";
  s.being_sent = 99;
  h = s.compose();
  EXPECT_EQ(h.scheduled.size(), wire::max_scheduled_ranges);
  EXPECT_FALSE(h.scheduled_all);
}

TEST(HeartbeatSchedule, NamesTheRepairsThatAreOwedOldestFirstAsFarAsTheyFit) {
  sending s;
  s.owed.request(40, 3, 0);
  s.owed.request(12, 1, 0);
  EXPECT_EQ(s.compose().repairing, (repairs{{40, 3}, {12, 1}}));
  for (block_number b = 0; b < 100; ++b)
    s.owed.request(b, 1, 0);
  EXPECT_EQ(s.compose().repairing.size(), wire::max_announced_repairs);
}

TEST(HeartbeatSchedule, ABudgetOfNoMessagesIsNone) {
  EXPECT_THROW(heartbeat_schedule{0}, broken_promise);
}

} // namespace
} // namespace heartbeat_schedule_test
} // namespace fleetcast::protocol
