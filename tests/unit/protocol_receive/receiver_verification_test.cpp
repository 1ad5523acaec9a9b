#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace receiver_verification_test {
namespace {

using fixture::bytes;
using receiver_fixture::block_size;
using receiver_fixture::k;
using receiver_fixture::listener;
using receiver_fixture::patience;
using receiver_fixture::ranges;
using receiver_fixture::repairs;
using receiver_fixture::state_of;
using receiver_fixture::symbol_size;
using wire::datagram_type;

TEST(Receiver, GivesNoBlockOutBeforeItsManifestCame) {
  listener l{block_size};
  l.hear_block(0);
  EXPECT_FALSE(l.delivered(0));
  EXPECT_EQ(l.memory.available(), 7U);
  l.hear_all_manifests();
  EXPECT_TRUE(l.delivered(0));
}

TEST(Receiver, AsksForAMissingManifest) {
  listener l{4 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  for (const block_number b : {0U, 1U, 3U})
    l.hear_block(b);
  l.wait(patience);
  EXPECT_EQ(l.take_request().manifests, (ranges{{0, 2}, {3, 1}}));
}

TEST(Receiver, AsksForAMissingManifestAgainWhenItDoesNotCome) {
  listener l{2 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  l.hear_block(0);
  l.wait(patience);
  ASSERT_EQ(l.take_request().manifests, (ranges{{0, 1}}));
  l.hear(l.heartbeat({0, 1}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().manifests, (ranges{{0, 1}}));
}

TEST(Receiver, NamesNoMoreManifestsThanAMessageHolds) {
  listener l{40 * block_size, 40};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  for (block_number b = 0; b < 40; b += 2)
    l.hear_block(b);
  l.wait(patience);
  const auto asked = l.take_request().manifests;
  ASSERT_EQ(asked.size(), wire::max_manifest_ranges);
  for (block_number i = 0; i < asked.size(); ++i)
    EXPECT_EQ(asked[i], (wire::block_range{2 * i, 1}));
}

TEST(Receiver, RefusesAManifestWithAForgedSignature) {
  listener l{block_size};
  const fixture::identity impostor{0x66};
  l.hear(l.object.manifest(0, 1, impostor));
  l.hear_block(0);
  EXPECT_FALSE(l.delivered(0));
  EXPECT_EQ(l.machine.statistics().signature_failures, 1U);
  EXPECT_FALSE(l.machine.failed());
  l.hear_all_manifests();
  EXPECT_TRUE(l.delivered(0));
}

TEST(Receiver, GivesUpWhenManifestsKeepBeingForged) {
  listener l{block_size};
  const fixture::identity impostor{0x66};
  for (unsigned i = 0; i < defaults::max_signature_failures; ++i)
    l.hear(l.object.manifest(0, 1, impostor));
  EXPECT_FALSE(l.machine.failed());
  l.hear(l.object.manifest(0, 1, impostor));
  EXPECT_EQ(l.machine.failed().code, failure_code::signature_invalid);
  EXPECT_FALSE(l.machine.failed().text.empty());
}

TEST(Receiver, AManifestThatTellsNothingNewCostsNoVerification) {
  listener l{2 * block_size};
  const fixture::identity impostor{0x66};
  l.hear(l.object.manifest(0, 2, l.server));
  l.hear_block(0);
  // One block is complete, the other's digest is known: nothing to learn, nothing to check.
  l.hear(l.object.manifest(0, 2, impostor));
  EXPECT_EQ(l.machine.statistics().signature_failures, 0U);
  l.hear_block(1);
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, AFalseSymbolFromInsideTheGroupIsNoticedAndTheBlockAskedForAgain) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.settle();
  // Sealed with the group key, as every member could.
  l.hear(l.voice.say(datagram_type::source, 0, 0, bytes(symbol_size, std::byte{0x66})));
  for (symbol_id id = 1; id < k; ++id)
    l.hear_symbol(0, id);
  EXPECT_FALSE(l.delivered(0));
  EXPECT_EQ(l.machine.statistics().digest_failures, 1U);
  EXPECT_FALSE(l.machine.failed());
  l.hear(l.heartbeat({0, 1}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, k}}));
  for (symbol_id id = 0; id < k; ++id)
    l.hear_symbol(0, static_cast<symbol_id>(k + id));
  EXPECT_TRUE(l.delivered(0));
  l.hear_block(1);
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, ARefusedBlockIsAskedForAgainWithoutAHoldoff) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(0, {1});
  l.hear(l.heartbeat({0, 1}));
  while (l.take_request().repairs.empty())
    l.wait(microseconds(50));
  const auto asked = l.now;
  l.hear(l.voice.say(datagram_type::repair, 0, k, bytes(symbol_size, std::byte{0x66})));
  ASSERT_EQ(l.machine.statistics().digest_failures, 1U);
  l.hear(l.heartbeat({0, 1}));
  const auto wait = defaults::reorder_delay + nack_timer::max_backoff(milliseconds(5), 2);
  ASSERT_LT(l.now + wait, asked + nack_timer::holdoff(milliseconds(5), 2));
  l.wait(wait);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, k}}));
}

TEST(Receiver, GivesUpWhenBlocksKeepFailingTheirDigest) {
  listener l{block_size};
  l.hear_all_manifests();
  const auto false_block = [&] {
    for (symbol_id id = 0; id < k; ++id)
      l.hear(l.voice.say(datagram_type::source, 0, id, bytes(symbol_size, std::byte{0x66})));
  };
  for (unsigned i = 0; i < defaults::max_digest_failures; ++i)
    false_block();
  EXPECT_FALSE(l.machine.failed());
  false_block();
  EXPECT_EQ(l.machine.failed().code, failure_code::content_corrupt);
  EXPECT_FALSE(l.delivered(0));
}

TEST(Receiver, OnceFailedTakesAndSaysNothingMore) {
  listener l{block_size};
  l.hear_all_manifests();
  l.settle();
  for (unsigned i = 0; i <= defaults::max_digest_failures; ++i)
    for (symbol_id id = 0; id < k; ++id)
      l.hear(l.voice.say(datagram_type::source, 0, id, bytes(symbol_size, std::byte{0x66})));
  ASSERT_TRUE(l.machine.failed());
  const auto failed = l.machine.failed();
  l.take_said();
  const auto before = state_of(l);
  l.hear_block(0);
  l.hear(l.heartbeat({5, 0}));
  l.now += seconds(100);
  l.machine.on_time(l.now);
  EXPECT_EQ(state_of(l), before);
  EXPECT_EQ(l.machine.failed(), failed);
  EXPECT_EQ(l.machine.next_event(), never);
  bytes datagram;
  EXPECT_FALSE(l.machine.take_feedback(l.now, datagram));
}

} // namespace
} // namespace receiver_verification_test
} // namespace fleetcast::protocol
