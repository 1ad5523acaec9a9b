#include "protocol/send/adaptive_rate.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/sender.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace fleetcast::protocol {

namespace sender_test {
namespace {

using fixture::sample_object;
using wire::datagram_type;
using ranges = std::vector<wire::block_range>;
using repairs = std::vector<wire::block_repair>;

constexpr std::uint16_t symbol_size = 64;
constexpr std::uint16_t k = 4;
constexpr std::size_t block_size = symbol_size * k;

constexpr receiver_id alice = 7;
constexpr receiver_id bob = 8;

/// More blocks than any object here has.
constexpr std::uint32_t plenty = 100'000;

/// A sender, its disk, and an ear for what it sends.
class talker {
public:
  /// 10 Mbit/s: a datagram of these tests every 83 us.
  explicit talker(block_number blocks, bit_rate rate = 10'000'000,
                  std::size_t cache = defaults::sender_cache_blocks)
    : talker(blocks, std::make_unique<fixed_rate>(rate), cache) {}

  talker(block_number blocks, std::unique_ptr<rate_controller> policy,
         std::size_t cache = defaults::sender_cache_blocks)
    : object(std::uint64_t{blocks} * block_size, symbol_size, k),
      machine(config_of(object.layout(), cache), std::move(policy), signer) {}

  struct sent {
    timestamp at{};
    outgoing_datagram datagram;

    datagram_type type() const { return datagram.header.type; }
    block_number block() const { return datagram.header.block; }
    symbol_id symbol() const { return datagram.header.symbol; }
    std::uint64_t packet() const { return datagram.header.packet_number; }

    std::optional<wire::heartbeat> heartbeat() const { return as<wire::heartbeat>(); }
    std::optional<wire::manifest> manifest() const { return as<wire::manifest>(); }
    std::optional<wire::anchor> anchor() const { return as<wire::anchor>(); }

    /// Signed or not.
    bool is_heartbeat() const { return heartbeat() || anchor(); }

  private:
    template <class Message>
    std::optional<Message> as() const {
      if (type() != datagram_type::control)
        return std::nullopt;
      const auto m = wire::decode_group_message(datagram.payload);
      if (!m || !std::holds_alternative<Message>(*m))
        return std::nullopt;
      return std::get<Message>(*m);
    }
  };

  /// Takes at most `max` datagrams at this moment.
  std::vector<sent> take(std::size_t max = 1000) {
    read();
    std::vector<outgoing_datagram> out;
    const auto count = machine.take(now, max, out);
    EXPECT_EQ(count, out.size());
    EXPECT_LE(count, max);
    EXPECT_TRUE(machine.validate());
    read();
    std::vector<sent> result;
    for (auto& d : out)
      result.push_back({now, std::move(d)});
    return result;
  }

  /// Lets time go by and returns what was sent.
  std::vector<sent> run(duration how_long) {
    std::vector<sent> result;
    const auto until = now + how_long;
    while (true) {
      for (;;) {
        auto some = take(defaults::batch_datagrams);
        if (some.empty())
          break;
        std::move(some.begin(), some.end(), std::back_inserter(result));
      }
      const auto next = machine.next_event(now);
      EXPECT_GT(next, now) << "it wants to be asked again at once and has nothing";
      if (next > until || next <= now)
        break;
      now = next;
    }
    now = until;
    return result;
  }

  /// What a receiver that has heard everything says. Silence about its limit: it has room.
  wire::feedback feedback() const {
    wire::feedback m;
    m.limit = unlimited;
    m.highest_packet = last_packet;
    return m;
  }

  /// Of a receiver that hears us, unless it says otherwise.
  bool hear(wire::feedback m, receiver_id from = alice) {
    if (m.echo_sent_at == 0)
      m.echo_sent_at = static_cast<std::uint64_t>((now - defaults::initial_grtt).count());
    const auto fine = machine.on_feedback(now, from, m);
    EXPECT_TRUE(machine.validate());
    return fine;
  }

  bool hear_repairs(const repairs& r, receiver_id from = alice) {
    auto m = feedback();
    m.repairs = r;
    return hear(m, from);
  }

  bool hear_wanted(const ranges& r, receiver_id from = alice) {
    auto m = feedback();
    m.wanted = r;
    return hear(m, from);
  }

  void join(receiver_id id, std::uint32_t cache_blocks = plenty) {
    machine.add_receiver(now, id, cache_blocks);
  }

  /// Brings in what the sender asks for, in order, unless the disk is slow.
  void read() {
    for (const auto block : machine.take_reads()) {
      EXPECT_LT(block, object.layout().block_count());
      ++times_read[block];
      asked.push_back(block);
    }
    if (!disk_is_stuck)
      finish_reads();
  }

  void finish_reads() {
    while (!asked.empty()) {
      const auto block = asked.front();
      asked.pop_front();
      EXPECT_FALSE(machine.on_block(block, object.block(block), object.digest_of(block)));
    }
  }

  fixture::identity server;
  wire::manifest_signer signer = server.signer();
  sample_object object;
  sender machine;
  timestamp now = fixture::start;
  bool disk_is_stuck = false;
  std::deque<block_number> asked;
  std::map<block_number, int> times_read;
  std::uint64_t last_packet = 1'000'000; ///< what receivers claim to have heard

private:
  static sender_config config_of(const geometry& layout, std::size_t cache) {
    sender_config result{.layout = layout};
    result.session_tag = fixture::session_tag;
    result.lane = fixture::lane;
    result.cache_blocks = cache;
    return result;
  }
};

using sent = talker::sent;

/// The blocks whose source symbols were sent, in order.
std::vector<block_number> blocks_of(const std::vector<sent>& all) {
  std::vector<block_number> result;
  for (const auto& s : all)
    if (s.type() == datagram_type::source && (result.empty() || result.back() != s.block()))
      result.push_back(s.block());
  return result;
}

std::vector<block_number> counting(block_number first, block_number end) {
  std::vector<block_number> result;
  for (auto b = first; b < end; ++b)
    result.push_back(b);
  return result;
}

std::vector<wire::heartbeat> heartbeats_of(const std::vector<sent>& all) {
  std::vector<wire::heartbeat> result;
  for (const auto& s : all)
    if (auto h = s.heartbeat())
      result.push_back(std::move(*h));
  return result;
}

/// Symbols of repair datagrams of a block, in order.
std::vector<symbol_id> repaired(const std::vector<sent>& all, block_number block) {
  std::vector<symbol_id> result;
  for (const auto& s : all)
    if (s.type() == datagram_type::repair && s.block() == block)
      result.push_back(s.symbol());
  return result;
}

/// Long enough for two verdicts.
constexpr auto verdict_time = 2 * defaults::limit_span + defaults::idle_heartbeat_interval;

// -- the ordinary way -----------------------------------------------------------------------------

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

// -- content --------------------------------------------------------------------------------------

TEST(Sender, AsksForEachBlockOnceAndNoFurtherAheadThanTwoRuns) {
  talker t{300};
  t.join(alice);
  for (int step = 0; step < 2000; ++step) {
    t.take(3);
    const auto next = t.machine.next_position().block;
    for (const auto& [block, times] : t.times_read) {
      ASSERT_EQ(times, 1) << "block " << block;
      ASSERT_LT(block, next + 2 * defaults::manifest_run) << "while at " << next;
    }
    t.now += microseconds(100);
  }
  EXPECT_EQ(t.times_read.size(), 300U);
}

TEST(Sender, AsksForNoMoreThanItsCacheHoldsWhileTheDiskIsSlow) {
  talker t{300};
  t.disk_is_stuck = true;
  t.join(alice);
  for (int i = 0; i < 20; ++i)
    t.run(milliseconds(5));
  EXPECT_EQ(t.asked.size(), 2 * defaults::manifest_run);
  EXPECT_GT(t.machine.statistics().read_stalls, 0U);
  t.disk_is_stuck = false;
  EXPECT_EQ(blocks_of(t.run(seconds(1))), counting(0, 300));
}

TEST(Sender, GoesOnAsSoonAsTheNextRunWasRead) {
  talker t{64};
  t.disk_is_stuck = true;
  t.join(alice);
  EXPECT_TRUE(blocks_of(t.run(milliseconds(10))).empty());
  for (std::size_t i = 0; i + 1 < defaults::manifest_run; ++i) {
    const auto block = t.asked.front();
    t.asked.pop_front();
    t.machine.on_block(block, t.object.block(block), t.object.digest_of(block));
  }
  EXPECT_TRUE(blocks_of(t.run(milliseconds(10))).empty()) << "the manifest lacks a digest";
  const auto last = t.asked.front();
  t.asked.pop_front();
  t.machine.on_block(last, t.object.block(last), t.object.digest_of(last));
  EXPECT_EQ(blocks_of(t.run(milliseconds(20))), counting(0, defaults::manifest_run));
}

TEST(Sender, ReadsAheadAcrossTheTurnOfAPass) {
  talker t{300};
  t.join(alice);
  t.run(seconds(1));
  t.disk_is_stuck = true;
  ASSERT_TRUE(t.hear_wanted({{0, 3}}));
  t.read();
  EXPECT_EQ(t.asked, (std::deque<block_number>{0, 1, 2}));
}

TEST(Sender, NoticesThatTheObjectChanged) {
  talker t{8};
  t.disk_is_stuck = true;
  t.join(alice);
  t.read();
  const auto digest = t.object.digest_of(3);
  EXPECT_FALSE(t.machine.on_block(3, t.object.block(3), digest));
  EXPECT_FALSE(t.machine.on_block(3, t.object.block(3), digest));
  const auto changed = t.machine.on_block(3, t.object.block(4), t.object.digest_of(4));
  EXPECT_EQ(changed.code, failure_code::object_changed);
  EXPECT_NE(changed.text.find("block 3"), std::string::npos);
}

TEST(Sender, ReadsABlockAgainThatARepairNeedsAndItsCacheLost) {
  talker t{300};
  t.join(alice);
  t.run(seconds(1));
  ASSERT_TRUE(t.hear_repairs({{0, 2}}));
  const auto all = t.run(milliseconds(20));
  EXPECT_EQ(t.times_read[0], 2);
  EXPECT_EQ(repaired(all, 0), (std::vector<symbol_id>{k, k + 1}));
}

TEST(Sender, DoesNotReadOverAndOverWhenManyBlocksNeedRepair) {
  talker t{400};
  t.join(alice);
  t.run(seconds(1));
  t.times_read.clear();
  for (block_number first = 0; first < 300; first += 50) {
    repairs r;
    for (block_number b = first; b < first + 50; ++b)
      r.push_back({b, 1});
    ASSERT_TRUE(t.hear_repairs(r));
  }
  std::size_t served = 0;
  for (const auto& s : t.run(seconds(1)))
    served += s.type() == datagram_type::repair ? 1U : 0U;
  EXPECT_EQ(served, 300U);
  int reads = 0;
  for (const auto& [block, times] : t.times_read)
    reads += times;
  EXPECT_LE(reads, 300);
}

TEST(Sender, RepairsThatWaitForTheDiskHoldUpNoOthersAndGoOnceTheyWereRead) {
  talker t{300};
  t.join(alice);
  t.run(seconds(1));
  t.disk_is_stuck = true;
  ASSERT_TRUE(t.hear_repairs({{0, 1}, {1, 1}, {298, 1}}));
  auto all = t.run(milliseconds(20));
  EXPECT_TRUE(repaired(all, 0).empty());
  EXPECT_EQ(repaired(all, 298).size(), 1U);
  ASSERT_EQ(t.asked, (std::deque<block_number>{0, 1}));
  // The second one comes first, and one that needs no read is asked for meanwhile.
  t.asked.pop_front();
  t.finish_reads();
  ASSERT_TRUE(t.hear_repairs({{299, 1}}));
  all = t.run(milliseconds(20));
  EXPECT_TRUE(repaired(all, 0).empty());
  EXPECT_EQ(repaired(all, 1).size(), 1U);
  EXPECT_EQ(repaired(all, 299).size(), 1U);
  EXPECT_FALSE(t.machine.on_block(0, t.object.block(0), t.object.digest_of(0)));
  EXPECT_EQ(repaired(t.run(milliseconds(20)), 0).size(), 1U);
}

TEST(Sender, BlocksReadAheadDoNotLockOutNearerOnes) {
  // Nothing may be started: the window is shut. Each wish lies before the one read ahead for.
  talker t{2000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(seconds(10));
  t.join(bob, 0);
  auto shut = t.feedback();
  shut.limit = {0, 0};
  shut.completed_blocks = 1;
  auto wish = shut;
  for (const block_number first : {1900U, 1500U, 1000U, 500U, 100U, 50U}) {
    wish.wanted = {{first, 32}};
    t.hear(wish, bob);
    t.run(milliseconds(10));
  }
  t.machine.remove_receiver(t.now, bob);
  const auto blocks = blocks_of(t.run(seconds(2)));
  EXPECT_EQ((std::set<block_number>{blocks.begin(), blocks.end()}).size(), 6 * 32U);
}

// -- repair ---------------------------------------------------------------------------------------

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

// -- passes ---------------------------------------------------------------------------------------

TEST(Sender, ServesALateJoinerInTheNextPassAndDelaysNobody) {
  talker t{100};
  t.join(alice);
  t.run(milliseconds(20));
  const auto half = t.machine.next_position().block;
  ASSERT_GT(half, 30U);
  ASSERT_LT(half, 70U);
  t.join(bob);
  ASSERT_TRUE(t.hear_wanted({{0, half}}, bob));
  const auto all = t.run(seconds(1));
  auto expected = counting(half, 100);
  const auto blocks = blocks_of(all);
  const auto first_pass = std::vector(blocks.begin(), blocks.begin() + 1);
  for (const auto b : counting(0, half))
    expected.push_back(b);
  // The block that was under way counts to the first pass.
  EXPECT_EQ((std::vector<block_number>{blocks.end() - static_cast<std::ptrdiff_t>(expected.size()),
                                       blocks.end()}),
            expected);
  EXPECT_LE(blocks.size(), expected.size() + 1);
  // Everybody hears of the new pass before its first block.
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].type() != datagram_type::source || all[i].block() != 0)
      continue;
    position heard{};
    for (std::size_t j = 0; j < i; ++j)
      if (const auto h = all[j].heartbeat())
        heard = h->next;
    EXPECT_EQ(heard.pass, 1U);
    break;
  }
}

TEST(Sender, AnnouncesAHeartbeatAtOnceToANewcomer) {
  talker t{100};
  t.join(alice);
  t.run(milliseconds(7));
  t.join(bob);
  t.now += microseconds(1);
  const auto some = t.take(1);
  ASSERT_EQ(some.size(), 1U);
  const auto h = some.front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->group_size, 2U);
}

TEST(Sender, WantedBlocksThatWereStartedAfterTheRequestAreNotSentAgain) {
  talker t{100};
  t.join(alice);
  const auto all = t.run(milliseconds(20));
  std::uint64_t seen = 0;
  for (const auto& s : all)
    if (s.type() == datagram_type::source && s.block() == 10 && s.symbol() == k - 1)
      seen = s.packet();
  ASSERT_GT(seen, 0U);
  const auto passed = t.machine.next_position().block;
  ASSERT_GT(passed, 20U);
  t.last_packet = seen;
  ASSERT_TRUE(t.hear_wanted({{5, 10}})); // 5 to 14, but knows only of those up to 10
  const auto later = t.run(seconds(1));
  std::set<block_number> again;
  for (const auto& s : later)
    if (s.type() == datagram_type::source && s.block() < passed - 1)
      again.insert(s.block());
  EXPECT_EQ(again, (std::set<block_number>{5, 6, 7, 8, 9, 10}));
}

TEST(Sender, WhatNobodyWantsAnyMoreIsNotSentAgain) {
  talker t{100};
  t.join(alice);
  t.run(seconds(1));
  const auto before = t.machine.statistics().source_datagrams;
  EXPECT_EQ(before, 100U * k);
  t.run(seconds(5));
  EXPECT_EQ(t.machine.statistics().source_datagrams, before);
}

TEST(Sender, APassThatEndsEarlyIsAnnouncedAsEnded) {
  talker t{10};
  t.join(alice);
  t.run(milliseconds(100));
  ASSERT_TRUE(t.hear_wanted({{0, 3}}));
  const auto all = t.run(milliseconds(100));
  ASSERT_EQ(blocks_of(all), counting(0, 3));
  // Not "at 3": who lacks block 3 would take it for the one being sent, and wait forever.
  const auto last = heartbeats_of(all).back();
  EXPECT_EQ(last.next, (position{1, 10}));
  EXPECT_TRUE(last.scheduled.empty());
  ASSERT_TRUE(t.hear_wanted({{3, 1}}));
  EXPECT_EQ(blocks_of(t.run(milliseconds(100))), counting(3, 4));
}

// -- window ---------------------------------------------------------------------------------------

TEST(Sender, StartsNoBlockBeyondWhatAFreshReceiverHolds) {
  talker t{100};
  t.join(alice, 4);
  EXPECT_EQ(blocks_of(t.run(milliseconds(15))), counting(0, 4));
  EXPECT_GT(t.machine.statistics().window_stalls, 0U);
}

TEST(Sender, GoesOnWhenTheReceiverSaysThereIsRoom) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  auto m = t.feedback();
  m.limit = {0, 9};
  t.hear(m);
  EXPECT_EQ(blocks_of(t.run(milliseconds(10))), counting(4, 9));
}

TEST(Sender, TakesSilenceForConsentToWhatItAnnouncedAndNoMore) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  // While she may still be heard nobody else needs to object to more.
  const auto announced = heartbeats_of(t.run(milliseconds(10))).back().edge;
  EXPECT_EQ(announced, (position{0, 4}));
  const auto all = t.run(milliseconds(60));
  const auto blocks = blocks_of(all);
  ASSERT_FALSE(blocks.empty()) << "it waits although nobody objects";
  EXPECT_EQ(blocks.front(), 4U);
  // Not a block beyond an edge that a heartbeat before it had announced.
  position edge = announced;
  for (const auto& s : all) {
    if (const auto h = s.heartbeat())
      edge = std::max(edge, h->edge);
    if (s.type() == datagram_type::source) {
      ASSERT_LT((position{0, s.block()}), edge);
    }
  }
}

TEST(Sender, WaitsAsLongAsAReceiverObjects) {
  talker t{100};
  t.join(alice, 4);
  t.join(bob);
  auto m = t.feedback();
  m.limit = {0, 4};
  std::vector<block_number> all;
  for (int i = 0; i < 200; ++i) {
    for (const auto b : blocks_of(t.run(milliseconds(5))))
      all.push_back(b);
    t.hear(m);
  }
  EXPECT_EQ(all, counting(0, 4));
}

TEST(Sender, CountsAStallOnceHoweverLongItLasts) {
  talker t{100};
  t.join(alice, 4);
  auto m = t.feedback();
  m.limit = {0, 4};
  const auto wait = [&] {
    for (int i = 0; i < 100; ++i) {
      t.hear(m);
      t.run(milliseconds(5));
    }
  };
  wait();
  EXPECT_EQ(t.machine.statistics().window_stalls, 1U);
  m.limit = {0, 6};
  wait();
  EXPECT_EQ(t.machine.statistics().window_stalls, 2U);
  EXPECT_EQ(t.machine.statistics().read_stalls, 0U);
}

TEST(Sender, CountsTheWaitForAReadOnceHoweverLongItLasts) {
  talker t{100};
  t.disk_is_stuck = true;
  t.join(alice);
  t.run(seconds(1));
  EXPECT_EQ(t.machine.statistics().read_stalls, 1U);
  t.finish_reads();
  t.run(seconds(1)); // two runs further it waits again
  EXPECT_EQ(t.machine.statistics().read_stalls, 2U);
  EXPECT_EQ(t.machine.statistics().window_stalls, 0U);
}

TEST(Sender, TheSlowestReceiversLimitCounts) {
  talker t{100};
  t.join(alice, 4);
  t.join(bob, 12);
  auto slow = t.feedback();
  slow.limit = {0, 6};
  auto fast = t.feedback();
  fast.limit = {0, 50};
  t.run(milliseconds(2));
  t.hear(slow);
  t.hear(fast, bob);
  EXPECT_EQ(blocks_of(t.run(milliseconds(10))).back(), 5U);
  EXPECT_EQ(t.machine.edge(t.now), (position{0, 6}));
  t.machine.remove_receiver(t.now, alice);
  EXPECT_EQ(t.machine.edge(t.now), (position{0, 50}));
  EXPECT_EQ(blocks_of(t.run(milliseconds(12))).front(), 6U);
}

TEST(Sender, RepairsAreServedHoweverTightTheWindow) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  auto m = t.feedback();
  m.limit = {0, 4};
  m.repairs = {{0, 1}, {2, 2}};
  t.hear(m);
  const auto all = t.run(milliseconds(10));
  EXPECT_EQ(repaired(all, 0).size(), 1U);
  EXPECT_EQ(repaired(all, 2).size(), 2U);
  EXPECT_TRUE(blocks_of(all).empty());
}

TEST(Sender, ASilentReceiverHoldsNobodyAndIsDroppedAfterTheLimit) {
  talker t{100};
  t.join(alice, 4);
  t.join(bob);
  const auto started = t.now;
  std::vector<block_number> blocks;
  while (t.now < started + defaults::receiver_silence_limit) {
    EXPECT_TRUE(t.machine.take_silent(t.now).empty());
    for (const auto b : blocks_of(t.run(milliseconds(100))))
      blocks.push_back(b);
    t.hear(t.feedback(), bob);
  }
  EXPECT_EQ(blocks, counting(0, 100));
  EXPECT_EQ(t.machine.take_silent(t.now), std::vector<receiver_id>{}) << "only just";
  t.now += milliseconds(1);
  EXPECT_EQ(t.machine.take_silent(t.now), std::vector<receiver_id>{alice});
  EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  EXPECT_FALSE(t.machine.receivers().contains(alice));
  EXPECT_TRUE(t.machine.receivers().contains(bob));
}

// -- who gets on -----------------------------------------------------------------------------------

/// Source and repair datagrams.
std::uint64_t symbols_sent(const talker& t) {
  const auto& s = t.machine.statistics();
  return s.source_datagrams + s.repair_datagrams;
}

/// A receiver that got every datagram and completed all that was sent whole.
wire::feedback fine(const talker& t, std::uint32_t completed) {
  auto m = t.feedback();
  m.received_packets = symbols_sent(t) + t.machine.statistics().control_datagrams;
  m.highest_packet = m.received_packets;
  m.completed_blocks = completed;
  m.free_blocks = 64;
  return m;
}

/// One that only datagrams without symbols reach.
wire::feedback deaf_to_symbols(const talker& t) {
  auto m = fine(t, 0);
  m.lost_packets = symbols_sent(t);
  m.received_packets -= m.lost_packets;
  return m;
}

std::uint64_t bytes_of(const std::vector<sent>& all) {
  std::uint64_t result = 0;
  for (const auto& s : all)
    result += s.datagram.payload.size() + wire::header_size + wire::max_seal_size;
  return result;
}

TEST(Sender, SendsHardlyAnythingBeforeItHeardAnybodyHoweverFastItMay) {
  for (const bit_rate rate : {bit_rate{10'000'000}, bit_rate{10'000'000'000}}) {
    talker t{20'000, rate};
    t.join(alice);
    const auto all = t.run(seconds(25));
    EXPECT_LE(bytes_of(all), defaults::blind_bytes);
    EXPECT_GE(bytes_of(all), defaults::blind_bytes - 2 * defaults::blind_reserve);
    // Others that come and say nothing get no more of it.
    t.machine.remove_receiver(t.now, alice);
    t.join(bob);
    const auto more = t.run(seconds(25));
    EXPECT_TRUE(blocks_of(more).empty());
    EXPECT_LE(bytes_of(more), defaults::blind_reserve);
    ASSERT_FALSE(heartbeats_of(more).empty()) << "he has to hear something to answer";
    t.hear(t.feedback(), bob);
    EXPECT_FALSE(blocks_of(t.run(milliseconds(100))).empty());
  }
}

TEST(Sender, AHeartbeatFollowsAtOnceWhenTheFirstWordComesAfterAll) {
  talker t{20'000};
  t.join(alice);
  t.run(seconds(10));
  t.hear(t.feedback());
  EXPECT_FALSE(heartbeats_of(t.take()).empty());
}

TEST(Sender, WithoutAWordFromThoseWhoStayItIsBlindAgain) {
  talker t{20'000};
  t.join(alice);
  t.hear(t.feedback());
  t.join(bob);
  t.run(milliseconds(10));
  t.machine.remove_receiver(t.now, alice);
  EXPECT_LE(bytes_of(t.run(seconds(25))), defaults::blind_bytes);
}

TEST(Sender, AReceiverThatOnlySmallDatagramsReachCostsTwiceTheObjectAndIsSentAway) {
  constexpr block_number blocks = 2000;
  talker t{blocks};
  t.join(alice);
  t.join(bob);
  std::vector<dismissal> away;
  duration alone{};
  for (const auto end = t.now + seconds(60); t.now < end && away.empty();) {
    t.run(milliseconds(20));
    const auto at = t.machine.next_position();
    const auto done = at.pass > 0 ? blocks : at.block;
    if (t.machine.receivers().contains(alice)) {
      t.hear(fine(t, done), alice);
      if (done == blocks)
        t.machine.remove_receiver(t.now, alice);
    } else {
      alone += milliseconds(20);
    }
    auto m = deaf_to_symbols(t);
    m.wanted = {{0, done}};
    for (block_number b = 0; b < std::min(done, block_number{64}); ++b)
      m.repairs.push_back({done - 1 - b, k});
    t.hear(m, bob);
    away = t.machine.take_dismissed(t.now);
  }
  EXPECT_EQ(away, (std::vector<dismissal>{{bob, exclusion::no_progress}}));
  EXPECT_LE(symbols_sent(t), 2 * std::uint64_t{blocks} * k);
  EXPECT_GT(symbols_sent(t), std::uint64_t{blocks} * k * 3 / 2) << "it was given a chance";
  EXPECT_LE(alone, seconds(15));
  EXPECT_FALSE(t.machine.receivers().contains(bob));
  EXPECT_GT(t.machine.statistics().repairs_refused, 0U);
}

/// Says every 20 ms that it has no room, and nothing else.
TEST(Sender, WhoHoldsTheEdgeWithoutGettingOnHoldsItForAWhileAndIsSentAway) {
  talker t{1000};
  t.join(alice);
  t.join(bob);
  auto shut = t.feedback();
  shut.limit = {0, 0};
  shut.completed_blocks = 1;
  shut.free_blocks = 8;
  t.hear(shut, bob);
  std::vector<dismissal> away;
  std::optional<timestamp> went_on;
  const auto began = t.now;
  while (t.now < began + seconds(30) && away.empty()) {
    const auto some = !blocks_of(t.run(milliseconds(20))).empty();
    if (some && !went_on)
      went_on = t.now;
    const auto at = t.machine.next_position();
    t.hear(fine(t, at.block), alice);
    t.hear(shut, bob);
    away = t.machine.take_dismissed(t.now);
  }
  ASSERT_TRUE(went_on);
  EXPECT_GT(*went_on, began + defaults::progress_patience);
  EXPECT_LT(*went_on, began + 2 * defaults::progress_patience);
  EXPECT_EQ(away, (std::vector<dismissal>{{bob, exclusion::holds_window}}));
  EXPECT_TRUE(t.machine.take_dismissed(t.now).empty()) << "named once";
}

TEST(Sender, AReceiverWhoseConsumerPausesHoldsTheEdgeForAMinuteAndStays) {
  talker t{1000};
  t.join(alice);
  t.join(bob);
  auto paused = fine(t, 8);
  paused.limit = {0, 8};
  paused.free_blocks = 0;
  t.hear(paused, bob);
  std::optional<timestamp> went_on;
  const auto began = t.now;
  auto position_then = t.machine.next_position();
  while (t.now < began + seconds(200)) {
    t.run(milliseconds(20));
    const auto at = t.machine.next_position();
    if (at > position{0, 8} && !went_on)
      went_on = t.now;
    t.hear(fine(t, at.pass > 0 ? 1000 : at.block), alice);
    t.hear(paused, bob);
    ASSERT_TRUE(t.machine.take_dismissed(t.now).empty());
    position_then = at;
  }
  ASSERT_TRUE(went_on);
  EXPECT_GT(*went_on, began + defaults::full_cache_patience);
  EXPECT_EQ(position_then.block, 1000U) << "the others have it all";
  EXPECT_TRUE(t.machine.receivers().contains(bob));
}

TEST(Sender, APauseOfItsOwnIsNobodysSilence) {
  talker t{1000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(seconds(1));
  t.now += seconds(40);
  EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  EXPECT_FALSE(t.machine.silence(t.now, alice));
  for (const auto end = t.now + defaults::receiver_silence_limit - seconds(2); t.now < end;) {
    t.run(milliseconds(100));
    EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  }
  t.run(seconds(2));
  EXPECT_EQ(t.machine.take_silent(t.now), std::vector<receiver_id>{alice});
}

TEST(Sender, NamesWhoIsSilentAndForHowLong) {
  talker t{40};
  t.join(alice);
  t.join(bob);
  auto last = fine(t, 3);
  last.limited_by = limiting_factor::consumer;
  t.hear(last, bob);
  const auto said = t.now;
  while (t.now < said + defaults::silent_after) {
    t.run(milliseconds(100));
    t.hear(fine(t, 40), alice);
  }
  EXPECT_FALSE(t.machine.silence(t.now, bob)) << "only just";
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::consumer, bob}));
  while (t.now < said + seconds(12)) {
    t.run(milliseconds(100));
    t.hear(fine(t, 40), alice);
  }
  EXPECT_EQ(t.machine.silence(t.now, bob), seconds(12));
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::silent, bob}));
  EXPECT_FALSE(t.machine.silence(t.now, alice));
  t.hear(fine(t, 3), bob);
  t.run(verdict_time);
  EXPECT_FALSE(t.machine.silence(t.now, bob));
  EXPECT_EQ(t.machine.limit().factor, limiting_factor::network);
}

/// The time until everything was sent once to alice and bob, beside whom `carol` asks for all there is, without end.
duration time_beside(bool carol_asks) {
  constexpr block_number blocks = 5000;
  talker t{blocks};
  const receiver_id carol = 9;
  for (const auto id : {alice, bob, carol})
    t.join(id);
  const auto began = t.now;
  while (t.machine.next_position().pass == 0 && t.machine.next_position().block < blocks
         && t.now < began + seconds(60)) {
    t.run(milliseconds(2));
    const auto done = t.machine.next_position().block;
    for (const auto id : {alice, bob})
      t.hear(fine(t, done), id);
    auto m = fine(t, done);
    for (block_number b = 0; carol_asks && b < std::min<block_number>(done, 64); ++b)
      m.repairs.push_back({(done - 1 - b), k});
    t.hear(m, carol);
  }
  return t.now - began;
}

TEST(Sender, WhoAsksForEveryBlockWithoutEndDelaysTheOthersByAThirdAtMost) {
  const auto undisturbed = time_beside(false);
  const auto disturbed = time_beside(true);
  EXPECT_LT(disturbed, undisturbed * 13 / 10);
  EXPECT_GT(disturbed, undisturbed * 21 / 20) << "it gets its share";
}

// -- heartbeats -----------------------------------------------------------------------------------

TEST(Sender, AHeartbeatTellsTheStateOfTheSender) {
  talker t{100};
  t.join(alice);
  t.join(bob);
  t.run(milliseconds(20));
  auto m = t.feedback();
  m.repairs = {{0, 2}};
  m.wanted = {{3, 2}};
  m.echo_sent_at = static_cast<std::uint64_t>((t.now - milliseconds(9)).count());
  t.disk_is_stuck = true;
  t.hear(m);
  t.now += milliseconds(1);
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->sent_at, static_cast<std::uint64_t>(t.now.count()));
  EXPECT_EQ(h->group_size, 2U);
  EXPECT_EQ(h->grtt, milliseconds(9));
  EXPECT_EQ(h->next.pass, 0U);
  const auto next = t.machine.next_position().block;
  EXPECT_GE(h->next.block + 1, next);
  EXPECT_EQ(h->repairing, (repairs{{0, 2}}));
  ranges coming{{3, 2}};
  if (h->next.block < next) // under way
    coming.push_back({h->next.block, 1});
  coming.push_back({next, 100 - next});
  EXPECT_EQ(h->scheduled, coming);
  EXPECT_TRUE(h->scheduled_all);
  EXPECT_EQ(h->edge, (position{0, next + defaults::edge_lead}));
  EXPECT_EQ(h->status_interval, milliseconds(4));
}

TEST(Sender, ABlockUnderWayIsAnnouncedAsNext) {
  talker t{100, 1'000'000};
  t.join(alice);
  const sent* last = nullptr;
  int under_way = 0;
  const auto all = t.run(milliseconds(500));
  for (const auto& s : all) {
    if (s.type() == datagram_type::source)
      last = &s;
    const auto h = s.heartbeat();
    if (!h || last == nullptr)
      continue;
    // Nobody shall miss symbols that are still to come, nor wish for the block.
    const auto whole = last->symbol() + 1 == k;
    under_way += whole ? 0 : 1;
    EXPECT_EQ(h->next.block, last->block() + (whole ? 1 : 0));
    EXPECT_TRUE(h->scheduled_all);
    if (h->next.block == 100) {
      EXPECT_TRUE(h->scheduled.empty());
    } else {
      ASSERT_FALSE(h->scheduled.empty());
      EXPECT_EQ(h->scheduled.front().first, h->next.block);
    }
  }
  EXPECT_GT(under_way, 5);
}

TEST(Sender, TheLastBlockUnderWayIsAnnouncedToo) {
  talker t{3};
  t.join(alice);
  while (t.machine.statistics().source_datagrams < 3 * k - 1) {
    t.take(1);
    t.now += microseconds(20);
  }
  t.now += defaults::reorder_delay;
  t.join(bob); // who is told at once how things stand
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->next, (position{0, 2}));
  EXPECT_EQ(h->scheduled, (ranges{{2, 1}}));
}

TEST(Sender, ABlockUnderWayThatIsWantedOnceMoreIsAnnouncedOnce) {
  talker t{3};
  t.join(alice);
  while (t.machine.statistics().source_datagrams < k + 1) {
    t.take(1);
    t.now += microseconds(20);
  }
  t.hear_wanted({{1, 1}}); // begun, and she had no room for it
  t.now += defaults::reorder_delay;
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->next, (position{0, 1}));
  EXPECT_EQ(h->scheduled, (ranges{{1, 2}}));
}

TEST(Sender, DatagramsLeaveInBatches) {
  talker t{1000, 100'000'000};
  t.join(alice);
  t.run(milliseconds(2)); // what it saved up
  std::size_t batches = 0;
  std::size_t datagrams = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto some = t.take();
    batches += some.empty() ? 0 : 1;
    datagrams += some.size();
    t.now += microseconds(1);
  }
  // A datagram takes 8 us here; a quantum's worth of them goes together.
  EXPECT_GT(datagrams, 100U);
  EXPECT_LE(batches, 3U);
}

TEST(Sender, SharesTheFeedbackBudgetAmongItsReceivers) {
  talker t{100};
  for (receiver_id id = 1; id <= 100; ++id)
    t.join(id);
  EXPECT_EQ(t.take(1).front().heartbeat()->status_interval, milliseconds(200));
  for (receiver_id id = 101; id <= 10'000; ++id)
    t.join(id);
  t.now += milliseconds(1);
  EXPECT_EQ(t.take(1).front().heartbeat()->status_interval, seconds(20));
}

/// They were told to speak every 20 s and may be waiting for that, though a search asks for more now.
TEST(Sender, ASearchDoesNotShortenTheSilenceThatIsForgivenInALargeGroup) {
  talker t{100, std::make_unique<adaptive_rate>()};
  for (receiver_id id = 1; id <= 10'000; ++id)
    t.join(id);
  for (const auto end = t.now + seconds(80); t.now < end;) {
    t.now += milliseconds(500);
    EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  }
  t.now += milliseconds(500);
  EXPECT_EQ(t.machine.take_silent(t.now).size(), 10'000U);
}

TEST(Sender, CutsOffListsThatDoNotFitAHeartbeatAndSaysSo) {
  talker t{400};
  t.join(alice);
  t.run(seconds(1));
  t.disk_is_stuck = true;
  for (block_number first = 0; first < 120; first += 40) {
    auto m = t.feedback();
    for (block_number b = first; b < first + 40; b += 2) {
      m.wanted.push_back({b, 1});
      m.repairs.push_back({b + 200, 1});
      m.repairs.push_back({b + 201, 1});
    }
    ASSERT_TRUE(t.hear(m));
  }
  t.now += milliseconds(5);
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  ASSERT_EQ(h->scheduled.size(), wire::max_scheduled_ranges);
  EXPECT_FALSE(h->scheduled_all);
  EXPECT_EQ(h->scheduled.back(), (wire::block_range{62, 1}));
  EXPECT_EQ(h->repairing.size(), wire::max_announced_repairs);
}

TEST(Sender, HeartbeatsAreFrequentWhileBusyAndRareWhenIdle) {
  talker t{100};
  t.join(alice);
  const auto count = [&](duration d) { return heartbeats_of(t.run(d)).size(); };
  t.run(milliseconds(100));
  EXPECT_NEAR(static_cast<double>(count(milliseconds(500))), 100, 3);
  t.run(defaults::idle_after);
  EXPECT_NEAR(static_cast<double>(count(seconds(5))), 50, 2);
}

TEST(Sender, HeartbeatsAreFrequentAgainAfterARequest) {
  talker t{300};
  t.join(alice);
  t.run(seconds(5));
  t.disk_is_stuck = true; // nothing to send but heartbeats
  ASSERT_TRUE(t.hear_repairs({{0, 1}}));
  EXPECT_NEAR(static_cast<double>(heartbeats_of(t.run(milliseconds(500))).size()), 100, 3);
}

TEST(Sender, AtALowRateHeartbeatsGiveWay) {
  talker t{1000, 100'000};
  t.join(alice);
  t.run(milliseconds(500));
  std::size_t heartbeats = 0;
  std::size_t others = 0;
  for (const auto& s : t.run(seconds(10)))
    ++(s.heartbeat() ? heartbeats : others);
  EXPECT_LE(heartbeats, 101U);
  EXPECT_GT(others, heartbeats);
}

TEST(Sender, ARequestHastensTheHeartbeat) {
  talker t{100};
  t.join(alice);
  t.run(seconds(3)); // idle now
  ASSERT_TRUE(t.hear_repairs({{0, 1}}));
  const auto asked_at = t.now;
  for (const auto& s : t.run(milliseconds(50)))
    if (s.heartbeat()) {
      EXPECT_LE(s.at, asked_at + defaults::reorder_delay);
      return;
    }
  FAIL() << "no heartbeat";
}

// -- hostile and mistaken feedback ----------------------------------------------------------------

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

// -- what limits it -----------------------------------------------------------------------------------

TEST(Sender, NamesTheRateThatItWasTold) {
  talker t{5000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(verdict_time);
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::rate, std::nullopt}));
}

TEST(Sender, NamesItsContentWhenTheDiskIsSlow) {
  talker t{5000};
  t.join(alice);
  t.disk_is_stuck = true;
  t.run(verdict_time);
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::content, std::nullopt}));
}

TEST(Sender, NamesItsHostWhenItsOutputLagsBehind) {
  talker t{5000};
  t.join(alice);
  for (const auto end = t.now + verdict_time; t.now < end; t.now += milliseconds(10))
    t.take(1);
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::host, std::nullopt}));
}

TEST(Sender, NamesTheReceiverThatHasNoRoomAndWhatItSaysOfItself) {
  talker t{5000};
  t.join(alice);
  t.join(bob);
  auto full = t.feedback();
  full.limit = {0, 4};
  full.completed_blocks = 1;
  full.limited_by = limiting_factor::consumer;
  // It objects to each heartbeat, as it would.
  for (const auto end = t.now + verdict_time; t.now < end;) {
    t.hear(full, bob);
    t.hear(t.feedback(), alice);
    t.run(defaults::heartbeat_interval);
  }
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::consumer, bob}));
}

TEST(Sender, NamesTheNetworkWhenTheReceiverThatHoldsItUpKnowsNothingWrong) {
  talker t{5000};
  t.join(alice);
  auto full = t.feedback();
  full.limit = {0, 4};
  full.completed_blocks = 1;
  full.limited_by = limiting_factor::sender;
  for (const auto end = t.now + verdict_time; t.now < end;) {
    t.hear(full);
    t.run(defaults::heartbeat_interval);
  }
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::network, alice}));
}

TEST(Sender, NamesWhoLacksMostWhenAllWasSent) {
  talker t{8};
  t.join(alice);
  t.join(bob);
  auto almost = t.feedback();
  almost.completed_blocks = 7;
  auto hardly = t.feedback();
  hardly.completed_blocks = 3;
  hardly.limited_by = limiting_factor::host;
  for (const auto end = t.now + 2 * verdict_time; t.now < end;) {
    t.hear(almost, alice);
    t.hear(hardly, bob);
    t.run(milliseconds(50));
  }
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::host, bob}));
}

TEST(Sender, StaysConsistentWhateverAReceiverSays) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
    talker t{60, 100'000'000};
    t.join(alice, below(10));
    t.join(bob);
    for (int step = 0; step < 200; ++step) {
      auto m = t.feedback();
      m.limit = {below(4), below(70)};
      m.highest_packet = below(600);
      m.echo_sent_at = std::uint64_t{below(UINT32_MAX)} << below(33);
      for (unsigned i = below(4); i > 0; --i)
        m.repairs.push_back({below(61), static_cast<std::uint16_t>(below(300))});
      for (unsigned i = below(4); i > 0; --i)
        m.wanted.push_back({below(60), 1 + below(10)});
      for (unsigned i = below(4); i > 0; --i)
        m.manifests.push_back({below(60), 1 + below(10)});
      t.hear(m, below(2) == 0 ? alice : bob);
      t.run(microseconds(below(1000)));
    }
    // And when it falls silent everything that is left is served.
    t.machine.remove_receiver(t.now, alice);
    t.run(seconds(2));
    const auto done = t.machine.statistics().source_datagrams;
    t.run(seconds(1));
    EXPECT_EQ(t.machine.statistics().source_datagrams, done);
    EXPECT_GE(done, 60U * k);
  }
}

// -- proactive parity -----------------------------------------------------------------------------

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

// -- anchors ------------------------------------------------------------------------------------

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
} // namespace sender_test
} // namespace fleetcast::protocol
