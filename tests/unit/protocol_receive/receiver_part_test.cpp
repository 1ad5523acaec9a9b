#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace receiver_part_test {
namespace {

using fixture::bytes;
using receiver_fixture::block_size;
using receiver_fixture::listener;
using receiver_fixture::patience;
using receiver_fixture::ranges;

TEST(Receiver, OfAPartIsCompleteWhenThatPartIs) {
  listener l{4 * block_size};
  l.hear_all_manifests();
  l.machine.require(l.now, {1, 2});
  l.hear_block(1);
  EXPECT_FALSE(l.machine.complete());
  l.hear_block(0);
  l.hear_block(3);
  EXPECT_FALSE(l.machine.complete());
  l.hear_block(2);
  EXPECT_TRUE(l.machine.complete());
  EXPECT_FALSE(l.delivered(0));
  EXPECT_TRUE(l.delivered(1));
  EXPECT_TRUE(l.delivered(2));
  EXPECT_FALSE(l.delivered(3));
  EXPECT_EQ(l.machine.statistics().bytes, 2 * block_size);
}

TEST(Receiver, OfAPartAsksForNothingElse) {
  listener l{6 * block_size};
  l.settle();
  l.machine.require(l.now, {2, 2});
  l.hear(l.heartbeat({1, 6})); // all went past, nothing will be sent
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{2, 2}}));
}

TEST(Receiver, OfAPartGivesUpWhatItHeldOfTheRest) {
  listener l{4 * block_size};
  const auto free = l.memory.available();
  l.hear_block(0, {1}); // one symbol short
  l.hear_block(3);      // whole, and its manifest is missing
  ASSERT_EQ(l.memory.available(), free - 2);
  l.machine.require(l.now, {1, 2});
  EXPECT_EQ(l.memory.available(), free);
  EXPECT_TRUE(l.machine.validate());
  l.hear_all_manifests();
  EXPECT_FALSE(l.delivered(3));
}

TEST(Receiver, OfAPartKeepsWhatItHadOfIt) {
  listener l{3 * block_size};
  l.hear_all_manifests();
  l.hear_block(1);
  l.hear_block(0);
  l.machine.require(l.now, {1, 1});
  EXPECT_TRUE(l.machine.complete());
  EXPECT_TRUE(l.delivered(1));
}

TEST(Receiver, OfNoPartIsCompleteAtOnceAndSaysSo) {
  listener l{4 * block_size};
  l.settle();
  l.machine.require(l.now, {0, 0});
  EXPECT_TRUE(l.machine.complete());
  l.wait(defaults::min_status_interval);
  const auto said = l.take_said();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.back().completed_blocks, 4U);
}

TEST(Receiver, OfAPartBeyondTheEndTakesWhatThereIs) {
  listener l{3 * block_size};
  l.hear_all_manifests();
  l.machine.require(l.now, {2, std::numeric_limits<std::uint32_t>::max()});
  EXPECT_TRUE(l.machine.validate());
  l.hear_block(2);
  EXPECT_TRUE(l.machine.complete());
}

} // namespace
} // namespace receiver_part_test
} // namespace fleetcast::protocol
