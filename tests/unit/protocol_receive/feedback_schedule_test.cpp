#include "protocol/defaults.hpp"
#include "protocol/receive/feedback_schedule.hpp"
#include "protocol/require.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fleetcast::protocol {
namespace feedback_schedule_test {
namespace {

constexpr timestamp start = seconds(100);
constexpr std::size_t capacity = 64;
constexpr duration interval = milliseconds(400);
constexpr duration grtt = milliseconds(5);

/// A schedule, a heartbeat that it heard, and a seed of its own.
struct speaker {
  feedback_schedule schedule;
  heard_heartbeat beat;
  timestamp now = start;

  explicit speaker(std::uint64_t seed = 1, bool knows_address = true)
    : schedule(seed, address_proof{knows_address, 1000}, start) {}

  void hear(position edge = {0, 16}, std::uint32_t group_size = 2) {
    wire::heartbeat m;
    m.edge = edge;
    m.grtt = grtt;
    m.group_size = group_size;
    m.status_interval = interval;
    beat.take(now, m);
  }

  void say(position limit) { schedule.on_sent(now, limit, beat); }
  void object(position room) { schedule.plan_objection(now, room, beat); }
};

// -- requests -------------------------------------------------------------------------------------

TEST(FeedbackSchedule, ARequestWaitsForItsBackOffAndForWhatIsOnlyLate) {
  speaker s;
  s.hear();
  s.schedule.report(start + seconds(50));
  s.schedule.plan_request(start, {0, 9}, false, s.beat);
  EXPECT_TRUE(s.schedule.is_request_planned());
  EXPECT_EQ(s.schedule.planned_at(), (position{0, 9}));
  const auto due = s.schedule.request_due();
  EXPECT_GE(due, start + defaults::reorder_delay);
  EXPECT_LE(due, start + defaults::reorder_delay + nack_timer::max_backoff(grtt, 2));
  EXPECT_FALSE(s.schedule.find_due(due - duration{1}));
  EXPECT_TRUE(s.schedule.find_due(due).request);
  EXPECT_FALSE(s.schedule.find_due(due).status);
  EXPECT_EQ(s.schedule.next_event(), due);
  s.schedule.end_request();
  EXPECT_FALSE(s.schedule.is_request_planned());
  EXPECT_FALSE(s.schedule.find_due(due));
}

TEST(FeedbackSchedule, AskingAgainTakesAQuarterOfTheBackOff) {
  speaker s;
  speaker again; // draws the same
  for (auto* one : {&s, &again})
    one->hear({0, 16}, 10'000);
  s.schedule.plan_request(start, {0, 9}, false, s.beat);
  again.schedule.plan_request(start, {0, 9}, true, again.beat);
  const auto wait = [](const speaker& one) {
    return one.schedule.request_due() - start - defaults::reorder_delay;
  };
  EXPECT_GT(wait(s), duration::zero());
  EXPECT_EQ(wait(again), wait(s) / defaults::nack_backoff_factor);
}

TEST(FeedbackSchedule, GoingBackTakesWhatIsAskedForBackToo) {
  speaker s;
  s.hear();
  s.schedule.plan_request(start, {0, 9}, false, s.beat);
  s.schedule.go_back_to({0, 12});
  EXPECT_EQ(s.schedule.planned_at(), (position{0, 9}));
  s.schedule.go_back_to({0, 4});
  EXPECT_EQ(s.schedule.planned_at(), (position{0, 4}));
}

// -- status ---------------------------------------------------------------------------------------

TEST(FeedbackSchedule, SpeaksForItselfWithoutAHeartbeatToo) {
  const speaker s;
  EXPECT_EQ(s.schedule.next_event(), start + defaults::status_keep_alive);
  EXPECT_TRUE(s.schedule.find_due(start + defaults::status_keep_alive).status);
}

TEST(FeedbackSchedule, ReportsAtOnceOrByChanceWithinAStatusInterval) {
  speaker s;
  s.hear();
  s.schedule.report(start + milliseconds(1));
  EXPECT_EQ(s.schedule.next_event(), start + milliseconds(1));
  s.schedule.report_soon(start + milliseconds(2), s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + milliseconds(1)) << "never later than before";
  std::set<timestamp> drawn;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    speaker one{seed};
    one.hear();
    one.schedule.report_soon(start, one.beat);
    EXPECT_GE(one.schedule.next_event(), start);
    EXPECT_LE(one.schedule.next_event(), start + interval);
    drawn.insert(one.schedule.next_event());
  }
  EXPECT_EQ(drawn.size(), 20U);
}

TEST(FeedbackSchedule, IntroducesItselfWithinAStatusIntervalInsteadOfWhatWasPlanned) {
  speaker s;
  s.hear();
  s.schedule.report(start);
  s.schedule.introduce(start + seconds(1), s.beat);
  EXPECT_GT(s.schedule.next_event(), start + seconds(1));
  EXPECT_LE(s.schedule.next_event(), start + seconds(1) + interval);
}

TEST(FeedbackSchedule, RoomForAnEighthOfTheCacheMoreIsNews) {
  speaker s;
  s.hear();
  s.say({0, 20});
  const auto without_news = s.schedule.next_event();
  s.schedule.plan_status(start, {0, 27}, capacity, s.beat);
  EXPECT_EQ(s.schedule.next_event(), without_news);
  s.schedule.plan_status(start, {0, 28}, capacity, s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + interval);
  s.say({0, 20});
  s.schedule.plan_status(start, {1, 0}, capacity, s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + interval) << "room in the next pass is, too";
}

TEST(FeedbackSchedule, TheTinyCachesNewsIsABlock) {
  speaker s;
  s.hear();
  s.say({0, 20});
  s.schedule.plan_status(start, {0, 21}, 4, s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + interval);
}

TEST(FeedbackSchedule, WhoHoldsTheEdgeTellsItsNewsAtOnce) {
  speaker s;
  s.hear({0, 16});
  s.say({0, 15});
  s.schedule.plan_status(start, {0, 30}, capacity, s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + defaults::min_status_interval);
}

TEST(FeedbackSchedule, NewsWaitsForItsShareOfTheBudgetAndNoLonger) {
  speaker s;
  s.hear();
  s.say({0, 20});
  s.schedule.plan_status(start + seconds(5), {0, 40}, capacity, s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + 2 * interval) << "what was planned is sooner";
  s.schedule.report(never);
  s.schedule.plan_status(start + seconds(5), {0, 40}, capacity, s.beat);
  EXPECT_EQ(s.schedule.next_event(), start + seconds(5));
}

TEST(FeedbackSchedule, WithoutNewsSpeaksAfterSomeStatusIntervals) {
  speaker s;
  s.hear();
  s.say({0, 20});
  EXPECT_EQ(s.schedule.next_event(), start + defaults::status_slack * interval);
  EXPECT_FALSE(s.schedule.find_due(start + defaults::status_slack * interval - duration{1}));
}

TEST(FeedbackSchedule, DeafItSpeaksByChanceAboutEveryKeepAlive) {
  std::set<duration> drawn;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    speaker s{seed};
    s.hear();
    s.now += defaults::deaf_after + duration{1};
    s.say({0, 20});
    const auto pause = s.schedule.next_event() - s.now;
    EXPECT_GE(pause, defaults::status_keep_alive / 2);
    EXPECT_LE(pause, defaults::status_keep_alive * 3 / 2);
    drawn.insert(pause);
  }
  EXPECT_EQ(drawn.size(), 20U);
}

// -- objections -----------------------------------------------------------------------------------

TEST(FeedbackSchedule, ObjectsToAnEdgeBeyondItsRoomAfterAShortBackOff) {
  speaker s;
  s.hear({0, 16});
  s.now += seconds(1);
  s.object({0, 15});
  const auto due = s.schedule.next_event();
  EXPECT_LE(due, s.now + nack_timer::max_backoff(grtt, 2) / defaults::nack_backoff_factor);
  EXPECT_TRUE(s.schedule.find_due(due).status);
  s.object({0, 15});
  EXPECT_EQ(s.schedule.next_event(), due) << "another heartbeat draws no other time";
  s.schedule.drop_objection();
  EXPECT_EQ(s.schedule.next_event(), start + defaults::status_keep_alive);
}

TEST(FeedbackSchedule, ObjectsToNoEdgeWithinItsRoom) {
  speaker s;
  s.hear({0, 16});
  s.object({0, 16});
  EXPECT_EQ(s.schedule.next_event(), start + defaults::status_keep_alive);
}

TEST(FeedbackSchedule, AnObjectionThatAnotherOneMadeNeedlessIsDropped) {
  speaker s;
  s.hear({0, 16}, 10'000);
  s.object({0, 15});
  s.hear({0, 15});
  s.object({0, 15});
  EXPECT_EQ(s.schedule.next_event(), start + defaults::status_keep_alive);
}

TEST(FeedbackSchedule, WhoHoldsTheEdgeSaysSoAgainBeforeSilenceIsConsent) {
  speaker s;
  s.hear({0, 16});
  s.say({0, 15});
  s.hear({0, 15}); // the sender knows
  s.object({0, 15});
  EXPECT_EQ(s.schedule.next_event(),
            start + std::max<duration>(2 * grtt, defaults::min_objection_interval));
  s.say({0, 15});
  s.object({0, 15});
  EXPECT_LT(s.schedule.next_event(), start + interval) << "and again";
}

TEST(FeedbackSchedule, WhoHeldTheEdgeAndHasRoomSaysSoAtOnceAsLongAsItsWordCounts) {
  speaker s;
  s.hear({0, 16});
  s.say({0, 15});
  s.now += defaults::consent_heartbeats * defaults::heartbeat_interval + 2 * grtt;
  s.object({0, 16});
  EXPECT_EQ(s.schedule.next_event(), start + defaults::min_status_interval);
  s.schedule.drop_objection();
  s.now += duration{1};
  s.object({0, 17});
  EXPECT_GE(s.schedule.next_event(), start + interval) << "silence was consent";
}

// -- an address that nobody vouched for -----------------------------------------------------------

TEST(FeedbackSchedule, SaysLittleAndSeldomToAnAddressThatIsNotProven) {
  speaker s{1, false};
  s.hear();
  EXPECT_EQ(s.schedule.most_entries(), address_proof::most_entries);
  s.schedule.report(start);
  EXPECT_TRUE(s.schedule.find_due(start)) << "the first word";
  s.say({0, 20});
  s.schedule.report(start);
  EXPECT_FALSE(s.schedule.find_due(start + address_proof::pause - duration{1}));
  EXPECT_TRUE(s.schedule.find_due(start + address_proof::pause));
  EXPECT_EQ(s.schedule.next_event(), start + address_proof::pause);
  s.schedule.on_heard(1000, 1001);
  EXPECT_TRUE(s.schedule.find_due(start));
  EXPECT_GT(s.schedule.most_entries(), defaults::max_repair_requests);
}

TEST(FeedbackSchedule, PlansOneRequestAtATime) {
  speaker s;
  s.hear();
  s.schedule.plan_request(start, {0, 9}, false, s.beat);
  EXPECT_THROW(s.schedule.plan_request(start, {0, 9}, false, s.beat), broken_promise);
}

} // namespace
} // namespace feedback_schedule_test
} // namespace fleetcast::protocol
