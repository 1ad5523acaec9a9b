#include "protocol/send/sent_log.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <iterator>

namespace fleetcast::protocol {

void sent_log::add(timestamp now, std::uint64_t packet, std::size_t bytes) {
  if (entries_.empty() || entries_.back().at != now) {
    if (entries_.size() == defaults::remembered_departures)
      entries_.pop_front();
    entries_.push_back({packet, now, bytes_});
  }
  last_packet_ = packet;
  bytes_ += bytes;
}

std::optional<sent_log::entry> sent_log::find(std::uint64_t packet) const {
  if (packet > last_packet_)
    return std::nullopt;
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), packet,
                                      [](std::uint64_t p, const entry& e) { return p < e.packet; });
  if (after == entries_.begin())
    return std::nullopt;
  const auto& batch = *std::prev(after);
  const auto next = after == entries_.end() ? entry{last_packet_ + 1, {}, bytes_} : *after;
  const auto before = packet - batch.packet;
  return entry{packet, batch.at,
               batch.bytes + (next.bytes - batch.bytes) * before / (next.packet - batch.packet)};
}

} // namespace fleetcast::protocol
