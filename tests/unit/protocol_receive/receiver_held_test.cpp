#include "protocol/require.hpp"
#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace fleetcast::protocol {
namespace receiver_held_test {
namespace {

using receiver_fixture::block_size;
using receiver_fixture::k;
using receiver_fixture::listener;
using receiver_fixture::patience;
using receiver_fixture::ranges;
using wire::drop_reason;

constexpr block_number blocks = 10;

/// The caller has read blocks [first, end) again, and finds them as they are now.
void find_right(listener& l, block_number first, block_number end) {
  for (auto b = first; b < end; ++b)
    l.machine.on_held(l.now, b, l.object.digest_of(b));
}

/// It finds something else there.
void find_other(listener& l, block_number block) {
  auto digest = l.object.digest_of(block);
  digest.front() ^= std::byte{1};
  l.machine.on_held(l.now, block, digest);
}

/// A sender that sends nothing by itself.
wire::heartbeat idle_heartbeat(listener& l) {
  return l.heartbeat({0, l.object.layout().block_count()});
}

TEST(Receiver, AManifestAloneMakesABlockThatItHoldsComplete) {
  listener l{blocks * block_size};
  l.machine.hold({0, blocks - 1});
  find_right(l, 0, blocks - 1);
  l.hear_all_manifests();
  EXPECT_EQ(l.machine.take_proven(), (std::vector<block_number>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_TRUE(l.machine.take_proven().empty());
  EXPECT_EQ(l.machine.completed_blocks(), blocks - 1);
  EXPECT_EQ(l.machine.statistics().blocks_proven, blocks - 1);
  EXPECT_TRUE(l.blocks.empty()) << "there is nothing to write";
  EXPECT_FALSE(l.machine.complete());
  l.hear_block(blocks - 1);
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, ThatHoldsAllIsCompleteByManifestsAloneAndSaysSo) {
  listener l{blocks * block_size};
  l.machine.hold({0, blocks});
  find_right(l, 0, blocks);
  l.settle();
  l.hear(idle_heartbeat(l));
  l.wait(patience);
  EXPECT_EQ(l.take_request().manifests, (ranges{{0, blocks}}));
  l.hear_all_manifests();
  EXPECT_TRUE(l.machine.complete());
  l.wait(seconds(1));
  ASSERT_FALSE(l.take_said().empty());
}

TEST(Receiver, WantsNothingOfWhatItHoldsAndCountsNoRoomForIt) {
  listener l{blocks * block_size, 2};
  EXPECT_EQ(l.machine.limit(), (position{0, 2}));
  l.machine.hold({1, 5});
  EXPECT_EQ(l.machine.limit(), (position{0, 7}));
  EXPECT_EQ(l.machine.missing(9), (ranges{{0, 1}, {6, 4}}));
  l.settle();
  l.hear(idle_heartbeat(l));
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{0, 1}, {6, 4}}));
  EXPECT_EQ(asked.manifests, (ranges{{1, 5}}));
}

TEST(Receiver, AnotherDigestMakesABlockThatItHoldsUntouched) {
  listener l{blocks * block_size};
  l.machine.hold({0, blocks});
  find_right(l, 0, 4);
  find_other(l, 4);
  find_right(l, 5, blocks);
  l.settle();
  l.hear(idle_heartbeat(l));
  l.hear_all_manifests();
  EXPECT_EQ(l.machine.completed_blocks(), blocks - 1);
  EXPECT_EQ(l.machine.statistics().blocks_refuted, 1U);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{4, 1}}));
  l.hear_block(4);
  l.hear_all_manifests();
  EXPECT_TRUE(l.delivered(4));
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, ABlockThatIsNotThereAfterAllIsWanted) {
  listener l{blocks * block_size};
  l.machine.hold({0, blocks});
  l.settle();
  l.hear(idle_heartbeat(l));
  l.machine.on_held(l.now, 3, std::nullopt);
  EXPECT_EQ(l.machine.statistics().blocks_refuted, 1U);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{3, 1}}));
}

TEST(Receiver, AManifestThatComesBeforeTheBlockIsReadAgainIsKept) {
  listener l{blocks * block_size};
  l.machine.hold({0, blocks});
  l.settle();
  l.hear(idle_heartbeat(l));
  l.hear_all_manifests();
  EXPECT_EQ(l.machine.completed_blocks(), 0U);
  find_right(l, 0, 9);
  EXPECT_EQ(l.machine.completed_blocks(), 9U);
  find_other(l, 9);
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{9, 1}}));
  EXPECT_EQ(asked.manifests, ranges{});
}

TEST(Receiver, AsksForManifestsOfBlocksHeldBeforeTheyAreReadAgain) {
  listener l{blocks * block_size};
  l.machine.hold({2, 5});
  l.settle();
  l.hear(idle_heartbeat(l));
  l.wait(patience);
  EXPECT_EQ(l.take_request().manifests, (ranges{{2, 5}}));
  l.hear(idle_heartbeat(l));
  l.wait(patience);
  EXPECT_EQ(l.take_request().manifests, ranges{}) << "the answer may still come";
  l.hear(l.object.manifest(2, 2, l.server));
  l.wait(patience + defaults::proof_patience);
  l.take_said();
  l.hear(idle_heartbeat(l));
  l.wait(patience);
  EXPECT_EQ(l.take_request().manifests, (ranges{{4, 3}}));
}

TEST(Receiver, ADigestThatItKnewBeforeItHeldTheBlockIsAskedForAgain) {
  listener l{blocks * block_size};
  l.hear_all_manifests();
  l.machine.hold({0, blocks});
  find_right(l, 0, blocks);
  EXPECT_EQ(l.machine.completed_blocks(), 0U);
  l.hear_all_manifests();
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, SymbolsOfABlockThatItHoldsAreDuplicatesAndTakeNoMemory) {
  listener l{blocks * block_size, 2};
  l.machine.hold({0, 5});
  l.hear_block(0);
  EXPECT_EQ(l.drops(drop_reason::duplicate), k);
  EXPECT_EQ(l.memory.available(), l.memory.capacity());
  EXPECT_EQ(l.machine.statistics().lost_packets, 0U);
}

TEST(Receiver, HoldsNothingThatItHasBegunOrCompleted) {
  listener l{blocks * block_size};
  l.hear_all_manifests();
  l.hear_block(0);
  l.hear_symbol(1, 0);
  l.machine.hold({0, 3});
  EXPECT_TRUE(l.machine.validate());
  find_other(l, 0);
  find_other(l, 1);
  EXPECT_EQ(l.machine.statistics().blocks_refuted, 0U);
  l.hear_block(1, {0});
  EXPECT_EQ(l.machine.completed_blocks(), 2U);
}

TEST(Receiver, HoldsWhatThereIsOfARangeBeyondTheEnd) {
  listener l{3 * block_size};
  l.machine.hold({1, std::numeric_limits<std::uint32_t>::max()});
  EXPECT_TRUE(l.machine.validate());
  EXPECT_EQ(l.machine.missing(9), (ranges{{0, 1}}));
}

TEST(Receiver, OfAPartForgetsWhatItHoldsOfTheRest) {
  listener l{4 * block_size};
  l.machine.hold({0, 4});
  find_right(l, 0, 2);
  l.machine.require(l.now, {1, 1});
  EXPECT_TRUE(l.machine.validate());
  EXPECT_FALSE(l.machine.complete());
  l.hear_all_manifests();
  EXPECT_TRUE(l.machine.complete());
  EXPECT_EQ(l.machine.take_proven(), (std::vector<block_number>{1}));
}

TEST(Receiver, ForgedManifestsNeitherProveNorRefute) {
  const fixture::identity somebody{0x11};
  listener l{blocks * block_size};
  l.machine.hold({0, blocks});
  find_right(l, 0, blocks);
  l.hear(l.object.manifest(0, blocks, somebody));
  EXPECT_EQ(l.machine.completed_blocks(), 0U);
  EXPECT_EQ(l.machine.statistics().signature_failures, 1U);
  EXPECT_EQ(l.machine.statistics().blocks_refuted, 0U);
}

TEST(Receiver, EveryBlockHeldHasItsPlaceAmongTheUntouchedOnes) {
  // Every other block is refuted: as many intervals as there can be, beside those that symbols may split off.
  constexpr block_number many = 2 * defaults::max_untouched_intervals + 1000;
  fixture::identity server;
  const auto layout = geometry::make(many, 1, 1).value();
  fixture::counted_memory memory{1, 8};
  receiver machine{fixture::receiver_config_of(layout, server, receiver_fixture::suite), memory,
                   fixture::start};
  machine.hold({0, many});
  for (block_number b = 0; b < many; b += 2)
    machine.on_held(fixture::start, b, std::nullopt);
  EXPECT_EQ(machine.statistics().blocks_refuted, many / 2);
  EXPECT_EQ(machine.missing(many).size(), many / 2);
  EXPECT_TRUE(machine.validate());
}

TEST(Receiver, HoldsNothingThatNobodyCanProve) {
  fixture::identity server;
  const auto layout = geometry::make(1000, 100, 4).value();
  auto config = fixture::receiver_config_of(layout, server, receiver_fixture::suite);
  config.verified = false;
  fixture::counted_memory memory{layout.block_size(), 8};
  receiver machine{config, memory, fixture::start};
  EXPECT_THROW(machine.hold({0, 1}), broken_promise);
}

} // namespace
} // namespace receiver_held_test
} // namespace fleetcast::protocol
