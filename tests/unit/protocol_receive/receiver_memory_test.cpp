#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace receiver_memory_test {
namespace {

using receiver_fixture::block_size;
using receiver_fixture::k;
using receiver_fixture::listener;
using wire::drop_reason;

TEST(Receiver, CountsSymbolsItHoldsAlreadyAsDuplicates) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.hear_symbol(0, 0);
  l.hear_symbol(0, 0);
  EXPECT_EQ(l.drops(drop_reason::duplicate), 1U);
  for (symbol_id id = 1; id < k; ++id)
    l.hear_symbol(0, id);
  ASSERT_TRUE(l.delivered(0));
  l.hear_symbol(0, 1);
  l.hear_symbol(0, 8);
  EXPECT_EQ(l.drops(drop_reason::duplicate), 3U);
  // They were received all the same: nothing was lost.
  EXPECT_EQ(l.machine.statistics().lost_packets, 0U);
}

TEST(Receiver, ALoneRepairSymbolOpensNoBlock) {
  listener l{2 * block_size};
  l.hear_symbol(1, 6);
  EXPECT_EQ(l.drops(drop_reason::no_room), 1U);
  EXPECT_EQ(l.memory.available(), l.memory.capacity());
}

TEST(Receiver, WithoutAFreeBlockDropsWhatWouldOpenOne) {
  listener l{8 * block_size, 4};
  l.hear_all_manifests();
  for (block_number b = 0; b < 4; ++b)
    l.hear_symbol(b, 0);
  l.hear_symbol(4, 0);
  EXPECT_EQ(l.drops(drop_reason::no_room), 1U);
  // Blocks in assembly go on.
  l.hear_block(2, {0});
  EXPECT_TRUE(l.delivered(2));
  l.hear_symbol(4, 1);
  EXPECT_EQ(l.drops(drop_reason::no_room), 2U);
  l.release_blocks();
  l.hear_symbol(4, 2);
  EXPECT_EQ(l.drops(drop_reason::no_room), 2U);
  EXPECT_EQ(l.memory.available(), 0U);
}

TEST(Receiver, ItsLimitIsHowManyBlocksFitBesideThoseItHolds) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  EXPECT_EQ(l.machine.limit(), (position{0, 4}));
  l.hear_block(0);
  // Delivered, but the consumer still holds it.
  EXPECT_EQ(l.machine.limit(), (position{0, 4}));
  l.release_blocks();
  EXPECT_EQ(l.machine.limit(), (position{0, 5}));
  l.hear_symbol(1, 0);
  EXPECT_EQ(l.machine.limit(), (position{0, 5}));
}

TEST(Receiver, ItsLimitCountsOnlyBlocksItHasNothingOf) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  for (const block_number b : {2U, 3U}) {
    l.hear_block(b);
    l.release_blocks();
  }
  // The sender is at 3; ahead lie 4, 5, 6, 7.
  EXPECT_EQ(l.machine.limit(), (position{0, 8}));
  l.hear(l.heartbeat({0, 19}));
  // 19 ahead; then, in the next pass, 0, 1 and 4.
  EXPECT_EQ(l.machine.limit(), (position{1, 5}));
}

TEST(Receiver, WithRoomForAllTheRestHasNoLimit) {
  listener l{4 * block_size, 4};
  EXPECT_EQ(l.machine.limit(), unlimited);
}

} // namespace
} // namespace receiver_memory_test
} // namespace fleetcast::protocol
