#include "actors/receive/trouble.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace fleetcast::actors {

namespace {

std::string in_seconds(protocol::duration time) {
  return fmt::format("{:.0f} s", std::chrono::duration<double>(time).count());
}

std::string silent_text(const protocol::reception_health& health) {
  return (health.has_heard ? "nothing has arrived for " : "nothing has arrived yet, for ")
         + in_seconds(health.silence);
}

std::string stalled_text(const protocol::progress_watch::stall& stall,
                         const receive_summary& summary) {
  return fmt::format(
    "for {} nothing has come of the {} blocks (of {}) that are missing here, though the "
    "server went on: it sent {} datagrams, {} of them arrived, and {} requests "
    "got no answer",
    in_seconds(stall.time), summary.total_blocks - summary.completed_blocks, summary.total_blocks,
    stall.sent, stall.arrived, stall.requests);
}

} // namespace

std::vector<std::string> trouble::note(const protocol::reception_health& health,
                                       const receive_summary& summary) {
  std::vector<std::string> result;
  if (health.is_deaf != std::exchange(is_deaf_, health.is_deaf))
    result.push_back(health.is_deaf ? silent_text(health) + way_down()
                                        + ". The group is joined again now and then"
                                    : "datagrams arrive again");
  const bool is_stalled = health.stalled.has_value();
  if (is_stalled != std::exchange(is_stalled_, is_stalled))
    result.push_back(is_stalled ? stalled_text(*health.stalled, summary)
                                : "what is missing here comes again");
  return result;
}

std::vector<std::string> trouble::note(const protocol::wire::feedback_state& state) {
  const bool is_unheard = state.unheard_milliseconds != 0;
  was_heard_ = was_heard_ || !is_unheard;
  if (is_unheard == std::exchange(is_unheard_, is_unheard))
    return {};
  if (!is_unheard)
    return {"the server hears this host's feedback again"};
  return {fmt::format("the server has heard no feedback of this host for {:.1f} s{}",
                      state.unheard_milliseconds / 1000.0, way_up())};
}

failure trouble::explain(failure reason) const {
  if (reason.code == failure_code::cancelled)
    return reason;
  // With the server gone nothing arrives, of course.
  if (is_deaf_ && reason.code != failure_code::connection_lost)
    reason.text += way_down();
  else if (reason.code == failure_code::network_fault)
    reason.text += where();
  if (is_unheard_)
    reason.text += "; the server heard no feedback of this host" + way_up();
  return reason;
}

/// Behind what was not heard there.
std::string trouble::where() const {
  if (!path_)
    return {};
  auto result
    = ": listening for " + to_text(*path_) + "; the server sends from " + path_->sender.to_string();
  if (path_->ttl != 0)
    result += fmt::format(" with {} {}", path_->sender.is_v6() ? "hop limit" : "TTL", path_->ttl);
  return result;
}

std::string trouble::way_down() const {
  if (!path_)
    return {};
  return where() + ". Check that multicast gets from there to here: switches ("
         + (path_->group.address().is_v6() ? "MLD" : "IGMP")
         + " snooping needs a querier), firewalls, routers (`serve --ttl`), the interface "
           "(--interface); and that the server runs";
}

std::string trouble::way_up() const {
  if (!path_)
    return {};
  return std::string{was_heard_ ? ": it was heard before, so this process was stopped or had no "
                                  "processor time, or something is closed now: "
                                : ": "}
         + "UDP from " + (path_->feedback_from ? io::to_text(*path_->feedback_from) : "this host")
         + " to " + io::to_text(path_->feedback)
         + " must be open, in the firewalls of both hosts and between them (`serve "
           "--feedback-port` "
           "makes the server's port a fixed one)";
}

} // namespace fleetcast::actors
