#include "protocol/defaults.hpp"
#include "protocol/send/group.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace group_test {
namespace {

constexpr timestamp start = seconds(100);
constexpr duration consent = milliseconds(20);

wire::feedback with_limit(position limit) {
  wire::feedback m;
  m.limit = limit;
  return m;
}

/// An echo of a heartbeat sent at `sent_at`, held for `held`.
wire::feedback with_echo(timestamp sent_at, duration held = {}) {
  wire::feedback m;
  m.echo_sent_at = static_cast<std::uint64_t>(sent_at.count());
  m.echo_held = held;
  return m;
}

TEST(Group, WithoutMembersHasNoEdge) {
  const group g{};
  EXPECT_TRUE(g.empty());
  EXPECT_EQ(g.edge(start, consent, {0, 3}), unlimited);
}

TEST(Group, ItsEdgeIsTheLowestLimit) {
  group g;
  g.add(start, 1, {0, 9});
  g.add(start, 2, {0, 4});
  g.add(start, 3, {1, 0});
  EXPECT_EQ(g.edge(start, consent, {0, 2}), (position{0, 4}));
  g.remove(2);
  EXPECT_EQ(g.edge(start, consent, {0, 2}), (position{0, 9}));
}

TEST(Group, KnowsWhoHasRoomForTheLeastAndWhoLacksTheMost) {
  group g;
  EXPECT_EQ(g.nearest_limit(), std::nullopt);
  EXPECT_EQ(g.least_complete(), std::nullopt);
  for (const receiver_id id : {1U, 2U, 3U})
    g.add(start, id, {0, 9});
  wire::feedback m;
  m.limit = {0, 5};
  m.completed_blocks = 7;
  g.update(start, 2, m);
  m.limit = {0, 8};
  m.completed_blocks = 2;
  g.update(start, 1, m);
  m.completed_blocks = 1;
  g.update(start, 3, m);
  EXPECT_EQ(g.nearest_limit(), 2U);
  EXPECT_EQ(g.least_complete(), 3U);
}

TEST(Group, ALimitMayAlsoGoDown) {
  group g;
  g.add(start, 1, {0, 9});
  auto m = with_limit({0, 5});
  m.completed_blocks = 1;
  g.update(start, 1, m);
  EXPECT_EQ(g.edge(start, consent, {0, 20}), (position{0, 5}));
}

/// What holds nothing yet cannot be full: else somebody could stop all before anybody has a block.
TEST(Group, ALimitDoesNotGoDownBeforeTheFirstBlock) {
  group g;
  g.add(start, 1, {0, 9});
  g.update(start, 1, with_limit({0, 0}));
  EXPECT_EQ(g.edge(start, consent, {0, 20}), (position{0, 9}));
  g.update(start, 1, with_limit({0, 12}));
  EXPECT_EQ(g.edge(start, consent, {0, 20}), (position{0, 12}));
}

TEST(Group, SilenceConsentsToTheAnnouncedEdgeButNoFurther) {
  group g;
  g.add(start, 1, {0, 4});
  EXPECT_EQ(g.edge(start + consent, consent, {0, 20}), (position{0, 4}));
  const auto later = start + consent + duration{1};
  EXPECT_EQ(g.edge(later, consent, {0, 20}), (position{0, 20}));
  // Its own word may reach further than what was announced.
  EXPECT_EQ(g.edge(later, consent, {0, 2}), (position{0, 4}));
}

TEST(Group, AnObjectionHoldsAsLongAsItIsRepeated) {
  group g;
  g.add(start, 1, {0, 4});
  auto now = start;
  for (int i = 0; i < 100; ++i) {
    now += consent;
    EXPECT_EQ(g.edge(now, consent, {0, 20}), (position{0, 4}));
    g.update(now, 1, with_limit({0, 4}));
  }
}

/// It does not know the edge, so what it says is no objection.
TEST(Group, ADeafMemberConsentsWhileOthersHear) {
  const auto heard = [](position limit, duration held) {
    auto m = with_echo(start - held, held);
    m.limit = limit;
    return m;
  };
  group g;
  g.add(start, 1, {0, 9});
  g.add(start, 2, {0, 4});
  g.update(start, 1, heard({0, 9}, {}));
  g.update(start, 2, with_limit({0, 4})); // never heard a heartbeat
  EXPECT_EQ(g.edge(start, consent, {0, 7}), (position{0, 7}));
  EXPECT_EQ(g.lowest_limit(start, consent), (position{0, 9}));
  g.update(start, 2, heard({0, 4}, defaults::deaf_after));
  EXPECT_EQ(g.edge(start, consent, {0, 7}), (position{0, 4})) << "it hears now";
  EXPECT_EQ(g.lowest_limit(start, consent), (position{0, 4}));
  g.update(start, 2, heard({0, 4}, defaults::deaf_after + milliseconds(1)));
  EXPECT_EQ(g.edge(start, consent, {0, 7}), (position{0, 7})) << "no longer";
  // With nobody left to send to, the sender waits.
  g.update(start, 1, heard({0, 9}, 2 * defaults::deaf_after));
  EXPECT_EQ(g.edge(start, consent, {0, 7}), (position{0, 4}));
  EXPECT_EQ(g.lowest_limit(start, consent), (position{0, 4}));
}

/// The network is cut. Deaf ones speak once in a second or three, and what is sent meanwhile is lost on them.
TEST(Group, WhereAllAreDeafTheirLastWordHolds) {
  group g;
  g.add(start, 1, {});
  g.update(start, 1, with_limit({0, 4})); // no heartbeat has reached it
  const auto later = start + seconds(3);
  EXPECT_EQ(g.edge(later, consent, {0, 7}), (position{0, 4}));
  EXPECT_EQ(g.lowest_limit(later, consent), (position{0, 4}));
}

TEST(Group, NobodyWaitsForAWaivedMemberWhileThereAreOthers) {
  group g;
  g.add(start, 1, {0, 9});
  g.add(start, 2, {0, 4});
  g.waive(2, true);
  EXPECT_EQ(g.edge(start, consent, {0, 6}), (position{0, 6})) << "as if it had consented";
  EXPECT_EQ(g.lowest_limit(start, consent), (position{0, 9}));
  EXPECT_EQ(g.holder(start, consent), 1U);
  EXPECT_EQ(g.nearest_limit(), 1U);
  EXPECT_TRUE(g.someone_counts());
  g.remove(1);
  EXPECT_FALSE(g.someone_counts());
  EXPECT_EQ(g.edge(start, consent, {0, 6}), (position{0, 4})) << "its last word";
  EXPECT_EQ(g.holder(start, consent), 2U);
  EXPECT_EQ(g.nearest_limit(), 2U);
}

TEST(Group, WhoConsentsIsNotTheOneThatHolds) {
  group g;
  g.add(start, 1, {0, 4});
  g.add(start + consent, 2, {0, 9});
  EXPECT_EQ(g.holder(start + consent, consent), 1U);
  EXPECT_EQ(g.holder(start + consent + duration{1}, consent), 2U);
}

TEST(Group, TimeWithoutATurnOfOursIsNobodysSilence) {
  group g;
  g.add(start, 1, {0, 4});
  const auto later = start + seconds(40);
  g.excuse(later, seconds(40));
  EXPECT_EQ(g.edge(later, consent, {0, 20}), (position{0, 4})) << "nobody consented in it";
  EXPECT_TRUE(g.silent(later, seconds(30)).empty());
  EXPECT_TRUE(g.silent(later + seconds(30), seconds(30)).empty());
  EXPECT_EQ(g.silent(later + seconds(31), seconds(30)), std::vector<receiver_id>{1});
}

TEST(Group, KnowsWhetherSomebodyWhoIsStillHereHasSpoken) {
  group g;
  g.add(start, 1, {0, 9});
  g.add(start, 2, {0, 9});
  EXPECT_FALSE(g.someone_spoke());
  g.update(start, 2, with_limit({0, 9}));
  g.update(start, 2, with_limit({0, 9}));
  EXPECT_TRUE(g.someone_spoke());
  g.remove(2);
  EXPECT_FALSE(g.someone_spoke());
}

TEST(Group, UpdateOfAStrangerDoesNothing) {
  group g;
  EXPECT_EQ(g.update(start, 5, with_limit({0, 0})), std::nullopt);
  EXPECT_TRUE(g.empty());
}

TEST(Group, KeepsTheStatusOfAMemberButNotItsRequests) {
  group g;
  g.add(start, 1, {});
  auto m = with_limit({2, 3});
  m.free_blocks = 17;
  m.repairs.push_back({1, 1});
  m.wanted.push_back({1, 1});
  m.manifests.push_back({1, 1});
  ASSERT_TRUE(g.update(start + seconds(1), 1, m));
  const auto& member = g.begin()->second;
  EXPECT_EQ(member.limit, (position{2, 3}));
  EXPECT_EQ(member.heard_at, start + seconds(1));
  EXPECT_EQ(member.last.free_blocks, 17U);
  EXPECT_TRUE(member.last.repairs.empty());
  EXPECT_TRUE(member.last.wanted.empty());
  EXPECT_TRUE(member.last.manifests.empty());
}

TEST(Group, MeasuresTheRoundTripWithoutTheTimeTheEchoWasHeld) {
  group g;
  g.add(start, 1, {});
  const auto rtt = g.update(start + milliseconds(50), 1, with_echo(start, milliseconds(42)));
  EXPECT_EQ(rtt, milliseconds(8));
  EXPECT_EQ(g.grtt(), milliseconds(8));
  EXPECT_EQ(g.begin()->second.rtt, milliseconds(8));
}

TEST(Group, ItsRoundTripFollowsPeaksAtOnceAndForgetsThemSlowly) {
  group g;
  EXPECT_EQ(g.grtt(), defaults::initial_grtt);
  g.add(start, 1, {});
  g.update(start + milliseconds(20), 1, with_echo(start));
  EXPECT_EQ(g.grtt(), milliseconds(20));
  g.update(start + milliseconds(100), 1, with_echo(start));
  EXPECT_EQ(g.grtt(), milliseconds(100));
  g.update(start + milliseconds(20), 1, with_echo(start));
  EXPECT_GT(g.grtt(), milliseconds(90));
  for (int i = 0; i < 1000; ++i)
    g.update(start + milliseconds(20), 1, with_echo(start));
  EXPECT_LT(g.grtt(), milliseconds(21));
}

TEST(Group, ItsRoundTripStaysWithinItsBounds) {
  group g;
  g.add(start, 1, {});
  g.update(start, 1, with_echo(start));
  EXPECT_EQ(g.grtt(), defaults::min_grtt);
  g.update(start + seconds(90), 1, with_echo(start));
  EXPECT_EQ(g.grtt(), defaults::max_grtt);
  // What lay beyond them is not remembered either.
  for (int i = 0; i < 300; ++i)
    g.update(start + milliseconds(20), 1, with_echo(start));
  EXPECT_LT(g.grtt(), milliseconds(100));
}

TEST(Group, AnEchoThatCannotBeTrueMeasuresNothing) {
  group g;
  g.add(start, 1, {});
  EXPECT_EQ(g.update(start, 1, with_echo(start + duration{1})), duration::zero());
  EXPECT_EQ(g.update(start, 1, with_echo(start - seconds(1), seconds(2))), duration::zero());
  EXPECT_EQ(g.update(start, 1, with_echo(start, duration::max())), duration::zero());
  EXPECT_EQ(g.update(start, 1, with_echo({})), duration::zero());
  for (const auto hostile : {UINT64_MAX, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) + 1}) {
    auto m = with_echo({});
    m.echo_sent_at = hostile;
    EXPECT_EQ(g.update(start, 1, m), duration::zero()) << hostile;
  }
  EXPECT_EQ(g.grtt(), defaults::initial_grtt);
}

TEST(Group, NamesThoseThatAreSilent) {
  group g;
  g.add(start, 1, {});
  g.add(start, 2, {});
  g.add(start + seconds(5), 3, {});
  g.update(start + seconds(6), 2, {});
  EXPECT_TRUE(g.silent(start + seconds(30), seconds(30)).empty());
  EXPECT_EQ(g.silent(start + seconds(30) + duration{1}, seconds(30)),
            (std::vector<receiver_id>{1}));
  EXPECT_EQ(g.silent(start + seconds(99), seconds(30)), (std::vector<receiver_id>{1, 2, 3}));
}

TEST(Group, LooksForTheSilentOnlyWhenSomebodyCanBeOneOfThem) {
  group g;
  g.add(start, 1, {});
  g.add(start + seconds(5), 2, {});
  EXPECT_TRUE(g.silent(start + seconds(10), seconds(1000)).empty());
  const auto before = g.heard_since();
  g.update(start + seconds(20), 1, {});
  EXPECT_TRUE(g.silent(start + seconds(21), seconds(30) + (start - before)).empty());
  EXPECT_EQ(g.heard_since(), before) << "it looked, for nothing";
  // The first one could have been silent now; it was not, and then the second is the next who can be.
  EXPECT_TRUE(g.silent(start + seconds(35), seconds(30)).empty());
  EXPECT_EQ(g.heard_since(), start + seconds(5));
  EXPECT_EQ(g.silent(start + seconds(35) + duration{1}, seconds(30)),
            (std::vector<receiver_id>{2}));
}

TEST(Group, KnowsForHowLongAReceiverSaidNothingThatShouldHave) {
  group g;
  g.add(start, 1, {0, 9});
  constexpr duration often = milliseconds(2);
  EXPECT_EQ(g.silence(start + defaults::unheard_after, 1, often), std::nullopt)
    << "it may still be on its way";
  EXPECT_EQ(g.silence(start + seconds(3), 1, often), seconds(3));
  EXPECT_EQ(g.silence(start + seconds(3), 2, often), std::nullopt) << "nobody";
  g.update(start, 1, with_echo(start));
  EXPECT_EQ(g.silence(start + defaults::silent_after, 1, often), std::nullopt);
  EXPECT_EQ(g.silence(start + defaults::silent_after + duration{1}, 1, often),
            defaults::silent_after + duration{1});
}

TEST(Group, OneThatIsDeafOrMaySpeakRarelyIsSilentLater) {
  group g;
  g.add(start, 1, {0, 9});
  g.add(start, 2, {0, 9});
  g.update(start, 1, wire::feedback{}); // it has heard no heartbeat
  g.update(start, 2, with_echo(start));
  constexpr duration often = milliseconds(2);
  EXPECT_EQ(g.silence(start + defaults::silent_after_when_deaf, 1, often), std::nullopt);
  EXPECT_TRUE(g.silence(start + defaults::silent_after_when_deaf + duration{1}, 1, often));
  EXPECT_TRUE(g.silence(start + seconds(3), 2, often));
  const auto rare = seconds(1);
  EXPECT_EQ(g.silence(start + defaults::silent_intervals * rare, 2, rare), std::nullopt);
  EXPECT_TRUE(g.silence(start + defaults::silent_intervals * rare + duration{1}, 2, rare));
}

} // namespace
} // namespace group_test
} // namespace fleetcast::protocol
