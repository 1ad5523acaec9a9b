#include "protocol/send/heartbeat_schedule.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <chrono>

namespace fleetcast::protocol {

namespace {

/// A list of ranges in a heartbeat, which says whether it holds all.
class announced_ranges {
public:
  explicit announced_ranges(wire::heartbeat& h) : heartbeat_(h) {}

  /// False: it is full, and says so.
  bool add(block_number first, std::uint64_t count) {
    heartbeat_.scheduled_all = heartbeat_.scheduled.size() < wire::max_scheduled_ranges;
    if (heartbeat_.scheduled_all)
      heartbeat_.scheduled.push_back({first, static_cast<std::uint32_t>(count)});
    return heartbeat_.scheduled_all;
  }

private:
  wire::heartbeat& heartbeat_;
};

void announce_scheduled(const heartbeat_schedule::walk& at, wire::heartbeat& h) {
  announced_ranges ranges{h};
  // The block being sent has left the schedule, yet nobody shall ask for it: it goes in its place. When somebody
  // wants it once more it is back there, and named with the others.
  constexpr auto none = unlimited.block;
  auto being_sent = at.being_sent && !at.schedule.contains(*at.being_sent) ? *at.being_sent : none;
  for (const auto& i : at.schedule) {
    if (being_sent < i.first) {
      if (!ranges.add(being_sent, 1))
        return;
      being_sent = none;
    }
    if (!ranges.add(i.first, i.size()))
      return;
  }
  if (being_sent != none)
    ranges.add(being_sent, 1);
}

void announce_repairs(const repair_schedule& repairs, wire::heartbeat& h) {
  for (const auto block : repairs.blocks()) {
    if (h.repairing.size() == wire::max_announced_repairs)
      break;
    h.repairing.push_back({block, repairs.owed(block)});
  }
}

} // namespace

void heartbeat_schedule::hasten(timestamp now) {
  next_ = std::min(next_, std::max(now, last_ + defaults::reorder_delay));
}

wire::heartbeat heartbeat_schedule::compose(timestamp now, const walk& at, const group& receivers,
                                            const repair_schedule& repairs, pace speed) {
  // An edge that somebody holds is no edge to go beyond: nobody else needs to object to it.
  announced_edge_
    = std::min(nth_on_the_way(at.schedule, at.next, defaults::edge_lead),
               receivers.lowest_limit(now, consent_time(now, speed, receivers.grtt())));
  wire::heartbeat h;
  // Two may be composed in one turn, as when a pass ends and the next one begins. A receiver takes the later one only if
  // it says so; and its anchor, with the time of the first and the position of the second, would accuse a member of forging.
  sent_at_ = std::max(static_cast<std::uint64_t>(now.count()), sent_at_ + 1);
  h.sent_at = sent_at_;
  // A block still being sent is not yet behind: nobody shall miss its symbols.
  h.next = at.being_sent ? position{at.next.pass, *at.being_sent} : at.next;
  h.edge = announced_edge_;
  h.grtt = std::chrono::duration_cast<microseconds>(receivers.grtt());
  h.group_size = static_cast<std::uint32_t>(receivers.size());
  h.status_interval
    = std::chrono::duration_cast<microseconds>(status_interval(receivers.size(), speed.searches));
  announce_scheduled(at, h);
  announce_repairs(repairs, h);
  return h;
}

duration heartbeat_schedule::interval(timestamp now, pace speed) const {
  if (now - last_activity_ > defaults::idle_after)
    return defaults::idle_heartbeat_interval;
  return std::clamp<duration>(speed.datagram * defaults::datagrams_per_heartbeat,
                              defaults::heartbeat_interval, defaults::idle_heartbeat_interval);
}

duration heartbeat_schedule::consent_time(timestamp now, pace speed, duration grtt) const {
  return defaults::consent_heartbeats * interval(now, speed) + 2 * grtt;
}

duration heartbeat_schedule::status_interval(std::size_t group_size, bool searches) const {
  const auto budget
    = std::int64_t{status_budget_} * (searches ? defaults::search_status_factor : 1);
  const auto share = duration{seconds(1)} * static_cast<std::int64_t>(group_size) / budget;
  return std::clamp<duration>(share, defaults::min_status_interval, defaults::max_status_interval);
}

} // namespace fleetcast::protocol
