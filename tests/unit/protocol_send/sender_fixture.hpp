/// A sender with its disk, and an ear for what it sends: what the tests of the sender share.
#pragma once

#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/sender.hpp"
#include "protocol/wire/data_codec.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace fleetcast::protocol::sender_fixture {

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
inline std::vector<block_number> blocks_of(const std::vector<sent>& all) {
  std::vector<block_number> result;
  for (const auto& s : all)
    if (s.type() == datagram_type::source && (result.empty() || result.back() != s.block()))
      result.push_back(s.block());
  return result;
}

inline std::vector<block_number> counting(block_number first, block_number end) {
  std::vector<block_number> result;
  for (auto b = first; b < end; ++b)
    result.push_back(b);
  return result;
}

inline std::vector<wire::heartbeat> heartbeats_of(const std::vector<sent>& all) {
  std::vector<wire::heartbeat> result;
  for (const auto& s : all)
    if (auto h = s.heartbeat())
      result.push_back(std::move(*h));
  return result;
}

/// Symbols of repair datagrams of a block, in order.
inline std::vector<symbol_id> repaired(const std::vector<sent>& all, block_number block) {
  std::vector<symbol_id> result;
  for (const auto& s : all)
    if (s.type() == datagram_type::repair && s.block() == block)
      result.push_back(s.symbol());
  return result;
}

/// Long enough for two verdicts.
constexpr auto verdict_time = 2 * defaults::limit_span + defaults::idle_heartbeat_interval;

} // namespace fleetcast::protocol::sender_fixture
