#include "protocol/wire/data_codec.hpp"
#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::protocol {
namespace sender_anchors_test {
namespace {

using sender_fixture::alice;
using sender_fixture::talker;

TEST(Sender, SignsTheFirstHeartbeatAndThenSomeOfThem) {
  talker t{8000};
  t.join(alice);
  t.hear(t.feedback());
  const auto all = t.run(seconds(1));
  const wire::manifest_verifier verifier{t.server.public_half(), t.server.transmission()};
  std::vector<timestamp> at;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto a = all[i].anchor();
    if (!a)
      continue;
    at.push_back(all[i].at);
    EXPECT_TRUE(verifier.verify(*a));
    EXPECT_EQ(a->packet + 1, all[i].packet());
    // It is the heartbeat right before it.
    ASSERT_GT(i, 0U);
    EXPECT_EQ(wire::decode_heartbeat(a->beat), all[i - 1].heartbeat());
  }
  ASSERT_EQ(at.size(), 5U);
  EXPECT_EQ(at.front(), fixture::start);
  for (std::size_t i = 1; i < at.size(); ++i)
    EXPECT_GE(at[i] - at[i - 1], defaults::anchor_interval);
  EXPECT_EQ(t.machine.statistics().anchors, 5U);
}

TEST(Sender, SignsMoreOftenWhenNothingIsLeftToSend) {
  talker t{1};
  t.join(alice);
  t.run(milliseconds(100));
  std::size_t anchors = 0;
  for (const auto& s : t.run(milliseconds(500)))
    anchors += s.anchor() ? 1U : 0U;
  EXPECT_GE(anchors, 15U);
}

TEST(Sender, AnAnchorWaitsForRoom) {
  talker t{4};
  t.join(alice);
  const auto first = t.take(1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(first.front().heartbeat());
  const auto second = t.take(1);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_TRUE(second.front().anchor());
}

TEST(Sender, GivesTheManifestAroundABlock) {
  talker t{20};
  EXPECT_FALSE(t.machine.manifest_of(3));
  t.join(alice);
  t.run(milliseconds(5));
  const auto m = t.machine.manifest_of(3);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->first_block, 0U);
  EXPECT_EQ(m->digests.size(), defaults::manifest_run);
  EXPECT_EQ(m->digests[3], t.object.digest_of(3));
  EXPECT_TRUE(
    (wire::manifest_verifier{t.server.public_half(), t.server.transmission()}.verify(*m)));
}

} // namespace
} // namespace sender_anchors_test
} // namespace fleetcast::protocol
