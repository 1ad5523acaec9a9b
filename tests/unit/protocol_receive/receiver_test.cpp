#include "protocol/receive/receiver.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <utility>

namespace fleetcast::protocol {

namespace receiver_test {
namespace {

using fixture::bytes;
using fixture::sample_object;
using ids = std::vector<symbol_id>;
using wire::datagram_type;
using wire::drop_reason;
using ranges = std::vector<wire::block_range>;
using repairs = std::vector<wire::block_repair>;

constexpr auto suite = wire::seal_suite::chacha20_poly1305;
constexpr std::uint16_t symbol_size = 64;
constexpr std::uint16_t k = 4;
constexpr std::size_t block_size = symbol_size * k;

/// Longer than any back-off with the round trip and group that these tests' heartbeats announce.
constexpr duration patience = milliseconds(40);

/// A receiver, the group's voice that speaks to it, and an ear for what it says.
class listener {
public:
  explicit listener(std::uint64_t object_size, std::size_t cache = 8,
                    std::uint16_t bytes_of_symbol = symbol_size)
    : object(object_size, bytes_of_symbol, k),
      memory(std::size_t{bytes_of_symbol} * k, cache),
      machine(fixture::receiver_config_of(object.layout(), server, suite), memory, now) {
    pump();
  }

  void hear(std::span<const std::byte> datagram) {
    machine.on_datagram(now, datagram);
    pump();
  }
  void hear(const wire::heartbeat& m) { hear(voice.say(m)); }
  void hear(const wire::manifest& m) { hear(voice.say(m)); }
  void hear_symbol(block_number block, symbol_id id) { hear(voice.say_symbol(object, block, id)); }

  /// All source symbols but those in `lost`.
  void hear_block(block_number block, const std::vector<symbol_id>& lost = {}) {
    for (symbol_id id = 0; id < object.layout().source_symbols_of(block); ++id) {
      if (std::find(lost.begin(), lost.end(), id) != lost.end())
        voice.lose();
      else
        hear_symbol(block, id);
    }
  }

  void hear_all_manifests() {
    const auto count = object.layout().block_count();
    for (block_number b = 0; b < count; b += defaults::manifest_run)
      hear(object.manifest(b, std::min<block_number>(count - b, defaults::manifest_run), server));
  }

  /// A heartbeat of a sender that is at `next` and will send all blocks behind it.
  wire::heartbeat heartbeat(position next) {
    wire::heartbeat m;
    m.sent_at = std::max(last_sent_at_ + 1, static_cast<std::uint64_t>(now.count()));
    last_sent_at_ = m.sent_at;
    m.next = next;
    m.edge = next;
    m.grtt = milliseconds(5);
    m.group_size = 2;
    m.status_interval = seconds(1);
    const auto count = object.layout().block_count();
    if (next.block < count)
      m.scheduled.push_back({next.block, count - next.block});
    return m;
  }

  /// Lets time go by.
  void wait(duration how_long) {
    const auto until = now + how_long;
    while (machine.next_event() <= until) {
      now = std::max(now, machine.next_event());
      machine.on_time(now);
      pump();
      if (machine.failed())
        break;
    }
    now = until;
  }

  /// What it said since the last call.
  std::vector<wire::feedback> take_said() { return std::exchange(said_, {}); }

  /// What it asked for since the last call; fails when it asked more than once.
  wire::feedback take_request() {
    wire::feedback result;
    int asked = 0;
    for (auto& m : take_said())
      if (!m.repairs.empty() || !m.wanted.empty() || !m.manifests.empty()) {
        result = std::move(m);
        ++asked;
      }
    EXPECT_LE(asked, 1);
    return result;
  }

  bool asked_for_nothing() {
    const auto m = take_request();
    return m.repairs.empty() && m.wanted.empty() && m.manifests.empty();
  }

  /// Forgets what it said at its start and waits until the sender's silence is no excuse.
  void settle() {
    wait(patience);
    take_said();
  }

  /// Gives the memory of delivered blocks back.
  void release_blocks() {
    blocks.clear();
    machine.on_room(now);
    pump();
  }

  bool delivered(block_number block) const { return blocks.contains(block); }

  std::uint64_t drops(drop_reason reason) const {
    return machine.statistics().drops[static_cast<std::size_t>(reason)];
  }

  fixture::identity server;
  sample_object object;
  fixture::counted_memory memory;
  timestamp now = fixture::start;
  receiver machine;
  fixture::group_voice voice{suite};
  std::map<block_number, verified_block> blocks;

private:
  void pump() {
    ASSERT_TRUE(machine.validate());
    for (auto& block : machine.take_blocks()) {
      const auto own = object.content_of(block.number);
      EXPECT_EQ(block.size, own.size());
      EXPECT_EQ(block.offset, object.layout().offset_of(block.number));
      EXPECT_TRUE(std::equal(own.begin(), own.end(), block.bytes.get())) << block.number;
      EXPECT_TRUE(blocks.emplace(block.number, std::move(block)).second) << "delivered twice";
    }
    bytes datagram;
    while (machine.take_feedback(now, datagram)) {
      auto m = fixture::read_feedback(datagram, suite);
      ASSERT_TRUE(m) << "it said what is no feedback of its own";
      said_.push_back(std::move(*m));
    }
    ASSERT_TRUE(machine.validate());
  }

  std::uint64_t last_sent_at_ = 0;
  std::vector<wire::feedback> said_;
};

/// Everything of a receiver that a dropped datagram must not change.
auto state_of(const listener& l) {
  auto s = l.machine.statistics();
  return std::tuple{l.memory.available(),   l.machine.limit(),      l.machine.completed_blocks(),
                    l.machine.last_heard(), l.machine.next_event(), s.datagrams,
                    s.source_symbols,       s.repair_symbols,       s.bytes,
                    s.lost_packets,         s.signature_failures,   s.digest_failures,
                    s.statuses_sent,        s.requests_sent,        l.machine.failed().code};
}

/// It is counted under `reason`, under no other, and changes nothing else.
void expect_dropped(listener& l, std::span<const std::byte> datagram, drop_reason reason) {
  auto expected = l.machine.statistics().drops;
  ++expected[static_cast<std::size_t>(reason)];
  const auto before = state_of(l);
  l.hear(datagram);
  EXPECT_EQ(l.machine.statistics().drops, expected) << to_string(reason);
  EXPECT_EQ(state_of(l), before) << to_string(reason);
}

bytes damaged(bytes datagram) {
  datagram.back() ^= std::byte{1};
  return datagram;
}

// -- the ordinary way -----------------------------------------------------------------------------

TEST(Receiver, DeliversEachBlockOnceItIsWholeAndVouchedFor) {
  listener l{2 * block_size + 100};
  l.hear_all_manifests();
  for (block_number b = 0; b < 3; ++b) {
    EXPECT_FALSE(l.delivered(b));
    l.hear_block(b);
    EXPECT_TRUE(l.delivered(b));
  }
  EXPECT_TRUE(l.machine.complete());
  EXPECT_FALSE(l.machine.failed());
  EXPECT_EQ(l.machine.statistics().bytes, 2 * block_size + 100);
}

TEST(Receiver, TellsWhatIsMissingInRanges) {
  listener l{8 * block_size};
  EXPECT_EQ(l.machine.missing(16), (ranges{{0, 8}}));
  l.hear_all_manifests();
  l.hear_block(2);
  l.hear_block(5);
  // Begun is not complete.
  l.hear_symbol(3, 0);
  EXPECT_EQ(l.machine.missing(16), (ranges{{0, 2}, {3, 2}, {6, 2}}));
  EXPECT_EQ(l.machine.missing(2), (ranges{{0, 2}, {3, 2}}));
  for (block_number b = 0; b < 8; ++b)
    if (!l.delivered(b))
      l.hear_block(b);
  EXPECT_TRUE(l.machine.missing(16).empty());
}

TEST(Receiver, OfAnEmptyObjectIsCompleteAtOnce) {
  const listener l{0};
  EXPECT_TRUE(l.machine.complete());
}

TEST(Receiver, RestoresABlockFromRepairSymbols) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0, {1, 3});
  l.hear_symbol(0, 9);
  EXPECT_FALSE(l.delivered(0));
  l.hear_symbol(0, 5);
  EXPECT_TRUE(l.delivered(0));
  EXPECT_EQ(l.machine.statistics().repaired_symbols, 2U);
  EXPECT_EQ(l.machine.statistics().source_symbols, 2U);
  EXPECT_EQ(l.machine.statistics().repair_symbols, 2U);
}

TEST(Receiver, TakesASourceSymbolThatIsSentAgainAsRepair) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0, {2});
  l.hear(l.voice.say(datagram_type::repair, 0, 2, l.object.symbol(0, 2)));
  EXPECT_TRUE(l.delivered(0));
  EXPECT_EQ(l.machine.statistics().repaired_symbols, 0U);
}

TEST(Receiver, SaysSoonWhenItIsComplete) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(0);
  l.take_said();
  l.hear_block(1);
  // At some moment of its status interval: thousands may be complete at the same time.
  l.wait(defaults::min_status_interval);
  const auto said = l.take_said();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.back().completed_blocks, 2U);
}

// -- a part of the object -------------------------------------------------------------------------

TEST(Receiver, OfAPartIsCompleteWhenThatPartIs) {
  listener l{4 * block_size};
  l.hear_all_manifests();
  l.machine.require(l.now, {1, 2});
  l.hear_block(1);
  EXPECT_FALSE(l.machine.complete());
  l.hear_block(0);
  l.hear_block(3);
  EXPECT_FALSE(l.machine.complete());
  l.hear_block(2);
  EXPECT_TRUE(l.machine.complete());
  EXPECT_FALSE(l.delivered(0));
  EXPECT_TRUE(l.delivered(1));
  EXPECT_TRUE(l.delivered(2));
  EXPECT_FALSE(l.delivered(3));
  EXPECT_EQ(l.machine.statistics().bytes, 2 * block_size);
}

TEST(Receiver, OfAPartAsksForNothingElse) {
  listener l{6 * block_size};
  l.settle();
  l.machine.require(l.now, {2, 2});
  l.hear(l.heartbeat({1, 6})); // all went past, nothing will be sent
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{2, 2}}));
}

TEST(Receiver, OfAPartGivesUpWhatItHeldOfTheRest) {
  listener l{4 * block_size};
  const auto free = l.memory.available();
  l.hear_block(0, {1}); // one symbol short
  l.hear_block(3);      // whole, and its manifest is missing
  ASSERT_EQ(l.memory.available(), free - 2);
  l.machine.require(l.now, {1, 2});
  EXPECT_EQ(l.memory.available(), free);
  EXPECT_TRUE(l.machine.validate());
  l.hear_all_manifests();
  EXPECT_FALSE(l.delivered(3));
}

TEST(Receiver, OfAPartKeepsWhatItHadOfIt) {
  listener l{3 * block_size};
  l.hear_all_manifests();
  l.hear_block(1);
  l.hear_block(0);
  l.machine.require(l.now, {1, 1});
  EXPECT_TRUE(l.machine.complete());
  EXPECT_TRUE(l.delivered(1));
}

TEST(Receiver, OfNoPartIsCompleteAtOnceAndSaysSo) {
  listener l{4 * block_size};
  l.settle();
  l.machine.require(l.now, {0, 0});
  EXPECT_TRUE(l.machine.complete());
  l.wait(defaults::min_status_interval);
  const auto said = l.take_said();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.back().completed_blocks, 4U);
}

TEST(Receiver, OfAPartBeyondTheEndTakesWhatThereIs) {
  listener l{3 * block_size};
  l.hear_all_manifests();
  l.machine.require(l.now, {2, std::numeric_limits<std::uint32_t>::max()});
  EXPECT_TRUE(l.machine.validate());
  l.hear_block(2);
  EXPECT_TRUE(l.machine.complete());
}

// -- trust ----------------------------------------------------------------------------------------

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

// -- hostile datagrams ----------------------------------------------------------------------------

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

// -- memory ---------------------------------------------------------------------------------------

TEST(Receiver, CountsSymbolsItHoldsAlreadyAsDuplicates) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.hear_symbol(0, 0);
  l.hear_symbol(0, 0);
  EXPECT_EQ(l.drops(drop_reason::duplicate), 1U);
  for (symbol_id id = 1; id < k; ++id)
    l.hear_symbol(0, id);
  ASSERT_TRUE(l.delivered(0));
  l.hear_symbol(0, 1);
  l.hear_symbol(0, 8);
  EXPECT_EQ(l.drops(drop_reason::duplicate), 3U);
  // They were received all the same: nothing was lost.
  EXPECT_EQ(l.machine.statistics().lost_packets, 0U);
}

TEST(Receiver, ALoneRepairSymbolOpensNoBlock) {
  listener l{2 * block_size};
  l.hear_symbol(1, 6);
  EXPECT_EQ(l.drops(drop_reason::no_room), 1U);
  EXPECT_EQ(l.memory.available(), l.memory.capacity());
}

TEST(Receiver, WithoutAFreeBlockDropsWhatWouldOpenOne) {
  listener l{8 * block_size, 4};
  l.hear_all_manifests();
  for (block_number b = 0; b < 4; ++b)
    l.hear_symbol(b, 0);
  l.hear_symbol(4, 0);
  EXPECT_EQ(l.drops(drop_reason::no_room), 1U);
  // Blocks in assembly go on.
  l.hear_block(2, {0});
  EXPECT_TRUE(l.delivered(2));
  l.hear_symbol(4, 1);
  EXPECT_EQ(l.drops(drop_reason::no_room), 2U);
  l.release_blocks();
  l.hear_symbol(4, 2);
  EXPECT_EQ(l.drops(drop_reason::no_room), 2U);
  EXPECT_EQ(l.memory.available(), 0U);
}

TEST(Receiver, ItsLimitIsHowManyBlocksFitBesideThoseItHolds) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  EXPECT_EQ(l.machine.limit(), (position{0, 4}));
  l.hear_block(0);
  // Delivered, but the consumer still holds it.
  EXPECT_EQ(l.machine.limit(), (position{0, 4}));
  l.release_blocks();
  EXPECT_EQ(l.machine.limit(), (position{0, 5}));
  l.hear_symbol(1, 0);
  EXPECT_EQ(l.machine.limit(), (position{0, 5}));
}

TEST(Receiver, ItsLimitCountsOnlyBlocksItHasNothingOf) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  for (const block_number b : {2U, 3U}) {
    l.hear_block(b);
    l.release_blocks();
  }
  // The sender is at 3; ahead lie 4, 5, 6, 7.
  EXPECT_EQ(l.machine.limit(), (position{0, 8}));
  l.hear(l.heartbeat({0, 19}));
  // 19 ahead; then, in the next pass, 0, 1 and 4.
  EXPECT_EQ(l.machine.limit(), (position{1, 5}));
}

TEST(Receiver, WithRoomForAllTheRestHasNoLimit) {
  listener l{4 * block_size, 4};
  EXPECT_EQ(l.machine.limit(), unlimited);
}

// -- feedback: status -----------------------------------------------------------------------------

TEST(Receiver, AnnouncesItselfWithinAStatusIntervalOfTheFirstHeartbeat) {
  listener l{20 * block_size, 4};
  EXPECT_TRUE(l.take_said().empty()) << "it cannot know how many others there are";
  const auto m = l.heartbeat({0, 0});
  l.hear(m);
  l.wait(m.status_interval);
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].limit, (position{0, 4}));
  EXPECT_EQ(said[0].free_blocks, 4U);
}

TEST(Receiver, AnnouncesItselfWithoutAHeartbeatToo) {
  listener l{20 * block_size, 4};
  l.wait(defaults::status_keep_alive);
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].echo_sent_at, 0U);
  EXPECT_EQ(said[0].received_packets, 0U);
}

/// A switch that fails makes a thousand deaf at once, and the way up may still be good.
TEST(Receiver, SpeaksSeldomWhileItHearsNoHeartbeat) {
  listener l{20 * block_size, 4};
  const auto seldom = [&](const char* when) {
    l.take_said();
    l.wait(seconds(10));
    const auto said = l.take_said();
    EXPECT_GE(said.size(), 3U) << when;
    EXPECT_LE(said.size(), 11U) << when;
  };
  seldom("before the first");
  for (int i = 0; i < 20; ++i) {
    auto m = l.heartbeat({0, 0});
    m.status_interval = milliseconds(5);
    l.hear(m);
    l.wait(milliseconds(10));
  }
  EXPECT_GT(l.take_said().size(), 5U) << "it hears";
  l.wait(defaults::deaf_after);
  seldom("after the last");
}

TEST(Receiver, InAHugeGroupAnnouncesItselfAtARandomTime) {
  auto config_of = [](listener& l, std::uint64_t seed) {
    auto config = fixture::receiver_config_of(l.object.layout(), l.server, suite);
    config.seed = seed;
    return config;
  };
  int early = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    listener l{20 * block_size};
    receiver r{config_of(l, seed), l.memory, l.now};
    auto m = l.heartbeat({0, 0});
    m.status_interval = seconds(20);
    r.on_datagram(l.now, l.voice.say(m));
    const auto heard = l.now;
    for (bytes datagram; !r.take_feedback(l.now, datagram); r.on_time(l.now))
      l.now = r.next_event();
    EXPECT_LE(l.now - heard, seconds(20));
    early += l.now - heard < seconds(2) ? 1 : 0;
  }
  EXPECT_GT(early, 2);
  EXPECT_LT(early, 25);
}

TEST(Receiver, ReportsWhatItReceivedAndLost) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  const auto heard_at = l.now;
  l.hear_block(0, {1, 2});
  l.hear_block(1);
  for (const block_number b : {2U, 3U, 4U})
    l.hear_symbol(b, 0);
  l.machine.on_kernel_drops(77);
  l.wait(patience);
  const auto m = l.take_request();
  EXPECT_EQ(m.echo_sent_at, static_cast<std::uint64_t>(heard_at.count()));
  EXPECT_GT(m.echo_held, duration::zero());
  EXPECT_LE(m.echo_held, patience);
  EXPECT_EQ(m.highest_packet, l.voice.next_packet() - 1);
  EXPECT_EQ(m.lost_packets, 2U);
  EXPECT_EQ(m.received_packets, l.voice.next_packet() - 3);
  EXPECT_EQ(m.completed_blocks, 1U);
  EXPECT_EQ(m.free_blocks, 0U);
  EXPECT_EQ(m.dropped_no_room, 1U);
  EXPECT_EQ(m.dropped_by_kernel, 77U);
}

TEST(Receiver, ObjectsWhenTheSenderIsAboutToOutrunIt) {
  listener l{40 * block_size, 4};
  l.settle();
  auto m = l.heartbeat({0, 0});
  m.edge = {0, 4};
  l.hear(m);
  l.wait(defaults::min_status_interval);
  EXPECT_TRUE(l.take_said().empty()) << "there is room for as much";
  m = l.heartbeat({0, 0});
  m.edge = {0, 5};
  l.hear(m);
  l.wait(defaults::min_status_interval);
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].limit, (position{0, 4}));
}

TEST(Receiver, RepeatsItsObjectionBeforeSilenceWouldBeConsent) {
  listener l{40 * block_size, 4};
  l.settle();
  std::size_t said = 0;
  for (int i = 0; i < 40; ++i) {
    auto m = l.heartbeat({0, 0});
    m.edge = {0, i < 2 ? 16U : 4U}; // the sender has heard of it
    l.hear(m);
    l.wait(milliseconds(5));
    said += l.take_said().size();
  }
  // Every second or third heartbeat; the fourth and two round trips would be too late.
  EXPECT_GE(said, 13U);
  EXPECT_LE(said, 21U);
}

TEST(Receiver, DropsAnObjectionThatAnotherOneMadeNeedless) {
  int objected = 0;
  for (int i = 0; i < 20; ++i) {
    listener l{40 * block_size, 4};
    l.settle();
    auto m = l.heartbeat({0, 0});
    m.edge = {0, 16};
    m.group_size = 10'000;
    m.grtt = milliseconds(100);
    m.status_interval = seconds(20);
    l.hear(m);
    l.take_said();
    m = l.heartbeat({0, 0});
    m.edge = {0, 4}; // somebody else was faster
    m.status_interval = seconds(20);
    l.hear(m);
    l.wait(milliseconds(200));
    objected += static_cast<int>(l.take_said().size());
  }
  EXPECT_EQ(objected, 0);
}

TEST(Receiver, WithoutNewsSpeaksRarely) {
  listener l{40 * block_size, 40};
  l.hear(l.heartbeat({0, 0}));
  l.settle();
  int said = 0;
  for (int i = 0; i < 1000; ++i) {
    l.hear(l.heartbeat({0, 0}));
    l.wait(milliseconds(10));
    said += static_cast<int>(l.take_said().size());
  }
  // Ten seconds at status_keep_alive.
  EXPECT_GE(said, 4);
  EXPECT_LE(said, 6);
}

TEST(Receiver, KeepsToItsShareOfTheFeedbackBudget) {
  listener l{4000 * block_size, 4};
  auto m = l.heartbeat({0, 0});
  m.status_interval = milliseconds(100);
  l.hear(m);
  l.settle();
  std::size_t said = 0;
  for (block_number b = 0; b < 1000; ++b) {
    l.hear(l.object.manifest(b, 1, l.server));
    l.hear_block(b); // one block each millisecond, all of them room for news
    l.release_blocks();
    l.wait(milliseconds(1));
    said += l.take_said().size();
  }
  EXPECT_GE(said, 9U);
  EXPECT_LE(said, 11U);
}

TEST(Receiver, TellsTheSenderWhenThereIsRoomAgain) {
  listener l{40 * block_size, 8};
  l.hear_all_manifests();
  auto m = l.heartbeat({0, 0});
  m.status_interval = milliseconds(2);
  l.hear(m);
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b);
  l.settle();
  l.wait(patience);
  l.take_said();
  l.release_blocks();
  l.wait(milliseconds(2));
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].limit, (position{0, 16}));
  EXPECT_EQ(said[0].free_blocks, 8U);
}

TEST(Receiver, ItsPacketNumbersGrowByOne) {
  listener l{2 * block_size};
  std::uint64_t expected = 1;
  for (int i = 0; i < 5; ++i) {
    bytes datagram;
    do {
      l.now = l.machine.next_event();
      l.machine.on_time(l.now);
    } while (!l.machine.take_feedback(l.now, datagram));
    const auto h = wire::decode(datagram, wire::max_seal_size);
    ASSERT_TRUE(h);
    EXPECT_EQ(h->packet_number, expected++);
    EXPECT_FALSE(l.machine.take_feedback(l.now, datagram));
  }
}

// -- feedback: requests ---------------------------------------------------------------------------

TEST(Receiver, AsksForAsManySymbolsAsABlockLacksOnceTheSenderMovedOn) {
  listener l{20 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  l.hear_block(0, {1, 2});
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing()) << "the rest may still be on its way";
  l.hear_symbol(1, 0);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 2}}));
  EXPECT_EQ(l.machine.statistics().requests_sent, 1U);
}

TEST(Receiver, AHeartbeatTellsItTooThatTheSenderMovedOn) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {3});
  l.hear(l.heartbeat({0, 1}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}}));
}

TEST(Receiver, NamesEveryBlockThatLackedSymbolsWhenItsBackOffBegan) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  for (const block_number b : {3U, 2U, 1U, 0U})
    l.hear_block(b, {static_cast<symbol_id>(b)});
  l.hear(l.heartbeat({0, 4}));
  l.hear_block(4, {0, 1});
  l.hear_symbol(5, 0);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  l.hear(l.heartbeat({0, 5}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs.back(), (wire::block_repair{4, 2}));
}

TEST(Receiver, ASymbolThatIsOnlyLateIsNotAskedFor) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  const auto late = l.voice.say_symbol(l.object, 0, 0);
  l.hear_block(0, {0});
  l.hear_symbol(1, 0);
  l.wait(defaults::reorder_delay - duration{1});
  EXPECT_TRUE(l.take_said().empty());
  l.hear(late);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
  EXPECT_EQ(l.machine.statistics().requests_suppressed, 1U);
}

TEST(Receiver, WaitsARandomTimeBeforeItAsks) {
  std::set<duration> waits;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    listener l{20 * block_size};
    auto config = fixture::receiver_config_of(l.object.layout(), l.server, suite);
    config.seed = seed;
    receiver r{config, l.memory, l.now};
    bytes datagram;
    const auto m = l.heartbeat({0, 0});
    r.on_datagram(l.now, l.voice.say(m));
    l.now += m.status_interval;
    r.on_time(l.now);
    ASSERT_TRUE(r.take_feedback(l.now, datagram));
    r.on_datagram(l.now, l.voice.say_symbol(l.object, 0, 0));
    r.on_datagram(l.now, l.voice.say_symbol(l.object, 1, 0));
    const auto wait = r.next_event() - l.now;
    EXPECT_GE(wait, defaults::reorder_delay);
    EXPECT_LE(wait, defaults::reorder_delay + nack_timer::max_backoff(milliseconds(5), 2));
    waits.insert(wait);
  }
  EXPECT_GT(waits.size(), 190U);
}

TEST(Receiver, DoesNotAskAgainWithinTheHoldoff) {
  listener l{20 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  l.hear_block(0, {1});
  l.hear(l.heartbeat({0, 1}));
  // To the very moment it asks.
  timestamp asked{};
  for (int i = 0; i < 1000 && asked == timestamp{}; ++i) {
    l.wait(microseconds(50));
    if (!l.take_request().repairs.empty())
      asked = l.now;
  }
  ASSERT_NE(asked, timestamp{});
  // The first answer should have come after a round trip; then patience.
  for (const auto holdoff :
       {nack_timer::first_holdoff(milliseconds(5)), nack_timer::holdoff(milliseconds(5), 2),
        nack_timer::holdoff(milliseconds(5), 2)}) {
    const auto quiet_until = asked + holdoff - milliseconds(1);
    asked = {};
    while (l.now < quiet_until) {
      l.hear(l.heartbeat({0, 1}));
      l.wait(microseconds(50));
      ASSERT_TRUE(l.asked_for_nothing()) << "too early by " << (quiet_until - l.now).count();
    }
    const auto give_up = l.now + patience;
    while (asked == timestamp{} && l.now < give_up) {
      l.hear(l.heartbeat({0, 1}));
      l.wait(microseconds(50));
      if (l.take_request().repairs == repairs{{0, 1}})
        asked = l.now;
    }
    ASSERT_NE(asked, timestamp{});
  }
}

TEST(Receiver, AsksAgainWithoutTheLongBackOffOfACrowd) {
  listener l{20 * block_size};
  l.settle();
  const auto beat = [&l] {
    auto m = l.heartbeat({0, 1});
    m.group_size = 10'000;
    return m;
  };
  l.hear(beat());
  l.hear_block(0, {1});
  const auto next_request = [&] {
    for (int i = 0; i < 10'000; ++i) {
      l.hear(beat());
      l.wait(microseconds(50));
      if (!l.take_request().repairs.empty())
        return l.now;
    }
    return timestamp{};
  };
  const auto first = next_request();
  const auto second = next_request();
  const auto third = next_request();
  const auto longest = nack_timer::max_backoff(milliseconds(5), 10'000);
  const auto slack = milliseconds(2);
  EXPECT_LE(second - first, nack_timer::first_holdoff(milliseconds(5))
                              + longest / defaults::nack_backoff_factor + slack);
  EXPECT_GE(third - second, nack_timer::holdoff(milliseconds(5), 10'000));
}

TEST(Receiver, BeforeTheFirstHeartbeatItAsksForNothing) {
  listener l{20 * block_size};
  l.hear_block(0, {1});
  l.hear_block(1);
  l.wait(milliseconds(100));
  EXPECT_TRUE(l.take_said().empty()) << "thousands may be doing the same";
  l.hear(l.heartbeat({0, 2}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}}));
}

TEST(Receiver, DropsItsRequestWhenTheSenderAnnouncesAsMuch) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {1, 2});
  l.hear(l.heartbeat({0, 1}));
  auto m = l.heartbeat({0, 1});
  m.repairing = {{0, 2}};
  l.hear(m);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
  EXPECT_EQ(l.machine.statistics().requests_suppressed, 1U);
}

TEST(Receiver, AnAnnouncementOfTooLittleDoesNotSilenceIt) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {1, 2});
  l.hear(l.heartbeat({0, 1}));
  auto m = l.heartbeat({0, 1});
  m.repairing = {{0, 1}, {3, 4}};
  l.hear(m);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 2}}));
}

TEST(Receiver, AnAnnouncedRepairThatNeverCameIsAskedForAfterAll) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {1, 2});
  auto m = l.heartbeat({0, 1});
  m.repairing = {{0, 2}};
  l.hear(m);
  l.wait(patience);
  ASSERT_TRUE(l.asked_for_nothing());
  l.hear(l.heartbeat({0, 1})); // nothing left to repair: it was sent and lost
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 2}}));
}

TEST(Receiver, ABlockThatWaitsBehindOthersItHasNoRoomForIsAskedFor) {
  listener l{20 * block_size, 4};
  l.settle();
  for (const block_number b : {13U, 12U, 11U, 10U})
    l.hear_block(b, {0});
  // Somebody wants all of it. But the sender is not let past block 3 before a block here is free.
  auto m = l.heartbeat({1, 3});
  m.scheduled = {{3, 17}};
  l.hear(m);
  ASSERT_EQ(l.machine.limit(), (position{1, 3}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{10, 1}, {11, 1}, {12, 1}, {13, 1}}));
}

TEST(Receiver, ABlockThatWillBeSentWholeIsNotAskedFor) {
  listener l{20 * block_size, 20};
  l.settle();
  l.hear_block(0, {1, 2});
  auto m = l.heartbeat({0, 1});
  m.scheduled = {{0, 1}, {1, 19}};
  l.hear(m);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
}

TEST(Receiver, ABlockThatIsBeingSentAgainIsNotAskedForYet) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  // Block 5 lacks a symbol when the first pass goes by: the back-off starts at block 6.
  l.hear_block(5, {0});
  auto m = l.heartbeat({0, 6});
  m.scheduled = {{0, 5}, {7, 13}};
  l.hear(m);
  // Before it ends, the next pass begins and brings the first half of block 3.
  m = l.heartbeat({1, 3});
  m.scheduled = {{4, 1}, {7, 13}};
  l.hear(m);
  l.hear_symbol(3, 0);
  l.hear_symbol(3, 1);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{5, 1}}));
}

TEST(Receiver, ASymbolOvertakenByTheNextPassDoesNotMoveIt) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  l.settle();
  const auto late = l.voice.say_symbol(l.object, 17, 0);
  const auto late_without_room = l.voice.say_symbol(l.object, 18, 0);
  l.hear(l.heartbeat({1, 0}));
  ASSERT_EQ(l.machine.limit(), (position{1, 4}));
  l.hear(late);
  for (block_number b = 0; b < 3; ++b)
    l.hear_symbol(b, 0);
  l.hear(late_without_room);
  EXPECT_EQ(l.machine.limit(), (position{1, 3}));
}

TEST(Receiver, AHeartbeatThatWasOvertakenIsIgnored) {
  listener l{20 * block_size};
  l.settle();
  auto old = l.heartbeat({0, 1});
  old.repairing = {{0, 9}};
  const auto old_datagram = l.voice.say(old);
  l.wait(milliseconds(1));
  l.hear_block(0, {1});
  l.hear(l.heartbeat({0, 1}));
  l.hear(old_datagram);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}}));
}

TEST(Receiver, ALateJoinerWantsWhatWasPassedButNotWhatIsStillToCome) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 10});
  m.scheduled = {{10, 1}, {11, 9}};
  l.hear(m);
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{0, 10}})) << "10 is being sent";
  EXPECT_TRUE(asked.repairs.empty());
}

TEST(Receiver, WantsTheBlockAtTheSendersPlaceWhenTheSenderDoesNotMeanToSendIt) {
  // A later pass served block 0 for somebody and ended there: block 1 is next, but not scheduled. A
  // receiver that took it for the block being sent would wait for it for ever.
  listener l{2 * block_size};
  l.settle();
  auto m = l.heartbeat({1, 1});
  m.scheduled.clear();
  l.hear(m);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 2}}));
}

TEST(Receiver, WantsOnlyBlocksItHasNothingOf) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(2);
  l.hear_symbol(5, 0);
  auto m = l.heartbeat({0, 10});
  m.scheduled = {{10, 1}, {12, 8}};
  l.hear(m);
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{0, 2}, {3, 2}, {6, 4}, {11, 1}}));
  EXPECT_EQ(asked.repairs, (repairs{{5, 3}}));
}

TEST(Receiver, KnowsNothingBeyondAListThatWasCutOffEvenOnceAllOfItCame) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 3});
  m.scheduled = {{3, 1}};
  m.scheduled_all = false;
  l.hear(m);
  l.hear_symbol(3, 0); // the list is empty now
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 3}}));
}

TEST(Receiver, FollowsTheScheduleAsSymbolsArrive) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 10});
  m.scheduled = {{0, 5}, {10, 10}};
  l.hear(m);
  // The sender went past 10, of which nothing came; 0 to 4 are still to come, in the next pass.
  l.hear_symbol(11, 0);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{5, 6}}));
}

TEST(Receiver, WithoutAHeartbeatWantsNothing) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(7);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
}

TEST(Receiver, WhereTheScheduleIsCutOffItAssumesNothing) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 4});
  m.scheduled = {{4, 3}, {9, 1}};
  m.scheduled_all = false;
  l.hear(m);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 4}, {7, 2}}));
}

TEST(Receiver, WantsNoMoreRangesThanAMessageHoldsAndTheRestLater) {
  listener l{200 * block_size, 120};
  l.hear_all_manifests();
  l.settle();
  for (block_number b = 0; b < 200; b += 2)
    l.hear_block(b);
  l.settle();
  auto m = l.heartbeat({1, 0});
  m.scheduled.clear();
  l.hear(m);
  l.wait(patience);
  auto asked = l.take_request().wanted;
  ASSERT_EQ(asked.size(), defaults::max_wanted_ranges);
  EXPECT_EQ(asked.front(), (wire::block_range{1, 1}));
  // The sender took those in; now it is the turn of the others.
  m = l.heartbeat({1, 0});
  m.scheduled = asked;
  l.hear(m);
  l.wait(patience);
  const auto next = l.take_request().wanted;
  ASSERT_EQ(next.size(), defaults::max_wanted_ranges);
  EXPECT_EQ(next.front().first, asked.back().first + 2);
}

TEST(Receiver, DoesNotWantAgainWithinTheHoldoff) {
  listener l{20 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 5}));
  timestamp asked{};
  for (int i = 0; i < 1000 && asked == timestamp{}; ++i) {
    l.wait(microseconds(50));
    if (!l.take_request().wanted.empty())
      asked = l.now;
  }
  ASSERT_NE(asked, timestamp{});
  const auto holdoff = nack_timer::holdoff(milliseconds(5), 2);
  while (l.now < asked + holdoff - milliseconds(2)) {
    l.hear(l.heartbeat({0, 5}));
    l.wait(milliseconds(1));
    ASSERT_TRUE(l.asked_for_nothing());
  }
  l.wait(milliseconds(3));
  l.hear(l.heartbeat({0, 5}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 5}}));
}

TEST(Receiver, AskingForARefusedBlocksSymbolsWorksAlsoAfterForgeries) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.settle();
  for (symbol_id id = 0; id < k; ++id)
    l.hear(l.voice.say(datagram_type::source, 0, id, bytes(symbol_size, std::byte{0x66})));
  ASSERT_EQ(l.machine.statistics().digest_failures, 1U);
  // The block is empty now; a forgery for it must not make it be forgotten.
  l.hear(damaged(l.voice.say_symbol(l.object, 0, 0)));
  l.hear(l.heartbeat({0, 1}));
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_TRUE(asked.repairs == (repairs{{0, k}}) || asked.wanted == (ranges{{0, 1}}));
}

// -- silence --------------------------------------------------------------------------------------

TEST(Receiver, GivesUpAfterTheSenderWasSilentForTheLimit) {
  listener l{2 * block_size};
  l.hear_symbol(0, 0);
  const auto heard = l.now;
  l.wait(defaults::sender_silence_limit);
  EXPECT_FALSE(l.machine.failed());
  EXPECT_EQ(l.machine.last_heard(), heard);
  l.wait(milliseconds(1));
  EXPECT_EQ(l.machine.failed().code, failure_code::sender_silent);
  EXPECT_NE(l.machine.failed().text.find("30 s"), std::string::npos) << l.machine.failed().text;
}

TEST(Receiver, AnyAuthenticDatagramBreaksTheSilence) {
  listener l{2 * block_size};
  for (int i = 0; i < 5; ++i) {
    l.wait(defaults::sender_silence_limit - seconds(1));
    l.hear(l.heartbeat({0, 0}));
  }
  EXPECT_FALSE(l.machine.failed());
}

TEST(Receiver, ForgeriesDoNotBreakTheSilence) {
  listener l{2 * block_size};
  for (int i = 0; i < 31; ++i) {
    l.wait(seconds(1));
    l.hear(damaged(l.voice.say(l.heartbeat({0, 0}))));
  }
  EXPECT_EQ(l.machine.failed().code, failure_code::sender_silent);
}

/// Time goes by while heartbeats keep coming.
void wait_with_heartbeats(listener& l, duration how_long) {
  for (const auto end = l.now + how_long; l.now < end; l.wait(milliseconds(10)))
    l.hear(l.heartbeat({0, 0}));
}

TEST(Receiver, TellsTheSenderThatItsConsumerIsSlow) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b); // and nothing is released
  wait_with_heartbeats(l, 2 * defaults::limit_span);
  EXPECT_EQ(l.machine.limited_by(), limiting_factor::consumer);
  l.take_said();
  l.wait(defaults::status_keep_alive);
  const auto said = l.take_said();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.front().limited_by, limiting_factor::consumer);
  l.release_blocks();
  wait_with_heartbeats(l, 2 * defaults::limit_span);
  EXPECT_EQ(l.machine.limited_by(), limiting_factor::sender);
}

TEST(Receiver, BlocksThatLackSymbolsAreNotTheConsumers) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b, {0});
  wait_with_heartbeats(l, defaults::limit_span + milliseconds(100));
  EXPECT_EQ(l.machine.limited_by(), limiting_factor::network);
}

TEST(Receiver, ASleepIsNobodysSilence) {
  listener l{2 * block_size};
  l.hear(l.heartbeat({0, 0}));
  l.wait(seconds(1));
  l.now += seconds(45); // the process is stopped
  l.wait(milliseconds(900));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
  EXPECT_FALSE(l.machine.health().is_deaf) << "what waits in the socket was not read yet";
}

TEST(Receiver, IsDeafAndJoinsAgainUntilItHears) {
  listener l{2 * block_size};
  l.wait(seconds(3));
  EXPECT_TRUE(l.machine.health().is_deaf);
  EXPECT_EQ(l.machine.health().joins, 1U);
  l.hear(damaged(l.voice.say(l.heartbeat({0, 0}))));
  EXPECT_TRUE(l.machine.health().is_deaf) << "anybody can send something to the group";
  l.hear(l.heartbeat({0, 0}));
  EXPECT_FALSE(l.machine.health().is_deaf);
}

TEST(Receiver, OnceCompleteMindsNoSilence) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0);
  ASSERT_TRUE(l.machine.complete());
  l.wait(2 * defaults::sender_silence_limit);
  EXPECT_FALSE(l.machine.failed());
  EXPECT_FALSE(l.machine.health().is_deaf);
  EXPECT_EQ(l.machine.health().joins, 0U);
}

// -- getting on -----------------------------------------------------------------------------------

constexpr std::uint16_t large_symbol = 1408;

/// The sender goes over the object again and again; only its heartbeats arrive.
void hear_heartbeats_of_passes(listener& l, duration how_long) {
  const auto blocks = l.object.layout().block_count();
  position at{0, 0};
  for (const auto end = l.now + how_long; l.now < end; l.wait(milliseconds(100))) {
    at = at.block + 1 < blocks ? position{at.pass, at.block + 1} : position{at.pass + 1, 0};
    l.voice.lose(10);
    auto m = l.heartbeat(at);
    m.scheduled.clear();
    m.scheduled_all
      = true; // it sends nothing that it announces, to see what a receiver makes of it
    l.hear(m);
  }
}

TEST(Receiver, EndsWithinTenSecondsWhereOnlySmallDatagramsPass) {
  listener l{16 * large_symbol * k, 8, large_symbol};
  hear_heartbeats_of_passes(l, seconds(10));
  EXPECT_EQ(l.machine.failed().code, failure_code::network_fault);
  EXPECT_NE(l.machine.failed().text.find("1476"), std::string::npos) << l.machine.failed().text;
}

TEST(Receiver, OfWhichOneSymbolCameHasNoSizeToComplainOf) {
  listener l{16 * large_symbol * k, 8, large_symbol};
  hear_heartbeats_of_passes(l, seconds(7));
  l.hear_symbol(15, 0);
  hear_heartbeats_of_passes(l, seconds(7));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
}

TEST(Receiver, OfAnObjectThatIsSmallerThanASymbolHasNoSizeToComplainOf) {
  listener l{300, 8, large_symbol};
  hear_heartbeats_of_passes(l, seconds(20));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
}

TEST(Receiver, ThatNeedsNothingHasNoSizeToComplainOf) {
  listener l{16 * large_symbol * k, 8, large_symbol};
  l.machine.require(l.now, {0, 0});
  hear_heartbeats_of_passes(l, seconds(20));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
}

TEST(Receiver, StallsWhereWhatItAsksForDoesNotComeThoughTheSenderGetsOn) {
  listener l{16 * block_size};
  l.hear_all_manifests();
  hear_heartbeats_of_passes(l, seconds(15));
  EXPECT_FALSE(l.machine.health().stalled);
  hear_heartbeats_of_passes(l, seconds(6));
  ASSERT_TRUE(l.machine.health().stalled);
  EXPECT_GT(l.machine.health().stalled->sent, l.machine.health().stalled->arrived);
  EXPECT_GE(l.machine.health().stalled->requests, 3U);
  EXPECT_FALSE(l.machine.failed()) << "ending is the server's business";
  l.hear_symbol(3, 0);
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Receiver, WhoseConsumerHoldsEverythingDoesNotStall) {
  listener l{16 * block_size};
  l.hear_all_manifests();
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b); // and nothing is released
  hear_heartbeats_of_passes(l, seconds(30));
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Receiver, WhoWaitsForWhatIsAnnouncedDoesNotStall) {
  listener l{16 * block_size};
  for (int i = 0; i < 300; ++i) {
    auto m = l.heartbeat({0, 0});
    m.repairing = {{0, static_cast<std::uint16_t>(1 + i % 2)}}; // it gets on, with others' repairs
    l.hear(m);
    l.wait(milliseconds(100));
  }
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Receiver, SilenceAfterTheLastBlockIsNoFailure) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0);
  ASSERT_TRUE(l.machine.complete());
  l.now += 2 * defaults::sender_silence_limit;
  l.machine.on_time(l.now);
  EXPECT_FALSE(l.machine.failed());
}

} // namespace
} // namespace receiver_test
} // namespace fleetcast::protocol
