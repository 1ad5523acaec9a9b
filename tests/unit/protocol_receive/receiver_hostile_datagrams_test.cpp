#include "protocol/wire/data_codec.hpp"
#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <span>

namespace fleetcast::protocol {
namespace receiver_hostile_datagrams_test {
namespace {

using fixture::bytes;
using receiver_fixture::block_size;
using receiver_fixture::damaged;
using receiver_fixture::expect_dropped;
using receiver_fixture::ids;
using receiver_fixture::k;
using receiver_fixture::listener;
using receiver_fixture::state_of;
using receiver_fixture::suite;
using receiver_fixture::symbol_size;
using wire::datagram_type;
using wire::drop_reason;

TEST(Receiver, DropsAForgedSymbolAndGivesItNoMemory) {
  listener l{2 * block_size};
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 0, 0)), drop_reason::forged);
  EXPECT_EQ(l.memory.available(), l.memory.capacity());
  l.hear_symbol(0, 0);
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 0, 1)), drop_reason::forged);
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 0, 7)), drop_reason::forged);
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 1, 7)), drop_reason::forged);
  // And the block is not the worse for it.
  l.hear_block(0, {0});
  l.hear_all_manifests();
  EXPECT_TRUE(l.delivered(0));
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 0, 1)), drop_reason::forged);
}

TEST(Receiver, AForgedSymbolDoesNotUndoARepairSymbol) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_symbol(0, 2);
  l.hear_symbol(0, 5); // takes the place of symbol 0
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 0, 0)), drop_reason::forged);
  l.hear_symbol(0, 1);
  l.hear_symbol(0, 6);
  EXPECT_TRUE(l.delivered(0));
}

TEST(Receiver, DropsAForgedControlMessage) {
  listener l{2 * block_size};
  expect_dropped(l, damaged(l.voice.say(l.heartbeat({0, 2}))), drop_reason::forged);
  expect_dropped(l, damaged(l.voice.say(l.object.manifest(0, 1, l.server))), drop_reason::forged);
}

TEST(Receiver, AForgedSymbolIsForgedEvenWhenThereIsNoRoomForIt) {
  listener l{8 * block_size, 4};
  for (block_number b = 0; b < 4; ++b)
    l.hear_symbol(b, 0);
  ASSERT_EQ(l.memory.available(), 0U);
  expect_dropped(l, damaged(l.voice.say_symbol(l.object, 5, 0)), drop_reason::forged);
}

TEST(Receiver, EveryChangedBitIsNoticed) {
  listener l{2 * block_size};
  const auto good = l.voice.say_symbol(l.object, 0, 0);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto before = state_of(l);
    l.hear(bad);
    ASSERT_EQ(state_of(l), before) << "bit " << bit;
  }
  const auto& drops = l.machine.statistics().drops;
  EXPECT_EQ(std::accumulate(drops.begin(), drops.end(), std::uint64_t{0}), good.size() * 8);
  l.hear(good);
  EXPECT_EQ(l.machine.statistics().source_symbols, 1U);
}

TEST(Receiver, DropsAnotherEpochsDatagrams) {
  listener l{2 * block_size};
  l.voice.header().session_tag ^= 1;
  expect_dropped(l, l.voice.say_symbol(l.object, 0, 0), drop_reason::wrong_session);
  expect_dropped(l, l.voice.say(l.heartbeat({0, 2})), drop_reason::wrong_session);
}

TEST(Receiver, DropsWhatAnotherEpochsKeySealed) {
  listener l{2 * block_size};
  wire::sealer other{suite, fixture::key_of(99)};
  auto h = l.voice.header();
  h.type = datagram_type::source;
  h.packet_number = 1;
  expect_dropped(l, fixture::seal(other, h, l.object.symbol(0, 0)), drop_reason::forged);
}

TEST(Receiver, DropsOtherLanes) {
  listener l{2 * block_size};
  l.voice.header().lane ^= 1;
  expect_dropped(l, l.voice.say_symbol(l.object, 0, 0), drop_reason::wrong_lane);
}

TEST(Receiver, DropsReplays) {
  listener l{2 * block_size};
  const auto symbol = l.voice.say_symbol(l.object, 0, 0);
  const auto heartbeat = l.voice.say(l.heartbeat({0, 0}));
  l.hear(symbol);
  l.hear(heartbeat);
  expect_dropped(l, symbol, drop_reason::replayed);
  expect_dropped(l, heartbeat, drop_reason::replayed);
}

TEST(Receiver, DropsWhatIsOlderThanItCanTell) {
  listener l{2 * block_size};
  const auto old = l.voice.say_symbol(l.object, 0, 0);
  l.voice.set_next_packet(1 + defaults::replay_window);
  l.hear_symbol(0, 1);
  expect_dropped(l, old, drop_reason::replayed);
}

TEST(Receiver, DropsWhatIsCutOrPadded) {
  listener l{2 * block_size};
  const auto good = l.voice.say_symbol(l.object, 0, 0);
  for (std::size_t size = 0; size < good.size(); ++size)
    expect_dropped(l, std::span{good}.first(size), drop_reason::truncated);
  auto longer = good;
  longer.push_back({});
  expect_dropped(l, longer, drop_reason::oversized);
  longer.resize(60'000);
  expect_dropped(l, longer, drop_reason::oversized);
}

TEST(Receiver, DropsUnknownVersionsTypesAndFlags) {
  listener l{2 * block_size};
  const auto good = l.voice.say_symbol(l.object, 0, 0);
  auto version = good;
  version[0] = std::byte{0x21};
  expect_dropped(l, version, drop_reason::unknown_version);
  auto flags = good;
  flags[1] = std::byte{1};
  expect_dropped(l, flags, drop_reason::unknown_version);
  for (const unsigned type : {0U, 4U, 15U}) {
    auto other = good;
    other[0] = static_cast<std::byte>(0x10 | type);
    expect_dropped(l, other, drop_reason::unknown_type);
  }
}

TEST(Receiver, DropsSymbolsThatTheGeometryDoesNotHave) {
  listener l{block_size + 100};
  const bytes whole(symbol_size);
  const auto out_of_range = drop_reason::out_of_range;
  for (const block_number block : {2U, 3U, UINT32_MAX})
    expect_dropped(l, l.voice.say(datagram_type::source, block, 0, whole), out_of_range);
  // Only the type `repair` may carry a repair symbol.
  expect_dropped(l, l.voice.say(datagram_type::source, 0, k, whole), out_of_range);
  for (const auto id : ids{255, 256, 65535})
    expect_dropped(l, l.voice.say(datagram_type::repair, 0, id, whole), out_of_range);
  // The last block has two symbols, the second of 36 bytes.
  expect_dropped(l, l.voice.say(datagram_type::source, 1, 2, whole), out_of_range);
  expect_dropped(l, l.voice.say(datagram_type::source, 1, 1, whole), out_of_range);
  expect_dropped(l, l.voice.say(datagram_type::source, 1, 0, bytes(36)), out_of_range);
}

TEST(Receiver, DropsSymbolsOfAnotherSize) {
  listener l{2 * block_size};
  for (const std::size_t size : {0, 1, symbol_size - 1, symbol_size + 1, 2000}) {
    expect_dropped(l, l.voice.say(datagram_type::source, 0, 0, bytes(size)),
                   drop_reason::out_of_range);
    expect_dropped(l, l.voice.say(datagram_type::repair, 0, k, bytes(size)),
                   drop_reason::out_of_range);
    expect_dropped(l, l.voice.say(datagram_type::repair, 0, 0, bytes(size)),
                   drop_reason::out_of_range);
  }
}

TEST(Receiver, DropsAControlMessageLongerThanAnyOfOurs) {
  listener l{2 * block_size};
  const bytes huge(defaults::symbol_size + 1);
  expect_dropped(l, l.voice.say(datagram_type::control, 0, 0, huge), drop_reason::out_of_range);
}

TEST(Receiver, HearsControlMessagesThatAreLongerThanASymbol) {
  listener l{16 * block_size};
  const auto manifest = l.object.manifest(0, 16, l.server);
  ASSERT_GT(wire::encode(manifest).size(), symbol_size);
  l.hear(manifest);
  l.hear_block(0);
  EXPECT_TRUE(l.delivered(0));
}

TEST(Receiver, FeedbackIsNothingForIt) {
  listener l{2 * block_size};
  auto h = l.voice.header();
  h.type = datagram_type::control;
  h.packet_number = 1;
  h.block = fixture::first_id;
  const auto body = wire::encode(wire::feedback{});
  // Its own, thrown back, is sealed with another key …
  wire::sealer up{suite, fixture::receiver_key()};
  expect_dropped(l, fixture::seal(up, h, body), drop_reason::forged);
  // … and what somebody sealed with the group's is no heartbeat and no manifest.
  wire::feedback m;
  m.echo_sent_at = 0xffff;
  l.hear(l.voice.say(datagram_type::control, 0, 0, wire::encode(m)));
  EXPECT_EQ(l.drops(drop_reason::malformed), 1U);
}

TEST(Receiver, CountsControlMessagesThatDoNotDecode) {
  listener l{2 * block_size};
  l.hear(l.voice.say(datagram_type::control, 0, 0, {}));
  l.hear(l.voice.say(datagram_type::control, 0, 0, fixture::random_bytes(60, 1)));
  EXPECT_EQ(l.drops(drop_reason::malformed), 2U);
}

TEST(Receiver, CountsControlMessagesOfBlocksThatAreNot) {
  listener l{2 * block_size};
  const auto limit = l.machine.limit();
  l.hear(l.heartbeat({0, 3}));
  EXPECT_EQ(l.drops(drop_reason::out_of_range), 1U);
  EXPECT_EQ(l.machine.limit(), limit);
  auto m = l.object.manifest(0, 2, l.server);
  m.first_block = 1;
  l.hear(m);
  m.first_block = 2;
  l.hear(m);
  EXPECT_EQ(l.drops(drop_reason::out_of_range), 3U);
  EXPECT_EQ(l.machine.statistics().signature_failures, 0U);
}

TEST(Receiver, RandomBytesAreDroppedAndEachIsCountedOnce) {
  listener l{2 * block_size};
  const auto before = state_of(l);
  constexpr std::uint64_t count = 3000;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    auto noise = fixture::random_bytes(seed % 300, seed);
    // Every other one with a header that gets it further.
    if (seed % 2 == 0 && noise.size() >= wire::header_size + wire::max_seal_size) {
      wire::header h = l.voice.header();
      h.type = static_cast<datagram_type>(1 + seed % 3);
      h.packet_number = seed;
      h.block = static_cast<block_number>(seed % 3);
      h.symbol = static_cast<symbol_id>(seed % 6);
      h.payload_size
        = static_cast<std::uint16_t>(noise.size() - wire::header_size - wire::max_seal_size);
      wire::encode(h, std::span{noise}.first<wire::header_size>());
    }
    l.hear(noise);
    ASSERT_EQ(state_of(l), before) << "seed " << seed;
  }
  const auto& drops = l.machine.statistics().drops;
  EXPECT_EQ(std::accumulate(drops.begin(), drops.end(), std::uint64_t{0}), count);
}

} // namespace
} // namespace receiver_hostile_datagrams_test
} // namespace fleetcast::protocol
