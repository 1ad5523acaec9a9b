#include "protocol/defaults.hpp"
#include "protocol/receive/nack_timer.hpp"
#include "protocol/receive/shortfall.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace fleetcast::protocol {
namespace shortfall_test {
namespace {

using ranges = std::vector<wire::block_range>;
using repairs = std::vector<wire::block_repair>;

constexpr timestamp start = seconds(100);
constexpr std::uint16_t k = 4;
constexpr std::uint16_t symbol_size = 8;
constexpr block_number blocks = 200;
constexpr duration grtt = milliseconds(5);
constexpr std::uint32_t group_size = 16;
constexpr std::size_t any = SIZE_MAX;

const auto first_holdoff = nack_timer::first_holdoff(grtt);
const auto holdoff = nack_timer::holdoff(grtt, group_size);

/// A receiver's blocks, none of which it holds anything of, and what it lacks of them.
struct lacking {
  assemblies begun;
  interval_set untouched{defaults::max_untouched_intervals};
  interval_set untold{defaults::max_untouched_intervals};
  digest_store digests{1000};
  heard_heartbeat beat;
  shortfall what;
  position room = unlimited;
  timestamp now = start;

  lacking() { EXPECT_TRUE(untouched.insert(0, blocks)); }

  /// The sender goes on at `next`, means to send `scheduled`, and that is all.
  void hear(position next, ranges scheduled = {}, bool all = true) {
    wire::heartbeat m;
    m.next = next;
    m.grtt = grtt;
    m.group_size = group_size;
    m.scheduled = std::move(scheduled);
    m.scheduled_all = all;
    beat.take(now, m);
    what.on_heartbeat(m, blocks);
  }

  /// So many symbols of it came, in the first pass.
  assembly& begin(block_number block, std::uint16_t symbols) {
    block_buffer memory{new std::byte[k * symbol_size], std::default_delete<std::byte[]>{}};
    auto& a = begun.emplace(block, assembly{block_assembler{std::move(memory), k, symbol_size}})
                .first->second;
    for (symbol_id s = 0; s < symbols; ++s) {
      std::fill_n(a.symbols.place(s).data(), symbol_size, std::byte{});
      a.symbols.commit(s, symbol_size);
    }
    untouched.erase(block, block + 1);
    return a;
  }

  void complete(block_number first, block_number end) { untouched.erase(first, end); }

  shortfall::holdings have() const { return {begun, untouched, untold, digests, beat, room}; }

  wire::feedback ask(position passed, std::size_t most = any) {
    wire::feedback m;
    const auto lacks = what.lacks_anything(now, passed, have());
    EXPECT_EQ(what.ask(now, passed, have(), begun, most, m), lacks);
    return m;
  }
};

/// Beyond all blocks.
constexpr position at_the_end{0, blocks};

// -- symbols --------------------------------------------------------------------------------------

TEST(Shortfall, OfABlockThatWasPassedSymbolsAreLacking) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 8});
  l.begin(5, 3);
  l.begin(7, 1);
  l.begin(8, 1);
  EXPECT_FALSE(l.what.lacks_anything(l.now, {0, 5}, l.have())) << "it is still being sent";
  EXPECT_EQ(l.ask({0, 8}).repairs, (repairs{{5, 1}, {7, 3}}));
}

TEST(Shortfall, ABlockThatIsBeingSentAgainIsNotPassedYet) {
  lacking l;
  l.complete(0, blocks);
  l.hear({1, 4});
  l.begin(5, 3).pass = 1;
  EXPECT_EQ(l.ask({1, 4}).repairs, repairs{});
  EXPECT_EQ(l.ask({1, 6}).repairs, (repairs{{5, 1}}));
}

TEST(Shortfall, WhatTheSenderAnnouncedIsNotLacking) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 8});
  auto& a = l.begin(5, 2);
  a.announced = 2;
  EXPECT_EQ(l.ask({0, 8}).repairs, repairs{});
  a.announced = 1;
  EXPECT_EQ(l.ask({0, 8}).repairs, (repairs{{5, 2}}));
}

TEST(Shortfall, ABlockThatComesWholeLacksNothingIfThereIsRoomForWhatComesBeforeIt) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 8}, {{5, 1}});
  l.begin(5, 2);
  l.room = {1, 5};
  EXPECT_EQ(l.ask({0, 8}).repairs, (repairs{{5, 2}})) << "the sender would wait for it";
  l.now += first_holdoff;
  l.room = {1, 6};
  EXPECT_EQ(l.ask({0, 8}).repairs, repairs{});
}

TEST(Shortfall, IsAskedForAgainAfterTwoRoundTripsAndThenMorePatiently) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 8});
  l.begin(5, 2);
  EXPECT_FALSE(l.what.asks_again(l.now, {0, 8}, l.have()));
  EXPECT_EQ(l.ask({0, 8}).repairs.size(), 1U);
  l.now += first_holdoff - duration{1};
  EXPECT_EQ(l.ask({0, 8}).repairs, repairs{});
  EXPECT_FALSE(l.what.asks_again(l.now, {0, 8}, l.have()));
  l.now += duration{1};
  EXPECT_TRUE(l.what.asks_again(l.now, {0, 8}, l.have()));
  EXPECT_EQ(l.ask({0, 8}).repairs.size(), 1U);
  l.now += holdoff - duration{1};
  EXPECT_EQ(l.ask({0, 8}).repairs, repairs{});
  l.now += duration{1};
  EXPECT_FALSE(l.what.asks_again(l.now, {0, 8}, l.have())) << "not for the second time only";
  EXPECT_EQ(l.ask({0, 8}).repairs.size(), 1U);
}

TEST(Shortfall, NamesNoMoreBlocksThanAMessageHoldsAndTheRestNext) {
  lacking l;
  l.complete(0, blocks);
  l.hear(at_the_end);
  for (block_number b = 0; b < defaults::max_repair_requests + 3; ++b)
    l.begin(b, 1);
  EXPECT_EQ(l.ask(at_the_end).repairs.size(), defaults::max_repair_requests);
  EXPECT_EQ(l.ask(at_the_end).repairs.size(), 3U);
}

// -- wanted blocks --------------------------------------------------------------------------------

TEST(Shortfall, WantsUntouchedBlocksThatTheSenderDoesNotMeanToSend) {
  lacking l;
  l.complete(20, 30);
  l.hear({0, 10}, {{10, 5}, {40, blocks - 40}});
  EXPECT_EQ(l.ask({0, 10}).wanted, (ranges{{0, 10}, {15, 5}, {30, 10}}));
}

TEST(Shortfall, WantsNothingOfTheScheduleThatItsUntouchedBlocksBeginIn) {
  lacking l;
  l.complete(0, 12);
  l.hear({0, 10}, {{10, 5}});
  EXPECT_EQ(l.ask({0, 10}).wanted, (ranges{{15, blocks - 15}}));
}

TEST(Shortfall, WhereTheSchedulesListWasCutOffNothingIsKnown) {
  lacking l;
  l.hear({0, 10}, {{10, 5}}, false);
  EXPECT_EQ(l.ask({0, 10}).wanted, (ranges{{0, 10}}));
  l.now += holdoff;
  l.hear({0, 10}, {}, false);
  EXPECT_EQ(l.ask({0, 10}).wanted, ranges{});
}

TEST(Shortfall, FollowsTheScheduleAsTheSenderGoesOn) {
  lacking l;
  l.hear({0, 10}, {{0, blocks}});
  EXPECT_EQ(l.ask({0, 10}).wanted, ranges{});
  l.what.on_passed(10, 12);
  EXPECT_EQ(l.ask({0, 12}).wanted, (ranges{{10, 3}}));
}

TEST(Shortfall, WithoutAHeartbeatWantsNothing) {
  const lacking l;
  EXPECT_FALSE(l.what.lacks_anything(l.now, at_the_end, l.have()));
}

TEST(Shortfall, WantsNotAgainBeforeAnAnswerCanHaveCome) {
  lacking l;
  l.hear({0, 10});
  EXPECT_EQ(l.ask({0, 10}).wanted.size(), 1U);
  l.now += holdoff - duration{1};
  EXPECT_EQ(l.ask({0, 10}).wanted, ranges{});
  l.now += duration{1};
  EXPECT_EQ(l.ask({0, 10}).wanted.size(), 1U);
}

TEST(Shortfall, WantsNoMoreRangesThanAMessageHolds) {
  lacking l;
  for (block_number b = 1; b < blocks; b += 2)
    l.complete(b, b + 1);
  l.hear(at_the_end);
  EXPECT_EQ(l.ask(at_the_end).wanted.size(), defaults::max_wanted_ranges);
}

// -- manifests ------------------------------------------------------------------------------------

TEST(Shortfall, OfWholeBlocksWithoutADigestTheManifestsAreLacking) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 3});
  for (const block_number b : {3U, 4U, 5U, 9U})
    l.begin(b, k);
  l.begin(10, k - 1);
  l.digests.put(5, {});
  EXPECT_EQ(l.ask({0, 3}).manifests, (ranges{{3, 2}, {9, 1}}));
}

TEST(Shortfall, AsksForNoManifestAgainBeforeAnAnswerCanHaveCome) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 3});
  l.begin(3, k);
  EXPECT_EQ(l.ask({0, 3}).manifests.size(), 1U);
  l.now += holdoff - duration{1};
  EXPECT_EQ(l.what.lacking_manifests(l.now, l.have()), ranges{});
  l.now += duration{1};
  EXPECT_EQ(l.what.lacking_manifests(l.now, l.have()), (ranges{{3, 1}}));
}

TEST(Shortfall, NamesNoMoreManifestsThanAMessageHolds) {
  lacking l;
  l.complete(0, blocks);
  l.hear({0, 3});
  for (block_number b = 0; b <= 2 * wire::max_manifest_ranges; b += 2)
    l.begin(b, k);
  EXPECT_EQ(l.ask({0, 0}).manifests.size(), wire::max_manifest_ranges);
}

// -- blocks held ----------------------------------------------------------------------------------

TEST(Shortfall, OfBlocksHeldTheManifestsAreLacking) {
  lacking l;
  l.complete(0, blocks);
  EXPECT_TRUE(l.untold.insert(10, 20));
  EXPECT_FALSE(l.what.lacks_anything(l.now, {0, 3}, l.have())) << "nothing is known of the sender";
  l.hear({0, 3});
  EXPECT_EQ(l.ask({0, 3}).manifests, (ranges{{10, 10}}));
}

TEST(Shortfall, AManifestOfABlockHeldThatIsComingNeedNotBeAskedFor) {
  lacking l;
  l.complete(0, blocks);
  EXPECT_TRUE(l.untold.insert(10, 20));
  l.hear({0, 3}, {{12, 4}});
  EXPECT_EQ(l.ask({0, 3}).manifests, (ranges{{10, 2}, {16, 4}}));
}

TEST(Shortfall, WhereTheSchedulesListWasCutOffNoManifestOfBlocksHeldIsAskedFor) {
  lacking l;
  l.complete(0, blocks);
  EXPECT_TRUE(l.untold.insert(10, 20));
  l.hear({0, 3}, {{11, 1}}, false);
  EXPECT_EQ(l.ask({0, 3}).manifests, (ranges{{10, 1}}));
}

TEST(Shortfall, TheManifestsOfBlocksHeldAreAskedForAgainOnceTheAnswersCease) {
  lacking l;
  l.complete(0, blocks);
  EXPECT_TRUE(l.untold.insert(10, 20));
  l.hear({0, 3});
  EXPECT_EQ(l.ask({0, 3}).manifests, (ranges{{10, 10}}));
  l.now += holdoff;
  EXPECT_EQ(l.ask({0, 3}).manifests, ranges{}) << "the sender has to read them";
  l.untold.erase(10, 11);
  l.what.on_proof(l.now);
  l.now += holdoff + defaults::proof_patience - duration{1};
  EXPECT_EQ(l.ask({0, 3}).manifests, ranges{});
  l.now += duration{1};
  EXPECT_EQ(l.ask({0, 3}).manifests, (ranges{{11, 9}}));
}

TEST(Shortfall, ManifestsOfWholeBlocksComeFirst) {
  lacking l;
  l.complete(0, blocks);
  for (block_number b = 0; b < 20; b += 2)
    EXPECT_TRUE(l.untold.insert(b, b + 1));
  l.hear({0, 50});
  l.begin(40, k);
  const auto asked = l.ask({0, 50}).manifests;
  ASSERT_EQ(asked.size(), wire::max_manifest_ranges);
  EXPECT_EQ(asked[0], (wire::block_range{40, 1}));
  EXPECT_EQ(asked[1], (wire::block_range{0, 1}));
}

TEST(Shortfall, OfBlocksHeldFetchesTheManifestsToo) {
  lacking l;
  l.complete(0, blocks);
  EXPECT_TRUE(l.untold.insert(10, 20));
  l.hear({0, 50});
  l.begin(40, k);
  EXPECT_EQ(l.what.manifests_to_fetch(l.now, l.have()), (ranges{{40, 1}, {10, 10}}));
}

TEST(Shortfall, AsksForNoMoreManifestsThanASenderTakesIn) {
  lacking l;
  l.complete(0, blocks);
  constexpr auto most = static_cast<block_number>(defaults::max_requested_manifests);
  EXPECT_TRUE(l.untold.insert(0, 10));
  EXPECT_TRUE(l.untold.insert(20, 2 * most));
  wire::heartbeat m;
  m.grtt = grtt;
  m.group_size = group_size;
  m.scheduled_all = true;
  l.beat.take(l.now, m);
  l.what.on_heartbeat(m, 3 * most);
  EXPECT_EQ(l.ask({0, 0}).manifests, (ranges{{0, 10}, {20, most - 10}}));
}

// -- all of it ------------------------------------------------------------------------------------

TEST(Shortfall, ToAnAddressThatIsNotProvenNamesOneOfEach) {
  lacking l;
  for (block_number b = 100; b < 120; b += 2)
    l.complete(b, b + 1);
  l.hear(at_the_end);
  for (const block_number b : {3U, 9U})
    l.begin(b, 1);
  for (const block_number b : {20U, 22U})
    l.begin(b, k);
  const auto m = l.ask(at_the_end, 1);
  EXPECT_EQ(m.repairs, (repairs{{3, 3}}));
  EXPECT_EQ(m.wanted, (ranges{{0, 3}}));
  EXPECT_EQ(m.manifests, (ranges{{20, 1}}));
}

TEST(Shortfall, WhatIsMissingIsUntouchedOrBegunInRanges) {
  lacking l;
  l.complete(0, blocks);
  EXPECT_EQ(missing_blocks(l.untouched, l.begun, 9), ranges{});
  EXPECT_TRUE(l.untouched.insert(3, 5));
  EXPECT_TRUE(l.untouched.insert(9, 12));
  l.begin(5, 1);
  l.begin(7, k);
  l.begin(10, 1);
  EXPECT_EQ(missing_blocks(l.untouched, l.begun, 9), (ranges{{3, 3}, {7, 1}, {9, 3}}));
  EXPECT_EQ(missing_blocks(l.untouched, l.begun, 2), (ranges{{3, 3}, {7, 1}}));
}

} // namespace
} // namespace shortfall_test
} // namespace fleetcast::protocol
