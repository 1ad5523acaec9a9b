#include "protocol/require.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

namespace fleetcast::protocol {
namespace sender_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::counting;
using sender_fixture::k;
using sender_fixture::repaired;
using sender_fixture::talker;
using wire::datagram_type;

TEST(Sender, SendsNothingToNobody) {
  talker t{8};
  EXPECT_TRUE(t.take().empty());
  EXPECT_TRUE(t.times_read.empty());
  EXPECT_EQ(t.machine.next_event(t.now), never);
}

TEST(Sender, PausedSendsHeartbeatsOnlyAndGoesOnWhereItWas) {
  talker t{8};
  t.join(alice);
  t.run(milliseconds(2)); // block 0 is under way
  t.machine.pause(t.now, true);
  t.hear_repairs({{0, 1}});
  const auto meanwhile = t.run(seconds(5));
  EXPECT_FALSE(meanwhile.empty());
  for (const auto& s : meanwhile)
    EXPECT_TRUE(s.is_heartbeat());
  t.machine.pause(t.now, false);
  const auto after = t.run(seconds(1));
  EXPECT_FALSE(repaired(after, 0).empty());
  EXPECT_EQ(blocks_of(after).back(), 7U);
}

TEST(Sender, TakesAnotherRateFromOneMomentToTheNext) {
  talker t{1000};
  t.join(alice);
  const auto before = t.run(milliseconds(100)).size();
  t.machine.set_rate_controller(std::make_unique<fixed_rate>(1'000'000));
  const auto after = t.run(milliseconds(100)).size();
  EXPECT_GT(before, 5 * after);
  EXPECT_GT(after, 0U);
}

TEST(Sender, BeginsWithAHeartbeatThenTheManifestThenTheBlocks) {
  talker t{8};
  t.join(alice);
  const auto all = t.run(milliseconds(100));
  ASSERT_GE(all.size(), 2 + 8 * k);
  EXPECT_TRUE(all[0].heartbeat());
  EXPECT_TRUE(all[1].anchor());
  const auto manifest = all[2].manifest();
  ASSERT_TRUE(manifest);
  EXPECT_EQ(*manifest, t.object.manifest(0, 8, t.server));
  EXPECT_EQ(all[3].block(), 0U);
  EXPECT_EQ(blocks_of(all), counting(0, 8));
}

TEST(Sender, SendsEverySymbolOnceInOrderWithItsBytes) {
  talker t{20};
  t.join(alice);
  block_number block = 0;
  symbol_id symbol = 0;
  for (const auto& s : t.run(seconds(1))) {
    if (s.type() == datagram_type::control)
      continue;
    ASSERT_EQ(s.type(), datagram_type::source);
    ASSERT_EQ(s.block(), block);
    ASSERT_EQ(s.symbol(), symbol);
    const auto expected = t.object.symbol(block, symbol);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), s.datagram.payload.begin(),
                           s.datagram.payload.end()));
    symbol = static_cast<symbol_id>((symbol + 1) % k);
    block += symbol == 0 ? 1 : 0;
  }
  EXPECT_EQ(block, 20U);
}

TEST(Sender, NumbersItsDatagramsOneByOne) {
  talker t{20};
  t.join(alice);
  std::uint64_t expected = 1;
  for (const auto& s : t.run(milliseconds(500))) {
    EXPECT_EQ(s.packet(), expected++);
    EXPECT_EQ(s.datagram.header.session_tag, fixture::session_tag);
    EXPECT_EQ(s.datagram.header.lane, fixture::lane);
    EXPECT_EQ(s.datagram.header.payload_size, s.datagram.payload.size());
  }
}

TEST(Sender, ASignedManifestPrecedesEveryBlock) {
  talker t{100};
  t.join(alice);
  const wire::manifest_verifier verifier{t.server.public_half(), t.server.transmission()};
  std::set<block_number> announced;
  block_number blocks = 0;
  for (const auto& s : t.run(seconds(1))) {
    if (const auto m = s.manifest()) {
      EXPECT_TRUE(verifier.verify(*m));
      for (block_number i = 0; i < m->digests.size(); ++i) {
        EXPECT_EQ(m->digests[i], t.object.digest_of(m->first_block + i));
        announced.insert(m->first_block + i);
      }
    }
    if (s.type() == datagram_type::source) {
      ASSERT_TRUE(announced.contains(s.block())) << s.block();
      blocks += s.symbol() == 0 ? 1 : 0;
    }
  }
  EXPECT_EQ(blocks, 100U);
}

TEST(Sender, KeepsItsRate) {
  talker t{4000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(milliseconds(100));
  std::uint64_t bits = 0;
  for (const auto& s : t.run(seconds(1)))
    bits += (s.datagram.payload.size() + wire::header_size + wire::max_seal_size) * 8;
  EXPECT_NEAR(static_cast<double>(bits), 10e6, 0.1e6);
}

TEST(Sender, NeverTakesMoreThanItIsAskedFor) {
  talker t{200, 1'000'000'000};
  t.join(alice);
  for (std::size_t max = 0; max < 6; ++max)
    for (int i = 0; i < 40; ++i) {
      t.take(max); // checks it
      t.now += microseconds(50);
      if (i % 10 == 0)
        t.hear_repairs({{0, 3}, {1, 2}});
    }
}

TEST(Sender, AnEmptyObjectIsOnlyHeartbeats) {
  talker t{0};
  t.join(alice);
  const auto all = t.run(milliseconds(100));
  EXPECT_FALSE(all.empty());
  for (const auto& s : all)
    EXPECT_TRUE(s.is_heartbeat());
}

TEST(Sender, PausesWithoutReceiversAndGoesOnWithTheNext) {
  talker t{100};
  t.join(alice);
  const auto first = blocks_of(t.run(milliseconds(5)));
  t.machine.remove_receiver(t.now, alice);
  EXPECT_TRUE(t.run(seconds(1)).empty());
  t.join(bob);
  auto second = t.run(seconds(1));
  ASSERT_TRUE(second.front().heartbeat());
  const auto blocks = blocks_of(second);
  ASSERT_FALSE(blocks.empty());
  EXPECT_LE(blocks.front(), first.back() + 1);
  EXPECT_EQ(blocks.back(), 99U);
}

TEST(Sender, RefusesOptionsThatCannotWork) {
  talker t{8};
  const auto make = [&](auto change, std::unique_ptr<rate_controller> rate) {
    sender_config config{.layout = t.object.layout()};
    change(config);
    const sender made{config, std::move(rate), t.signer};
  };
  const auto rate = [] { return std::make_unique<fixed_rate>(1); };
  EXPECT_NO_THROW(make([](sender_config& c) { c.cache_blocks = 33; }, rate()));
  EXPECT_THROW(make([](sender_config& c) { c.cache_blocks = 32; }, rate()), broken_promise)
    << "no place for a repair beside what is read ahead";
  EXPECT_THROW(make([](sender_config& c) { c.status_budget = 0; }, rate()), broken_promise);
  EXPECT_THROW(make([](sender_config& c) { c.request_budget = 0; }, rate()), broken_promise);
  EXPECT_THROW(make([](sender_config&) {}, nullptr), broken_promise);
  EXPECT_THROW(t.machine.set_rate_controller(nullptr), broken_promise);
}

TEST(Sender, RefusesAReceiverThatItHasAndABlockThatIsNone) {
  talker t{8};
  t.join(alice);
  try {
    t.join(alice);
    ADD_FAILURE() << "it did";
  } catch (const broken_promise& broken) {
    EXPECT_THAT(broken.what(), ::testing::HasSubstr("group_.contains(id)")) << "before anything";
  }
  EXPECT_THROW(t.machine.on_block(8, t.object.block(0), t.object.digest_of(0)), broken_promise);
  EXPECT_THROW(static_cast<void>(t.machine.manifest_of(8)), broken_promise);
}

} // namespace
} // namespace sender_test
} // namespace fleetcast::protocol
