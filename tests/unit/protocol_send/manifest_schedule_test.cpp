#include "protocol/require.hpp"
#include "protocol/send/manifest_schedule.hpp"
#include "protocol/wire/data_codec.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::protocol {
namespace manifest_schedule_test {
namespace {

using bodies = std::vector<manifest_schedule::body>;

constexpr auto run = static_cast<block_number>(defaults::manifest_run);
constexpr std::size_t few = 2;

wire::digest digest_of(block_number block) {
  wire::digest result{};
  result.front() = static_cast<std::byte>(block);
  result.back() = std::byte{1};
  return result;
}

/// A schedule for an object of 40 blocks, all of them to be sent, and a look at what it gives out.
struct announcer {
  fixture::identity server;
  wire::manifest_signer signer = server.signer();
  manifest_schedule manifests{40, signer};
  interval_set schedule{defaults::max_schedule_intervals};

  announcer() { EXPECT_TRUE(schedule.insert(0, 40)); }

  void learn(block_number first, block_number end) {
    for (auto b = first; b < end; ++b)
      EXPECT_TRUE(manifests.learn(b, digest_of(b)));
  }

  wire::manifest read(const manifest_schedule::body& body) const {
    const auto message = wire::decode_group_message(*body);
    const auto* m = message ? std::get_if<wire::manifest>(&*message) : nullptr;
    if (!m) {
      ADD_FAILURE() << "no manifest";
      return {};
    }
    const wire::manifest_verifier verifier{server.public_half(), server.transmission()};
    EXPECT_TRUE(verifier.verify(*m));
    for (block_number i = 0; i < m->digests.size(); ++i)
      EXPECT_EQ(m->digests[i], digest_of(m->first_block + i));
    return *m;
  }

  /// The blocks that these manifests tell of.
  std::vector<wire::block_range> blocks_of(std::span<const manifest_schedule::body> all) const {
    std::vector<wire::block_range> result;
    for (const auto& body : all) {
      const auto m = read(body);
      result.push_back({m.first_block, static_cast<std::uint32_t>(m.digests.size())});
    }
    return result;
  }

  /// How often too many were wanted.
  std::size_t ask(const std::vector<wire::block_range>& what, std::uint64_t highest_packet = 0) {
    wire::feedback m;
    m.manifests = what;
    m.highest_packet = highest_packet;
    return manifests.request(m, schedule);
  }

  /// What goes out because it was asked for, as packets from `packet` on.
  std::vector<wire::block_range> take_requested(std::uint64_t packet = 100) {
    bodies all;
    while (auto body = manifests.take_requested(packet++))
      all.push_back(std::move(body));
    EXPECT_TRUE(manifests.validate());
    return blocks_of(all);
  }
};

using ranges = std::vector<wire::block_range>;

wire::feedback asking_for(ranges what) {
  wire::feedback m;
  m.manifests = std::move(what);
  return m;
}

// -- digests --------------------------------------------------------------------------------------

TEST(ManifestSchedule, NoticesABlockThatReadsDifferentlyAndKeepsTheFirstDigest) {
  announcer a;
  a.learn(3, 4);
  EXPECT_TRUE(a.manifests.learn(3, digest_of(3))) << "the same again";
  EXPECT_FALSE(a.manifests.learn(3, digest_of(4)));
  EXPECT_EQ(a.manifests.find(3)->digests, std::vector{digest_of(3)});
}

TEST(ManifestSchedule, FindsThePartOfTheRunAroundABlockThatIsKnown) {
  announcer a;
  a.learn(run - 1, run + 3);
  a.learn(run + 4, run + 6);
  const auto m = a.manifests.find(run + 1);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->first_block, run) << "not before its run";
  EXPECT_EQ(m->digests.size(), 3U) << "not beyond the gap";
  EXPECT_FALSE(a.manifests.find(run + 3));
}

// -- runs -----------------------------------------------------------------------------------------

TEST(ManifestSchedule, ARunIsKnownWhenTheDigestsOfAllThatIsToBeSentAre) {
  announcer a;
  a.learn(0, run - 1);
  EXPECT_FALSE(a.manifests.is_run_known(0, a.schedule));
  a.schedule.erase(run - 1, run);
  EXPECT_TRUE(a.manifests.is_run_known(0, a.schedule));
}

TEST(ManifestSchedule, AnnouncesTheRunFromTheBlockOn) {
  announcer a;
  a.learn(0, 40);
  EXPECT_FALSE(a.manifests.is_announced({0, 5}));
  EXPECT_EQ(a.blocks_of(a.manifests.announce({0, 5}, a.schedule)), (ranges{{5, run - 5}}));
  EXPECT_TRUE(a.manifests.is_announced({0, run - 1}));
  EXPECT_FALSE(a.manifests.is_announced({0, run}));
  EXPECT_FALSE(a.manifests.is_announced({1, 5})) << "each pass announces again";
}

TEST(ManifestSchedule, TheLastRunEndsWithTheObject) {
  announcer a;
  a.learn(0, 40);
  EXPECT_EQ(a.blocks_of(a.manifests.announce({0, 2 * run}, a.schedule)),
            (ranges{{2 * run, 40 - 2 * run}}));
}

TEST(ManifestSchedule, AnnouncesARunWithGapsInSeveralManifests) {
  announcer a;
  a.learn(0, 2);
  a.learn(4, 7);
  a.schedule.erase(2, 4);
  a.schedule.erase(7, run);
  EXPECT_EQ(a.blocks_of(a.manifests.announce({0, 0}, a.schedule)), (ranges{{0, 2}, {4, 3}}));
}

TEST(ManifestSchedule, RepeatsTheSameBytesThreeTimesSpreadOverTheRunWhereDatagramsGetLost) {
  announcer a;
  a.learn(0, 40);
  const auto first = a.manifests.announce({0, run}, a.schedule).front();
  std::vector<block_number> at;
  for (auto b = run; b < 2 * run; ++b)
    if (const auto again = a.manifests.take_repeats({0, b}, few, true); !again.empty()) {
      EXPECT_EQ(again.front(), first) << "not signed once more";
      at.push_back(b);
    }
  EXPECT_EQ(at, (std::vector<block_number>{run + 4, run + 8, run + 12}));
}

TEST(ManifestSchedule, RepeatsNothingWhereNothingGetsLost) {
  announcer a;
  a.learn(0, 40);
  static_cast<void>(a.manifests.announce({0, run}, a.schedule));
  for (auto b = run; b < 2 * run; ++b)
    EXPECT_TRUE(a.manifests.take_repeats({0, b}, 100'000, false).empty());
  EXPECT_TRUE(a.manifests.take_repeats({0, 2 * run - 1}, few, true).empty())
    << "it was time for them, and is over";
}

TEST(ManifestSchedule, RepeatsTheVeryFirstRunForALargeGroupThatCannotHaveSpokenYet) {
  announcer a;
  a.learn(0, 40);
  static_cast<void>(a.manifests.announce({0, 0}, a.schedule));
  EXPECT_TRUE(a.manifests.take_repeats({0, 4}, few, false).empty());
  EXPECT_FALSE(a.manifests.take_repeats({0, 8}, 100'000, false).empty());
  static_cast<void>(a.manifests.announce({1, 0}, a.schedule));
  EXPECT_TRUE(a.manifests.take_repeats({1, 8}, 100'000, false).empty()) << "a later pass";
}

// -- requests -------------------------------------------------------------------------------------

TEST(ManifestSchedule, SendsWhatWasAskedForOnceRunByRun) {
  announcer a;
  a.learn(0, 40);
  EXPECT_EQ(a.ask({{run - 2, 4}, {33, 1}}), 0U);
  EXPECT_EQ(a.ask({{run - 1, 1}}), 0U);
  EXPECT_EQ(a.take_requested(), (ranges{{run - 2, 2}, {run, 2}, {33, 1}}));
  EXPECT_EQ(a.take_requested(), ranges{});
}

TEST(ManifestSchedule, SendsNoneOfBlocksThatAreComingAndWereNotReadYet) {
  announcer a;
  a.learn(2, 4);
  a.learn(6, 7);
  EXPECT_EQ(a.ask({{0, 10}}), 0U);
  EXPECT_EQ(a.take_requested(), (ranges{{2, 2}, {6, 1}}));
  EXPECT_TRUE(a.manifests.take_reads(few).empty()) << "they will be read anyway";
}

TEST(ManifestSchedule, HasBlocksReadThatNobodyWillSendAFewAtATime) {
  announcer a;
  a.schedule.erase(4, 9);
  EXPECT_EQ(a.ask({{2, 10}}), 0U);
  EXPECT_EQ(a.manifests.take_reads(few), (std::vector<block_number>{4, 5}));
  EXPECT_TRUE(a.manifests.take_reads(few).empty());
  EXPECT_EQ(a.ask({{2, 10}}), 0U) << "asked again, it reads nothing twice";
  a.learn(4, 5);
  EXPECT_EQ(a.manifests.take_reads(few), (std::vector<block_number>{6}));
  EXPECT_TRUE(a.manifests.validate());
}

TEST(ManifestSchedule, TellsOfARunOnceAllOfItThatIsToBeReadWasRead) {
  announcer a;
  a.schedule.erase(0, 40);
  EXPECT_EQ(a.ask({{3, 2}, {run - 1, 2}}), 0U);
  EXPECT_EQ(a.manifests.take_reads(10).size(), 4U);
  a.learn(3, 5);
  EXPECT_EQ(a.take_requested(), ranges{});
  a.learn(run - 1, run);
  EXPECT_EQ(a.take_requested(), (ranges{{3, 2}, {run - 1, 1}}));
  a.learn(run, run + 1);
  EXPECT_EQ(a.take_requested(), (ranges{{run, 1}}));
  EXPECT_EQ(a.take_requested(), ranges{}) << "once";
}

TEST(ManifestSchedule, ABlockThatIsReadToBeSentNeedNotBeReadForItsDigest) {
  announcer a;
  a.schedule.erase(0, 40);
  EXPECT_EQ(a.ask({{3, 1}}), 0U);
  a.learn(3, 4);
  EXPECT_TRUE(a.manifests.take_reads(few).empty());
  EXPECT_EQ(a.take_requested(), (ranges{{3, 1}}));
}

TEST(ManifestSchedule, ARequestThatCrossedItsAnswerIsIgnored) {
  announcer a;
  a.learn(0, 40);
  static_cast<void>(a.ask({{3, 1}}));
  EXPECT_EQ(a.take_requested(100).size(), 1U);
  static_cast<void>(a.ask({{3, 1}}, 99));
  EXPECT_EQ(a.take_requested(), ranges{});
  static_cast<void>(a.ask({{3, 1}}, 100));
  EXPECT_EQ(a.take_requested(), (ranges{{3, 1}})) << "its author has seen the answer's packet";
}

TEST(ManifestSchedule, OneMessageAsksForNoMoreThanAReceiverCanLack) {
  const fixture::identity server;
  const auto signer = server.signer();
  const auto most = defaults::max_requested_manifests;
  manifest_schedule manifests{most + 100, signer};
  const interval_set nothing{1};
  for (block_number b = 0; b < most + 100; ++b)
    EXPECT_TRUE(manifests.learn(b, digest_of(b)));
  static_cast<void>(manifests.request(asking_for({{0, 10}, {20, most + 80}}), nothing));
  std::size_t sent = 0;
  while (const auto body = manifests.take_requested(1)) {
    const auto message = wire::decode_group_message(*body);
    ASSERT_TRUE(message);
    sent += std::get<wire::manifest>(*message).digests.size();
  }
  EXPECT_EQ(sent, most);
}

TEST(ManifestSchedule, CountsWhatItIgnoresBecauseTooMuchIsWanted) {
  const fixture::identity server;
  const auto signer = server.signer();
  const auto most = static_cast<block_number>(defaults::max_schedule_intervals);
  manifest_schedule manifests{2 * most + 2, signer};
  const interval_set nothing{1};
  std::size_t ignored = 0;
  for (block_number b = 0; b < 2 * most + 2; b += 2) {
    EXPECT_TRUE(manifests.learn(b, digest_of(b)));
    ignored += manifests.request(asking_for({{b, 1}}), nothing);
  }
  EXPECT_EQ(ignored, 1U);
  EXPECT_TRUE(manifests.validate());
}

TEST(ManifestSchedule, AnnouncesNoRunOfWhichADigestIsLacking) {
  announcer a;
  a.learn(0, run - 1);
  try {
    static_cast<void>(a.manifests.announce({0, 0}, a.schedule));
    ADD_FAILURE() << "it did";
  } catch (const broken_promise& broken) {
    EXPECT_THAT(broken.what(), ::testing::HasSubstr("is_run_known"));
  }
}

} // namespace
} // namespace manifest_schedule_test
} // namespace fleetcast::protocol
