#include "protocol/require.hpp"
#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace receiver_test {
namespace {

using fixture::bytes;
using receiver_fixture::block_size;
using receiver_fixture::listener;
using receiver_fixture::ranges;
using wire::datagram_type;

TEST(Receiver, DeliversEachBlockOnceItIsWholeAndVouchedFor) {
  listener l{2 * block_size + 100};
  l.hear_all_manifests();
  for (block_number b = 0; b < 3; ++b) {
    EXPECT_FALSE(l.delivered(b));
    l.hear_block(b);
    EXPECT_TRUE(l.delivered(b));
  }
  EXPECT_TRUE(l.machine.complete());
  EXPECT_FALSE(l.machine.failed());
  EXPECT_EQ(l.machine.statistics().bytes, 2 * block_size + 100);
}

TEST(Receiver, TellsWhatIsMissingInRanges) {
  listener l{8 * block_size};
  EXPECT_EQ(l.machine.missing(16), (ranges{{0, 8}}));
  l.hear_all_manifests();
  l.hear_block(2);
  l.hear_block(5);
  // Begun is not complete.
  l.hear_symbol(3, 0);
  EXPECT_EQ(l.machine.missing(16), (ranges{{0, 2}, {3, 2}, {6, 2}}));
  EXPECT_EQ(l.machine.missing(2), (ranges{{0, 2}, {3, 2}}));
  for (block_number b = 0; b < 8; ++b)
    if (!l.delivered(b))
      l.hear_block(b);
  EXPECT_TRUE(l.machine.missing(16).empty());
}

TEST(Receiver, OfAnEmptyObjectIsCompleteAtOnce) {
  const listener l{0};
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, RestoresABlockFromRepairSymbols) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0, {1, 3});
  l.hear_symbol(0, 9);
  EXPECT_FALSE(l.delivered(0));
  l.hear_symbol(0, 5);
  EXPECT_TRUE(l.delivered(0));
  EXPECT_EQ(l.machine.statistics().repaired_symbols, 2U);
  EXPECT_EQ(l.machine.statistics().source_symbols, 2U);
  EXPECT_EQ(l.machine.statistics().repair_symbols, 2U);
}

TEST(Receiver, TakesASourceSymbolThatIsSentAgainAsRepair) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0, {2});
  l.hear(l.voice.say(datagram_type::repair, 0, 2, l.object.symbol(0, 2)));
  EXPECT_TRUE(l.delivered(0));
  EXPECT_EQ(l.machine.statistics().repaired_symbols, 0U);
}

TEST(Receiver, SaysSoonWhenItIsComplete) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(0);
  l.take_said();
  l.hear_block(1);
  // At some moment of its status interval: thousands may be complete at the same time.
  l.wait(defaults::min_status_interval);
  const auto said = l.take_said();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.back().completed_blocks, 2U);
}

TEST(Receiver, RefusesToWorkWithoutMemory) {
  EXPECT_THROW((listener{block_size, 0}), broken_promise);
}

} // namespace
} // namespace receiver_test
} // namespace fleetcast::protocol
