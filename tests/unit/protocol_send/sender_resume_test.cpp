/// A sender whose receivers hold blocks of an earlier session.
#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fleetcast::protocol {
namespace sender_resume_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::counting;
using sender_fixture::plenty;
using sender_fixture::ranges;
using sender_fixture::sent;
using sender_fixture::talker;

constexpr auto run = static_cast<block_number>(defaults::manifest_run);

void resume(talker& t, receiver_id id = alice) {
  t.machine.add_receiver(t.now, id, plenty, true);
}

void ask_for_manifests(talker& t, const ranges& of) {
  auto m = t.feedback();
  m.manifests = of;
  ASSERT_TRUE(t.hear(m));
}

ranges manifests_in(const std::vector<sent>& all) {
  ranges result;
  for (const auto& s : all)
    if (const auto m = s.manifest())
      result.push_back({m->first_block, static_cast<std::uint32_t>(m->digests.size())});
  return result;
}

TEST(Sender, WhoseFirstReceiverResumesSendsWhatItWantsOnly) {
  talker t{100};
  resume(t);
  const auto before = t.run(milliseconds(20));
  EXPECT_TRUE(blocks_of(before).empty());
  const auto said = sender_fixture::heartbeats_of(before);
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(said.back().scheduled.empty());
  EXPECT_TRUE(said.back().scheduled_all);
  ASSERT_TRUE(t.hear_wanted({{90, 10}}));
  EXPECT_EQ(blocks_of(t.run(seconds(1))), counting(90, 100));
  EXPECT_EQ(t.times_read.size(), 10U);
}

TEST(Sender, OneThatResumesLaterChangesNothing) {
  talker t{100};
  t.join(bob);
  resume(t);
  EXPECT_EQ(blocks_of(t.run(seconds(1))), counting(0, 100));
}

TEST(Sender, WhoJoinsOneThatResumedGetsAllTheSame) {
  talker t{100};
  resume(t);
  t.run(milliseconds(20));
  t.join(bob);
  ASSERT_TRUE(t.hear_wanted({{0, 100}}, bob));
  EXPECT_EQ(blocks_of(t.run(seconds(1))), counting(0, 100));
}

TEST(Sender, ReadsBlocksForTheirDigestAloneAndTellsItRunByRun) {
  talker t{100};
  resume(t);
  t.run(milliseconds(20));
  ask_for_manifests(t, {{0, 50}});
  const auto all = t.run(seconds(1));
  EXPECT_TRUE(blocks_of(all).empty());
  EXPECT_EQ(manifests_in(all), (ranges{{0, run}, {run, run}, {2 * run, run}, {3 * run, 2}}));
  EXPECT_EQ(t.times_read.size(), 50U);
  EXPECT_EQ(t.machine.cached(0), nullptr) << "they take no place in the cache";
}

TEST(Sender, ReadsAFewForTheirDigestAtATime) {
  talker t{100};
  resume(t);
  t.run(milliseconds(20));
  t.disk_is_stuck = true;
  ask_for_manifests(t, {{0, 50}});
  t.run(milliseconds(20));
  EXPECT_EQ(t.asked.size(), defaults::max_digest_reads);
  t.asked.clear();
}

TEST(Sender, WhatIsToBeSentIsReadBeforeWhatIsReadForItsDigest) {
  talker t{100};
  resume(t);
  t.run(milliseconds(20));
  t.disk_is_stuck = true;
  auto m = t.feedback();
  m.manifests = {{0, 50}};
  m.wanted = {{90, 10}};
  ASSERT_TRUE(t.hear(m));
  t.read();
  ASSERT_EQ(t.asked.size(), 10U + defaults::max_digest_reads);
  EXPECT_TRUE(std::equal(t.asked.begin(), t.asked.begin() + 10, counting(90, 100).begin()));
}

TEST(Sender, OfBlocksThatItWillSendTheManifestsComeWithThem) {
  talker t{100};
  t.join(bob);
  t.disk_is_stuck = true;
  auto m = t.feedback();
  m.manifests = {{0, 100}};
  ASSERT_TRUE(t.hear(m, bob));
  t.read();
  EXPECT_EQ(t.asked.size(), 2 * defaults::manifest_run) << "those read ahead";
}

TEST(Sender, ABlockReadForItsDigestThatReadsDifferentlyLaterIsNoticed) {
  talker t{100};
  resume(t);
  t.run(milliseconds(20));
  ask_for_manifests(t, {{3, 1}});
  t.run(milliseconds(20));
  EXPECT_EQ(t.machine.on_block(3, t.object.block(4), t.object.digest_of(4)).code,
            failure_code::object_changed);
}

} // namespace
} // namespace sender_resume_test
} // namespace fleetcast::protocol
