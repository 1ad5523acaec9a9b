#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace fleetcast::protocol {
namespace known_digests_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::counting;
using sender_fixture::plenty;
using sender_fixture::ranges;
using sender_fixture::sent;
using sender_fixture::talker;

constexpr auto run = static_cast<block_number>(defaults::manifest_run);

/// A server that hashed these blocks before it was started again.
struct restarted : talker {
  restarted() : talker{100} { machine.add_receiver(now, alice, plenty, true); }

  digest_run digests(block_number first, block_number end) const {
    digest_run result{first, {}};
    for (auto b = first; b < end; ++b)
      result.digests.push_back(object.digest_of(b));
    return result;
  }

  bool know(const std::vector<digest_run>& runs) {
    const auto agrees = machine.know(runs);
    EXPECT_TRUE(machine.validate());
    return agrees;
  }

  void ask_for_manifests(const ranges& of) {
    auto m = feedback();
    m.manifests = of;
    ASSERT_TRUE(hear(m));
  }

  /// Whether what was sent tells the digests of these blocks, and they are right.
  void expect_told(const std::vector<sent>& all, block_number first, block_number end) const {
    std::set<block_number> told;
    for (const auto& s : all)
      if (const auto m = s.manifest())
        for (block_number i = 0; i < m->digests.size(); ++i) {
          EXPECT_EQ(m->digests[i], object.digest_of(m->first_block + i));
          told.insert(m->first_block + i);
        }
    for (auto b = first; b < end; ++b)
      EXPECT_TRUE(told.contains(b)) << b;
  }
};

TEST(KnownDigests, AreToldWithoutReadingTheirBlocks) {
  restarted t;
  ASSERT_TRUE(t.know({t.digests(0, 100)}));
  t.ask_for_manifests({{0, 90}});
  const auto all = t.run(seconds(1));
  t.expect_told(all, 0, 90);
  EXPECT_TRUE(t.times_read.empty());
  EXPECT_EQ(t.machine.statistics().digest_reads, 0U);
}

TEST(KnownDigests, LeaveOnlyTheOthersToBeRead) {
  restarted t;
  ASSERT_TRUE(t.know({t.digests(0, 40), t.digests(50, 100)}));
  t.ask_for_manifests({{0, 90}});
  const auto all = t.run(seconds(1));
  t.expect_told(all, 0, 90);
  EXPECT_EQ(t.times_read.size(), 10U);
  EXPECT_EQ(t.machine.statistics().digest_reads, 10U);
}

/// They come from another thread, when they come.
TEST(KnownDigests, ThatComeWhileTheirBlocksAreReadAreToldAtOnce) {
  restarted t;
  t.disk_is_stuck = true;
  t.ask_for_manifests({{0, 50}});
  t.run(milliseconds(20));
  ASSERT_EQ(t.asked.size(), defaults::max_digest_reads);
  ASSERT_TRUE(t.know({t.digests(0, 50)}));
  const auto all = t.run(seconds(1));
  t.expect_told(all, 0, 50);
  EXPECT_EQ(t.times_read.size(), defaults::max_digest_reads);
  t.disk_is_stuck = false;
  t.read(); // what was under way comes all the same
}

TEST(KnownDigests, OfBlocksThatAreSentAreComparedWithWhatIsRead) {
  restarted t;
  ASSERT_TRUE(t.know({t.digests(0, 100)}));
  ASSERT_TRUE(t.hear_wanted({{90, 10}}));
  EXPECT_EQ(blocks_of(t.run(seconds(1))), counting(90, 100));
  EXPECT_EQ(t.times_read.size(), 10U) << "each is read to be sent";
}

TEST(KnownDigests, ThatAreNotThoseOfABlockThatIsReadEndTheTransmissionBeforeItIsSent) {
  restarted t;
  auto wrong = t.digests(0, 100);
  wrong.digests[95].front() ^= std::byte{1};
  ASSERT_TRUE(t.know({wrong}));
  t.disk_is_stuck = true;
  ASSERT_TRUE(t.hear_wanted({{90, 10}}));
  t.run(milliseconds(20));
  ASSERT_EQ(t.asked.size(), 10U);
  for (const auto b : t.asked)
    EXPECT_EQ(t.machine.on_block(b, t.object.block(b), t.object.digest_of(b)).code,
              b == 95 ? failure_code::object_changed : failure_code::none);
  t.asked.clear();
}

TEST(KnownDigests, ThatContradictWhatWasReadAreNotBelievedAtAll) {
  restarted t;
  t.ask_for_manifests({{3, 1}});
  t.run(milliseconds(20));
  ASSERT_EQ(t.times_read.size(), 1U);
  auto wrong = t.digests(0, 10);
  wrong.digests[3].front() ^= std::byte{1};
  EXPECT_FALSE(t.know({t.digests(50, 60), wrong}));
  t.ask_for_manifests({{50, 1}});
  t.run(milliseconds(20));
  EXPECT_EQ(t.times_read.count(50), 1U) << "none of them is";
}

TEST(KnownDigests, AnnounceARunThatIsNotReadYet) {
  restarted t;
  ASSERT_TRUE(t.know({t.digests(0, run)}));
  t.disk_is_stuck = true;
  ASSERT_TRUE(t.hear_wanted({{0, run}}));
  const auto all = t.run(milliseconds(100));
  t.expect_told(all, 0, run);
  EXPECT_TRUE(blocks_of(all).empty());
  t.asked.clear();
}

} // namespace
} // namespace known_digests_test
} // namespace fleetcast::protocol
