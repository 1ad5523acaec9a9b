#include "protocol/wire/data_codec.hpp"

#include "protocol/defaults.hpp"
#include "protocol/wire/capnp_support.hpp"
#include "protocol/wire/fleetcast.capnp.h"
#include "protocol/wire/manifest_codec.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace fleetcast::protocol::wire {

namespace {

/// Longest body looked at, bytes: what a jumbo datagram carries. Ours fit one default symbol.
constexpr std::size_t max_body = defaults::max_symbol_size;

/// Memory to build a message in, on the stack. As large as the largest message, so that there is
/// one segment and nothing is allocated but the result.
class scratch {
public:
  kj::ArrayPtr<capnp::word> words() { return kj::arrayPtr(words_.data(), words_.size()); }

private:
  std::array<capnp::word, defaults::symbol_size / sizeof(capnp::word)> words_{};
};

// -- encoding -----------------------------------------------------------------------------------

std::uint32_t to_microseconds(duration d) noexcept {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t count = std::chrono::duration_cast<microseconds>(d).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, most));
}

std::uint64_t to_nanoseconds(duration d) noexcept {
  return static_cast<std::uint64_t>(std::max(d, duration::zero()).count());
}

/// How much of a list may travel. The lists name what is most urgent first and are repeated, so the
/// rest comes with a later message.
template <class T>
unsigned cut(const std::vector<T>& list, std::size_t cap) noexcept {
  return static_cast<unsigned>(std::min(list.size(), cap));
}

void write(const std::vector<block_range>& from, capnp::List<schema::BlockRange>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setFirst(from[i].first);
    to[i].setCount(from[i].count);
  }
}

void write(const std::vector<block_repair>& from, capnp::List<schema::BlockRepair>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setBlock(from[i].block);
    to[i].setSymbols(from[i].symbols);
  }
}

void write(const heartbeat& message, schema::Heartbeat::Builder to) {
  const auto ranges = cut(message.scheduled, max_scheduled_ranges);
  to.setSentAt(message.sent_at);
  to.setPass(message.next.pass);
  to.setNextBlock(message.next.block);
  to.setEdgePass(message.edge.pass);
  to.setEdgeBlock(message.edge.block);
  to.setGrttMicroseconds(to_microseconds(message.grtt));
  to.setGroupSize(message.group_size);
  to.setStatusIntervalMicroseconds(to_microseconds(message.status_interval));
  to.setScheduledAll(message.scheduled_all && ranges == message.scheduled.size());
  write(message.scheduled, to.initScheduled(ranges));
  write(message.repairing, to.initRepairing(cut(message.repairing, max_announced_repairs)));
}

// -- decoding -----------------------------------------------------------------------------------

bool read(capnp::List<schema::BlockRange>::Reader from, std::size_t cap,
          std::vector<block_range>& to) {
  if (from.size() > cap)
    return false;
  to.reserve(from.size());
  for (const auto range : from) {
    to.push_back({range.getFirst(), range.getCount()});
    if (!to.back().is_legal())
      return false;
  }
  return true;
}

bool read(capnp::List<schema::BlockRepair>::Reader from, std::size_t cap,
          std::vector<block_repair>& to) {
  if (from.size() > cap)
    return false;
  to.reserve(from.size());
  for (const auto repair : from)
    to.push_back({repair.getBlock(), repair.getSymbols()});
  return true;
}

std::optional<heartbeat> read(schema::Heartbeat::Reader from) {
  heartbeat to;
  to.sent_at = from.getSentAt();
  to.next = {from.getPass(), from.getNextBlock()};
  to.edge = {from.getEdgePass(), from.getEdgeBlock()};
  to.grtt = microseconds(from.getGrttMicroseconds());
  to.group_size = from.getGroupSize();
  to.status_interval = microseconds(from.getStatusIntervalMicroseconds());
  to.scheduled_all = from.getScheduledAll();
  if (!read(from.getScheduled(), max_scheduled_ranges, to.scheduled)
      || !read(from.getRepairing(), max_announced_repairs, to.repairing))
    return std::nullopt;
  return to;
}

std::optional<anchor> read(schema::Anchor::Reader from) {
  const auto beat = from.getHeartbeat();
  const auto signed_by = from.getSignature();
  if (beat.size() == 0 || signed_by.size() != sizeof(signature))
    return std::nullopt;
  const auto* bytes = reinterpret_cast<const std::byte*>(beat.begin());
  anchor to{{bytes, bytes + beat.size()}, from.getPacket(), {}};
  std::memcpy(to.signed_by.data(), signed_by.begin(), signed_by.size());
  return to;
}

std::optional<group_message> read(schema::GroupMessage::Reader from) {
  switch (from.which()) {
    case schema::GroupMessage::HEARTBEAT:
      return read(from.getHeartbeat());
    case schema::GroupMessage::MANIFEST:
      return read_manifest(from.getManifest());
    case schema::GroupMessage::ANCHOR:
      return read(from.getAnchor());
  }
  return std::nullopt; // of a later version
}

limiting_factor read(schema::LimitingFactor from) noexcept {
  switch (from) {
    case schema::LimitingFactor::UNKNOWN:
      break;
    case schema::LimitingFactor::SENDER:
      return limiting_factor::sender;
    case schema::LimitingFactor::NETWORK:
      return limiting_factor::network;
    case schema::LimitingFactor::HOST:
      return limiting_factor::host;
    case schema::LimitingFactor::CONSUMER:
      return limiting_factor::consumer;
  }
  return limiting_factor::unknown; // or of a later version
}

std::optional<feedback> read(schema::Feedback::Reader from) {
  constexpr std::uint64_t longest = duration::max().count();
  if (from.getEchoHeldNanoseconds() > longest)
    return std::nullopt;
  feedback to;
  to.echo_sent_at = from.getEchoSentAt();
  to.echo_held = duration{static_cast<duration::rep>(from.getEchoHeldNanoseconds())};
  to.highest_packet = from.getHighestPacket();
  to.received_packets = from.getReceivedPackets();
  to.received_control = from.getReceivedControl();
  to.lost_packets = from.getLostPackets();
  to.limit = {from.getLimitPass(), from.getLimitBlock()};
  to.free_blocks = from.getFreeBlocks();
  to.completed_blocks = from.getCompletedBlocks();
  to.dropped_no_room = from.getDroppedNoRoom();
  to.dropped_by_kernel = from.getDroppedByKernel();
  to.limited_by = read(from.getLimitedBy());
  if (!read(from.getRepairs(), defaults::max_repair_requests, to.repairs)
      || !read(from.getWanted(), defaults::max_wanted_ranges, to.wanted)
      || !read(from.getManifests(), max_manifest_ranges, to.manifests))
    return std::nullopt;
  return to;
}

template <class Root, class Message>
std::optional<Message> decode_body(std::span<const std::byte> bytes) {
  std::optional<Message> result;
  const auto fits
    = read_message<Root>(bytes, max_body, [&](typename Root::Reader root) { result = read(root); });
  return fits ? std::move(result) : std::nullopt;
}

} // namespace

message_bytes encode(const heartbeat& message) {
  scratch memory;
  capnp::MallocMessageBuilder builder{memory.words()};
  write(message, builder.initRoot<schema::GroupMessage>().initHeartbeat());
  return serialize(builder);
}

message_bytes encode_alone(const heartbeat& message) {
  scratch memory;
  capnp::MallocMessageBuilder builder{memory.words()};
  write(message, builder.initRoot<schema::Heartbeat>());
  return serialize(builder);
}

message_bytes encode(const manifest& message) {
  scratch memory;
  capnp::MallocMessageBuilder builder{memory.words()};
  write_manifest(message, builder.initRoot<schema::GroupMessage>().initManifest());
  return serialize(builder);
}

message_bytes encode(const anchor& message) {
  scratch memory;
  capnp::MallocMessageBuilder builder{memory.words()};
  auto to = builder.initRoot<schema::GroupMessage>().initAnchor();
  to.setHeartbeat(as_data(message.beat));
  to.setPacket(message.packet);
  to.setSignature(as_data(message.signed_by));
  return serialize(builder);
}

message_bytes encode(const feedback& message) {
  scratch memory;
  capnp::MallocMessageBuilder builder{memory.words()};
  auto to = builder.initRoot<schema::Feedback>();
  to.setEchoSentAt(message.echo_sent_at);
  to.setEchoHeldNanoseconds(to_nanoseconds(message.echo_held));
  to.setHighestPacket(message.highest_packet);
  to.setReceivedPackets(message.received_packets);
  to.setReceivedControl(message.received_control);
  to.setLostPackets(message.lost_packets);
  to.setLimitPass(message.limit.pass);
  to.setLimitBlock(message.limit.block);
  to.setFreeBlocks(message.free_blocks);
  to.setCompletedBlocks(message.completed_blocks);
  to.setDroppedNoRoom(message.dropped_no_room);
  to.setDroppedByKernel(message.dropped_by_kernel);
  to.setLimitedBy(static_cast<schema::LimitingFactor>(message.limited_by));
  write(message.repairs, to.initRepairs(cut(message.repairs, defaults::max_repair_requests)));
  write(message.wanted, to.initWanted(cut(message.wanted, defaults::max_wanted_ranges)));
  write(message.manifests, to.initManifests(cut(message.manifests, max_manifest_ranges)));
  return serialize(builder);
}

std::optional<group_message> decode_group_message(std::span<const std::byte> bytes) {
  return decode_body<schema::GroupMessage, group_message>(bytes);
}

std::optional<heartbeat> decode_heartbeat(std::span<const std::byte> bytes) {
  return decode_body<schema::Heartbeat, heartbeat>(bytes);
}

std::optional<feedback> decode_feedback(std::span<const std::byte> bytes) {
  return decode_body<schema::Feedback, feedback>(bytes);
}

} // namespace fleetcast::protocol::wire
