/// A receiver, the voice that speaks to it, and an ear for what it says: what the tests of the receiver share.
#pragma once

#include "protocol/receive/receiver.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace fleetcast::protocol::receiver_fixture {

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
                    std::uint16_t bytes_of_symbol = symbol_size, bool keeps_digests = false,
                    std::uint64_t content_seed = 1)
    : object(object_size, bytes_of_symbol, k, content_seed),
      memory(std::size_t{bytes_of_symbol} * k, cache),
      machine(config_of(object.layout(), server, keeps_digests), memory, now) {
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
  static receiver_config config_of(const geometry& layout, const fixture::identity& server,
                                   bool keeps_digests) {
    auto result = fixture::receiver_config_of(layout, server, suite);
    result.keeps_digests = keeps_digests;
    return result;
  }

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
inline auto state_of(const listener& l) {
  auto s = l.machine.statistics();
  return std::tuple{l.memory.available(),   l.machine.limit(),      l.machine.completed_blocks(),
                    l.machine.last_heard(), l.machine.next_event(), s.datagrams,
                    s.source_symbols,       s.repair_symbols,       s.bytes,
                    s.lost_packets,         s.signature_failures,   s.digest_failures,
                    s.statuses_sent,        s.requests_sent,        l.machine.failed().code};
}

/// It is counted under `reason`, under no other, and changes nothing else.
inline void expect_dropped(listener& l, std::span<const std::byte> datagram, drop_reason reason) {
  auto expected = l.machine.statistics().drops;
  ++expected[static_cast<std::size_t>(reason)];
  const auto before = state_of(l);
  l.hear(datagram);
  EXPECT_EQ(l.machine.statistics().drops, expected) << to_string(reason);
  EXPECT_EQ(state_of(l), before) << to_string(reason);
}

inline bytes damaged(bytes datagram) {
  datagram.back() ^= std::byte{1};
  return datagram;
}

} // namespace fleetcast::protocol::receiver_fixture
