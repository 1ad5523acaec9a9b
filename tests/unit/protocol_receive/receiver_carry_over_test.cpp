/// A receiver of the next transmission, where the one before ended.
#include "protocol/require.hpp"
#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace fleetcast::protocol {
namespace receiver_carry_over_test {
namespace {

using receiver_fixture::block_size;
using receiver_fixture::k;
using receiver_fixture::listener;
using receiver_fixture::patience;
using receiver_fixture::ranges;
using receiver_fixture::symbol_size;

constexpr block_number blocks = 10;
constexpr std::uint64_t seed = 1;

listener keeper(std::uint64_t content_seed = seed) {
  return listener{blocks * block_size, 16, symbol_size, true, content_seed};
}

/// Has blocks 0 to 5, and one symbol of block 6.
struct Carried : ::testing::Test {
  Carried() {
    before.hear_all_manifests();
    for (block_number b = 0; b < 6; ++b)
      before.hear_block(b);
    before.hear_symbol(6, 0);
  }

  void carry_over() { after.machine.carry_over(after.now, before.machine); }

  /// The sender of the next transmission, which sends nothing by itself.
  void hear_idle_sender() {
    after.settle();
    after.hear(after.heartbeat({0, blocks}));
    after.wait(patience);
  }

  listener before = keeper();
  listener after = keeper();
};

TEST_F(Carried, WhatWasHandedOutDoesNotComeAgainButHasToBeProven) {
  carry_over();
  EXPECT_EQ(after.machine.completed_blocks(), 0U);
  EXPECT_EQ(after.machine.unproven_blocks(), 6U);
  EXPECT_EQ(after.machine.missing(9), (ranges{{6, 4}}));
  hear_idle_sender();
  const auto asked = after.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{6, 4}}));
  EXPECT_EQ(asked.manifests, (ranges{{0, 6}}));
  after.hear_all_manifests();
  EXPECT_EQ(after.machine.unproven_blocks(), 0U);
  EXPECT_EQ(after.machine.completed_blocks(), 6U);
  EXPECT_TRUE(after.machine.take_proven().empty()) << "the consumer has had them";
  EXPECT_EQ(after.machine.statistics().bytes_proven, 0U) << "they are counted already";
  for (block_number b = 6; b < blocks; ++b)
    after.hear_block(b);
  EXPECT_TRUE(after.machine.complete());
  EXPECT_FALSE(after.delivered(5));
  EXPECT_TRUE(after.delivered(6));
}

TEST_F(Carried, IsNotCompleteBeforeAllIsProven) {
  carry_over();
  for (block_number b = 6; b < blocks; ++b)
    after.hear_block(b);
  after.hear(after.object.manifest(6, 4, after.server));
  EXPECT_EQ(after.machine.completed_blocks(), 4U);
  EXPECT_FALSE(after.machine.complete());
  after.hear(after.object.manifest(0, 6, after.server));
  EXPECT_TRUE(after.machine.complete());
}

TEST_F(Carried, FailsWhenTheObjectWasChangedMeanwhile) {
  auto other = keeper(seed + 1);
  other.machine.carry_over(other.now, before.machine);
  other.hear(other.object.manifest(0, 6, other.server));
  EXPECT_EQ(other.machine.failed().code, failure_code::object_changed)
    << other.machine.failed().text;
  EXPECT_NE(other.machine.failed().text.find("block 0, offset 0"), std::string::npos)
    << other.machine.failed().text;
}

TEST_F(Carried, GoesOnFromTransmissionToTransmission) {
  carry_over();
  after.hear(after.object.manifest(0, 3, after.server)); // three are proven again, three are not
  after.hear_block(9);
  after.hear(after.object.manifest(9, 1, after.server));
  auto third = keeper();
  third.machine.carry_over(third.now, after.machine);
  EXPECT_EQ(third.machine.unproven_blocks(), 7U);
  EXPECT_EQ(third.machine.missing(9), (ranges{{6, 3}}));
  third.hear_all_manifests();
  EXPECT_EQ(third.machine.completed_blocks(), 7U);
}

TEST_F(Carried, HoldsWhatItsCallerHolds) {
  listener holder{blocks * block_size, 16, symbol_size, true};
  holder.machine.hold({0, 4});
  holder.machine.on_held(holder.now, 0, holder.object.digest_of(0)); // read, and not told
  holder.machine.on_held(holder.now, 3, holder.object.digest_of(3));
  holder.hear(holder.object.manifest(3, 1, holder.server));
  EXPECT_EQ(holder.machine.take_proven(), (std::vector<block_number>{3}));
  after.machine.carry_over(after.now, holder.machine);
  EXPECT_EQ(after.machine.unproven_blocks(), 1U) << "that which was proven";
  after.hear_all_manifests();
  EXPECT_EQ(after.machine.take_proven(), (std::vector<block_number>{0}));
  after.machine.on_held(after.now, 1, after.object.digest_of(1));
  after.machine.on_held(after.now, 2, std::nullopt);
  EXPECT_EQ(after.machine.take_proven(), (std::vector<block_number>{1}));
  EXPECT_EQ(after.machine.missing(9), (ranges{{2, 1}, {4, 6}}));
  EXPECT_FALSE(after.machine.failed());
}

TEST_F(Carried, WantsThePartOnlyThatWasWanted) {
  before.machine.require(before.now, {4, 4});
  carry_over();
  EXPECT_EQ(after.machine.missing(9), (ranges{{6, 2}}));
  EXPECT_EQ(after.machine.unproven_blocks(), 2U);
  EXPECT_EQ(after.machine.completed_blocks(), 6U);
  after.hear_all_manifests();
  after.hear_block(6);
  after.hear_block(7);
  EXPECT_TRUE(after.machine.complete());
}

TEST_F(Carried, AWishForLessComesAfterItToo) {
  carry_over();
  after.machine.require(after.now, {5, 2});
  EXPECT_EQ(after.machine.unproven_blocks(), 1U);
  after.hear_all_manifests();
  after.hear_block(6);
  EXPECT_TRUE(after.machine.complete());
}

TEST_F(Carried, TakesNoOtherLayoutAndNoReceiverThatKeepsNoDigests) {
  listener shorter{(blocks - 1) * block_size, 16, symbol_size, true};
  EXPECT_THROW(shorter.machine.carry_over(shorter.now, before.machine), broken_promise);
  listener forgetful{blocks * block_size};
  EXPECT_THROW(after.machine.carry_over(after.now, forgetful.machine), broken_promise);
}

} // namespace
} // namespace receiver_carry_over_test
} // namespace fleetcast::protocol
