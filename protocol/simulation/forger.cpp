#include "protocol/simulation/forger.hpp"

#include "protocol/wire/data_codec.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace fleetcast::protocol::simulation {

forger::forger(forger_options options, const geometry& layout, wire::seal_suite suite,
               const wire::direction_key& group_key, std::uint32_t session_tag, std::uint64_t seed)
  : options_(std::move(options)),
    layout_(layout),
    sealer_(suite, group_key),
    session_tag_(session_tag),
    random_(seed) {}

std::vector<std::byte> forger::make(timestamp now, position at, std::uint64_t packet) {
  constexpr auto last_packet = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t few = 16;
  const auto blocks = layout_.block_count();
  const auto next = std::min(at.block, blocks - 1);
  const auto near
    = std::min<block_number>(next + static_cast<block_number>(random_() % few), blocks - 1);
  auto h = heartbeat(now, at);
  switch (options_.kinds[random_() % options_.kinds.size()]) {
    case forgery::last_packet_number:
      return symbol(near, last_packet - random_() % few);
    case forgery::near_packet_number:
      return symbol(near, packet + 1 + random_() % (defaults::replay_window / 2));
    case forgery::symbols_to_come:
      return symbol(near, packet + 1);
    case forgery::symbols_of_the_end:
      return symbol(blocks - 1
                      - static_cast<block_number>(
                        random_() % std::min<std::uint64_t>(blocks, 2 * defaults::cache_blocks)),
                    packet + 1);
    case forgery::manifests: {
      wire::manifest m;
      m.first_block = near;
      m.digests.resize(1);
      randomize(m.digests.front());
      randomize(m.signed_by);
      return control(wire::encode(m), packet + 1);
    }
    case forgery::heartbeat_to_come:
      h.sent_at
        += static_cast<std::uint64_t>(duration{seconds(1)}.count()) * (1 + random_() % 1000);
      break;
    case forgery::heartbeat_elsewhere:
      h.next = {at.pass + 1 + static_cast<std::uint32_t>(random_() % few), near};
      h.edge = h.next;
      break;
    case forgery::heartbeat_scheduled:
      h.scheduled = {{0, blocks}};
      for (block_number b = 0; b < std::min<block_number>(blocks, few); ++b)
        h.repairing.push_back({std::min(near + b, blocks - 1), layout_.source_symbols()});
      break;
    case forgery::heartbeat_slow:
      h.grtt = seconds(1000);
      h.group_size = std::numeric_limits<std::uint32_t>::max();
      h.status_interval = seconds(1000);
      break;
    case forgery::anchors: {
      wire::anchor a{wire::encode_alone(h), packet, {}};
      randomize(a.signed_by);
      return control(wire::encode(a), packet + 1);
    }
  }
  return control(wire::encode(h), packet + 1);
}

wire::heartbeat forger::heartbeat(timestamp now, position at) const {
  wire::heartbeat h;
  h.sent_at = static_cast<std::uint64_t>(now.count()) + 1;
  h.next = at;
  h.edge = at;
  h.grtt = defaults::initial_grtt;
  h.group_size = 2;
  h.status_interval = defaults::min_status_interval;
  return h;
}

std::vector<std::byte> forger::symbol(block_number block, std::uint64_t packet) {
  wire::header h;
  h.type = wire::datagram_type::source;
  h.packet_number = packet;
  h.block = block;
  h.symbol = static_cast<symbol_id>(random_() % layout_.source_symbols_of(block));
  std::vector<std::byte> payload(layout_.symbol_bytes(block, h.symbol));
  randomize(payload);
  return seal(h, payload);
}

std::vector<std::byte> forger::control(const wire::message_bytes& body, std::uint64_t packet) {
  wire::header h;
  h.type = wire::datagram_type::control;
  h.packet_number = packet;
  return seal(h, body);
}

std::vector<std::byte> forger::seal(wire::header h, std::span<const std::byte> payload) {
  h.session_tag = session_tag_;
  h.payload_size = static_cast<std::uint16_t>(payload.size());
  std::vector<std::byte> result(wire::header_size + payload.size() + sealer_.overhead());
  sealer_.seal(h, payload, result);
  return result;
}

void forger::randomize(std::span<std::byte> bytes) {
  std::generate(bytes.begin(), bytes.end(), [this] { return static_cast<std::byte>(random_()); });
}

} // namespace fleetcast::protocol::simulation
