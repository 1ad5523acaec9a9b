#include "protocol/send/rate_phase.hpp"

#include <algorithm>
#include <iterator>

namespace fleetcast::protocol {

namespace {

/// Several round trips' worth of the shortest ones.
constexpr std::size_t remembered_phases = 64;

} // namespace

const char* to_string(rate_phase phase) noexcept {
  constexpr std::array names{"startup", "drain", "cruise", "probe", "relax"};
  return names[static_cast<std::size_t>(phase)];
}

void phase_log::enter(rate_phase phase, std::uint64_t first_packet) {
  if (entries_.size() == remembered_phases)
    entries_.pop_front();
  entries_.push_back({first_packet, phase});
}

std::optional<phase_log::entry> phase_log::find(std::uint64_t packet) const {
  const auto after
    = std::upper_bound(entries_.begin(), entries_.end(), packet,
                       [](std::uint64_t p, const entry& e) { return p < e.first_packet; });
  if (after == entries_.begin())
    return std::nullopt;
  return *std::prev(after);
}

} // namespace fleetcast::protocol
