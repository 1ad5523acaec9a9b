#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace sender_feedback_test {
namespace {

using sender_fixture::alice;
using sender_fixture::bob;
using sender_fixture::k;
using sender_fixture::sent;
using sender_fixture::talker;

TEST(Sender, RefusesFeedbackThatNamesUnknownBlocksAndChangesNothing) {
  talker t{10};
  t.join(alice);
  t.run(seconds(2));
  const auto before = t.machine.statistics();
  EXPECT_FALSE(t.hear_repairs({{0, 1}, {10, 1}}));
  EXPECT_FALSE(t.hear_repairs({{UINT32_MAX, 1}}));
  for (const auto& r : {wire::block_range{10, 1},
                        {9, 2},
                        {0, 11},
                        {5, UINT32_MAX},
                        {UINT32_MAX, UINT32_MAX},
                        {UINT32_MAX - 1, 1}}) {
    EXPECT_FALSE(t.hear_wanted({r})) << r.first;
    auto m = t.feedback();
    m.manifests = {r};
    EXPECT_FALSE(t.hear(m)) << r.first;
  }
  for (const auto& s : t.run(milliseconds(500)))
    EXPECT_TRUE(s.is_heartbeat());
  EXPECT_EQ(t.machine.statistics().feedback_messages, before.feedback_messages);
  EXPECT_EQ(t.machine.statistics().repair_requests, before.repair_requests);
}

TEST(Sender, IgnoresFeedbackOfStrangers) {
  talker t{10};
  t.join(alice);
  t.run(seconds(1));
  EXPECT_TRUE(t.hear_repairs({{0, 1}}, bob));
  EXPECT_TRUE(t.hear_wanted({{0, 10}}, bob));
  for (const auto& s : t.run(milliseconds(500)))
    EXPECT_TRUE(s.is_heartbeat());
  EXPECT_EQ(t.machine.statistics().feedback_messages, 0U);
}

TEST(Sender, ARequestForTheBlockUnderWayDoesNotPutItBack) {
  talker t{10};
  t.join(alice);
  while (t.machine.statistics().source_datagrams < 2 * k + 1)
    t.run(microseconds(50));
  t.last_packet = 2; // before anything of it was sent
  t.hear_wanted({{0, 3}});
  t.run(seconds(1));
  EXPECT_EQ(t.machine.statistics().source_datagrams, 10U * k);
}

} // namespace
} // namespace sender_feedback_test
} // namespace fleetcast::protocol
