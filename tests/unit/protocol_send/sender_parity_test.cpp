#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <utility>

namespace fleetcast::protocol {
namespace sender_parity_test {
namespace {

using sender_fixture::heartbeats_of;
using sender_fixture::repairs;
using sender_fixture::sent;
using sender_fixture::talker;

TEST(Sender, SendsParityUnaskedOnceALargeGroupAsksForIt) {
  talker t{100};
  for (receiver_id id = 1; id <= 1000; ++id)
    t.join(id, 4000);
  EXPECT_EQ(t.machine.statistics().proactive_symbols, 0U);
  t.run(milliseconds(20));
  auto m = t.feedback();
  m.highest_packet = 200;
  m.received_packets = 180;
  m.lost_packets = 20;
  t.hear(m); // any report tells of losses
  m.repairs = {{0, 1}};
  t.hear(m, 2);
  // What was sent before is topped up, and what comes is followed by as much.
  EXPECT_GT(t.machine.statistics().proactive_symbols, 0U);
  const auto before = t.machine.statistics().proactive_symbols;
  t.run(milliseconds(40));
  EXPECT_GT(t.machine.statistics().proactive_symbols, before);
}

TEST(Sender, LearnsNoLossFromWhoClaimsMoreThanWasSent) {
  talker t{100};
  for (receiver_id id = 1; id <= 1000; ++id)
    t.join(id, 4000);
  t.run(milliseconds(20));
  auto m = t.feedback();
  m.repairs = {{0, 1}};
  m.highest_packet = 1'000'000'000;
  m.received_packets = 500'000'000;
  m.lost_packets = 500'000'000;
  t.hear(m);
  EXPECT_EQ(t.machine.statistics().proactive_symbols, 0U);
}

TEST(Sender, RepeatsTheFirstManifestToACrowdThatNobodyHasSpokenOfYet) {
  for (const std::size_t receivers : {2, 1000}) {
    talker t{3 * defaults::manifest_run};
    for (receiver_id id = 1; id <= receivers; ++id)
      t.join(id, 4000);
    std::map<block_number, int> manifests;
    for (const auto& s : t.run(milliseconds(200)))
      if (const auto m = s.manifest())
        ++manifests[m->first_block];
    const auto repeats = receivers < 100 ? 0 : static_cast<int>(defaults::manifest_repeats);
    EXPECT_EQ(manifests[0], 1 + repeats) << receivers;
    EXPECT_EQ(manifests[defaults::manifest_run], 1) << "nobody lost anything";
  }
}

TEST(Sender, SignsTheManifestOfARunOnceHoweverOftenItIsSent) {
  talker t{8 * defaults::manifest_run};
  for (receiver_id id = 1; id <= 1000; ++id)
    t.join(id, 4000);
  auto all = t.run(milliseconds(20));
  auto m = t.feedback();
  m.highest_packet = 200;
  m.received_packets = 180;
  m.lost_packets = 20;
  m.repairs = {{0, 1}};
  t.hear(m); // losses are known from here on: the manifest of each run is repeated
  auto rest = t.run(milliseconds(200));
  std::move(rest.begin(), rest.end(), std::back_inserter(all));
  // Nothing is freed as long as `all` lives: bytes in one place were made at one time.
  std::map<block_number, std::multiset<const std::byte*>> places;
  for (const auto& s : all)
    if (const auto manifest = s.manifest())
      places[manifest->first_block].insert(s.datagram.payload.data());
  for (const block_number run : {0, 7}) {
    const auto& of_run = places[run * defaults::manifest_run];
    ASSERT_EQ(of_run.size(), 1 + defaults::manifest_repeats) << run;
    EXPECT_EQ(of_run.count(*of_run.begin()), of_run.size()) << run << " was signed again";
  }
}

TEST(Sender, ThousandsThatJoinTogetherAreNotGreetedOneByOne) {
  talker t{100};
  std::size_t heartbeats = 0;
  for (receiver_id id = 1; id <= 1000; ++id) {
    t.join(id);
    heartbeats += heartbeats_of(t.take()).size();
  }
  EXPECT_EQ(heartbeats, 1U);
}

} // namespace
} // namespace sender_parity_test
} // namespace fleetcast::protocol
