#include "protocol/send/fixed_rate.hpp"
#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace fleetcast::protocol {
namespace sender_repair_test {
namespace {

using fixture::sample_object;
using sender_fixture::alice;
using sender_fixture::block_size;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::k;
using sender_fixture::plenty;
using sender_fixture::repaired;
using sender_fixture::repairs;
using sender_fixture::sent;
using sender_fixture::symbol_size;
using sender_fixture::talker;
using wire::datagram_type;

TEST(Sender, ServesRepairsBeforeNewBlocks) {
  talker t{100};
  t.join(alice);
  t.run(milliseconds(10));
  const auto next = t.machine.next_position().block;
  ASSERT_GT(next, 2U);
  ASSERT_LT(next, 90U);
  ASSERT_TRUE(t.hear_repairs({{1, 3}}));
  t.now += milliseconds(1);
  std::vector<datagram_type> data;
  for (const auto& s : t.take(20))
    if (s.type() != datagram_type::control)
      data.push_back(s.type());
  ASSERT_GT(data.size(), 3U);
  EXPECT_EQ(data[0], datagram_type::repair);
  EXPECT_EQ(data[1], datagram_type::repair);
  EXPECT_EQ(data[2], datagram_type::repair);
  EXPECT_EQ(data[3], datagram_type::source);
}

TEST(Sender, RepairSymbolsRestoreTheBlock) {
  talker t{8};
  t.join(alice);
  t.run(milliseconds(50));
  ASSERT_TRUE(t.hear_repairs({{5, k}}));
  const auto all = t.run(milliseconds(50));
  ASSERT_EQ(repaired(all, 5), (std::vector<symbol_id>{k, k + 1, k + 2, k + 3}));
  for (const auto& s : all) {
    if (s.type() != datagram_type::repair)
      continue;
    const auto expected = t.object.symbol(5, s.symbol());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), s.datagram.payload.begin(),
                           s.datagram.payload.end()));
  }
}

TEST(Sender, AfterTheRepairSymbolsSourceSymbolsAreSentAgain) {
  talker t{2, 1'000'000'000};
  t.join(alice);
  t.run(milliseconds(50));
  std::vector<symbol_id> all;
  while (all.size() < defaults::max_encoding_symbols) {
    ASSERT_TRUE(t.hear_repairs({{1, k}}));
    for (const auto& s : t.run(milliseconds(10))) {
      if (s.type() != datagram_type::repair)
        continue;
      all.push_back(s.symbol());
      const auto expected = t.object.symbol(1, s.symbol());
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), s.datagram.payload.begin(),
                             s.datagram.payload.end()));
    }
  }
  for (symbol_id i = 0; i < defaults::max_encoding_symbols; ++i)
    ASSERT_EQ(all[i], (i + k) % defaults::max_encoding_symbols);
}

TEST(Sender, TheShortLastSymbolTravelsShortAlsoAsRepair) {
  talker t{1};
  t.object = sample_object{block_size - 10, symbol_size, k};
  sender_config c{.layout = t.object.layout()};
  sender s{c, std::make_unique<fixed_rate>(1'000'000'000), t.signer};
  s.add_receiver(t.now, alice, plenty);
  for (const auto b : s.take_reads())
    ASSERT_FALSE(s.on_block(b, t.object.block(b), t.object.digest_of(b)));
  std::size_t last_symbols = 0;
  for (int i = 0; i < 200; ++i) {
    auto m = t.feedback();
    m.repairs = {{0, k}};
    ASSERT_TRUE(s.on_feedback(t.now, alice, m));
    std::vector<outgoing_datagram> out;
    s.take(t.now, 1000, out);
    for (const auto& d : out)
      if (d.header.type != datagram_type::control && d.header.symbol == k - 1) {
        EXPECT_EQ(d.payload.size(), symbol_size - 10U);
        ++last_symbols;
      }
    t.now += milliseconds(1);
  }
  EXPECT_GE(last_symbols, 2U);
}

TEST(Sender, MergesTheRequestsOfManyReceivers) {
  talker t{8};
  for (receiver_id id = 1; id <= 100; ++id)
    t.join(id);
  t.run(milliseconds(50));
  const auto seen = t.machine.statistics();
  t.last_packet = seen.source_datagrams + seen.repair_datagrams + seen.control_datagrams;
  for (receiver_id id = 1; id <= 100; ++id)
    ASSERT_TRUE(t.hear_repairs({{2, static_cast<std::uint16_t>(1 + id % 3)}}, id));
  EXPECT_EQ(repaired(t.run(milliseconds(50)), 2).size(), 3U);
  // A hundred more that crossed the answer on its way.
  for (receiver_id id = 1; id <= 100; ++id)
    ASSERT_TRUE(t.hear_repairs({{2, 3}}, id));
  EXPECT_TRUE(repaired(t.run(milliseconds(50)), 2).empty());
  EXPECT_GE(t.machine.statistics().repairs_covered, 100U);
  EXPECT_EQ(t.machine.statistics().repair_requests, 200U);
  // One that saw the answer and lacks still.
  t.last_packet += 1000;
  ASSERT_TRUE(t.hear_repairs({{2, 1}}));
  EXPECT_EQ(repaired(t.run(milliseconds(50)), 2).size(), 1U);
}

TEST(Sender, WhatWillBeSentWholeNeedsNoRepair) {
  talker t{100};
  t.join(alice);
  t.run(milliseconds(2));
  ASSERT_TRUE(t.hear_repairs({{90, 2}}));
  EXPECT_EQ(t.machine.statistics().repairs_covered, 1U);
  EXPECT_TRUE(repaired(t.run(milliseconds(500)), 90).empty());
}

TEST(Sender, WhatIsToBeSentWholeButCannotBeReachedIsRepaired) {
  talker t{100};
  t.join(alice);
  t.join(bob);
  t.run(seconds(1));
  t.hear_wanted({{3, 50}}, bob);
  // Alice has room for nothing, and holds half of blocks further on.
  auto m = t.feedback();
  m.limit = {1, 3};
  m.completed_blocks = 1;
  m.repairs = {{10, 1}, {11, 2}};
  t.hear(m);
  const auto all = t.run(milliseconds(20));
  EXPECT_TRUE(blocks_of(all).empty());
  EXPECT_EQ(repaired(all, 10).size(), 1U);
  EXPECT_EQ(repaired(all, 11).size(), 2U);
}

TEST(Sender, SendsAManifestAgainThatSomebodyLacks) {
  talker t{40};
  t.join(alice);
  t.run(seconds(1));
  auto m = t.feedback();
  m.manifests = {{3, 2}, {15, 2}};
  m.repairs = {{1, 1}};
  ASSERT_TRUE(t.hear(m));
  std::set<block_number> announced;
  bool repair_seen = false;
  for (const auto& s : t.run(milliseconds(20))) {
    repair_seen = repair_seen || s.type() == datagram_type::repair;
    const auto manifest = s.manifest();
    if (!manifest)
      continue;
    EXPECT_FALSE(repair_seen) << "a manifest frees a whole block: it goes first";
    for (block_number i = 0; i < manifest->digests.size(); ++i)
      announced.insert(manifest->first_block + i);
  }
  EXPECT_EQ(announced, (std::set<block_number>{3, 4, 15, 16}));
  EXPECT_TRUE(repair_seen);
}

TEST(Sender, AManifestRequestThatCrossedItsAnswerIsIgnored) {
  talker t{40};
  t.join(alice);
  t.run(seconds(1));
  const auto s = t.machine.statistics();
  t.last_packet = s.source_datagrams + s.control_datagrams;
  auto m = t.feedback();
  m.manifests = {{3, 1}};
  const auto manifests = [&] {
    int result = 0;
    for (const auto& each : t.run(milliseconds(20)))
      result += each.manifest() ? 1 : 0;
    return result;
  };
  ASSERT_TRUE(t.hear(m));
  EXPECT_EQ(manifests(), 1);
  ASSERT_TRUE(t.hear(m));
  EXPECT_EQ(manifests(), 0);
  m.highest_packet += 1000;
  ASSERT_TRUE(t.hear(m));
  EXPECT_EQ(manifests(), 1);
}

TEST(Sender, AManifestThatWasNeverSentIsNotSentOnRequest) {
  talker t{3 * defaults::manifest_run};
  t.disk_is_stuck = true;
  t.join(alice);
  auto m = t.feedback();
  m.manifests = {{0, 3 * defaults::manifest_run}};
  ASSERT_TRUE(t.hear(m)); // nothing was read yet
  t.disk_is_stuck = false;
  std::map<block_number, int> manifests;
  for (const auto& s : t.run(milliseconds(200)))
    if (const auto manifest = s.manifest())
      ++manifests[manifest->first_block];
  EXPECT_EQ(manifests, (std::map<block_number, int>{{0, 1}, {16, 1}, {32, 1}}));
}

TEST(Sender, OneMessageAsksForNoMoreManifestsThanAReceiverCanLack) {
  talker t{5000, 100'000'000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(seconds(1));
  auto m = t.feedback();
  m.manifests = {{0, 3000}, {3000, 2000}};
  ASSERT_TRUE(t.hear(m));
  block_number next = 0;
  for (const auto& s : t.run(seconds(1)))
    if (const auto manifest = s.manifest()) {
      EXPECT_EQ(manifest->first_block, next);
      next += static_cast<block_number>(manifest->digests.size());
    }
  EXPECT_EQ(next, defaults::max_requested_manifests);
}

/// A request that always lacks as much as can be named, at every second millisecond.
std::vector<sent> besiege(talker& t, const wire::feedback& request, duration how_long) {
  std::vector<sent> result;
  for (const auto end = t.now + how_long; t.now < end;) {
    EXPECT_TRUE(t.hear(request));
    auto some = t.run(milliseconds(2));
    std::move(some.begin(), some.end(), std::back_inserter(result));
  }
  return result;
}

TEST(Sender, RequestsWithoutEndLeaveEveryFourthDatagramToSourceData) {
  for (const auto& [repairs_too, manifests_too] :
       {std::pair{true, false}, {false, true}, {true, true}}) {
    SCOPED_TRACE(testing::Message() << repairs_too << manifests_too);
    talker t{5000};
    t.join(alice);
    t.run(milliseconds(100));
    auto m = t.feedback();
    for (block_number b = 0; repairs_too && b < defaults::max_repair_requests; ++b)
      m.repairs.push_back({b, k});
    if (manifests_too)
      m.manifests = {{0, 300}};
    besiege(t, m, seconds(1)); // spends what was saved up
    const auto before = t.machine.statistics();
    const auto all = besiege(t, m, seconds(1));
    const auto source
      = static_cast<double>(t.machine.statistics().source_datagrams - before.source_datagrams);
    double requested = 0;
    for (const auto& s : all)
      requested
        += s.type() == datagram_type::repair || (s.manifest() && s.manifest()->first_block < 300)
             ? 1
             : 0;
    EXPECT_GT(requested, 100);
    constexpr auto least = 1.0 / defaults::repair_credit_step;
    EXPECT_GT(source / requested, least - 0.02);
    if (repairs_too) {
      EXPECT_LT(source / requested, least + 0.02);
    }
    // With the window shut nothing is left to source data, and all to them.
    t.join(bob, 0);
    auto shut = t.feedback();
    shut.limit = {0, 0};
    shut.completed_blocks = 1;
    t.hear(shut, bob);
    t.run(milliseconds(10));
    std::uint64_t bytes = 0;
    for (const auto& s : besiege(t, m, milliseconds(20))) {
      EXPECT_NE(s.type(), datagram_type::source);
      bytes += s.datagram.payload.size() + wire::header_size + wire::max_seal_size;
    }
    EXPECT_GT(bytes * 8, 180'000U) << "of 200,000 at 10 Mbit/s";
  }
}

} // namespace
} // namespace sender_repair_test
} // namespace fleetcast::protocol
