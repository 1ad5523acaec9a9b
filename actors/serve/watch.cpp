#include "actors/serve/watch.hpp"

#include "actors/observe/event_log.hpp"
#include "protocol/defaults.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

namespace {

constexpr protocol::duration pause = protocol::milliseconds(500);

/// Feedback messages a second. What receivers say of themselves and what they ask for keeps within its budgets, so
/// three times as much is requests that nothing suppressed.
constexpr std::uint64_t storm_begins = 3
                                       * (protocol::defaults::status_budget_per_second
                                          + protocol::defaults::request_budget_per_second);
constexpr std::uint64_t storm_ends = storm_begins / 4;

std::string megabits(protocol::bit_rate rate) {
  return fmt::format("{:.1f} Mbit/s", static_cast<double>(rate) / 1e6);
}

} // namespace

void transmission_watch::look(protocol::timestamp now, const view& seen) {
  const auto passed = now - looked_at_;
  const auto is_first = std::exchange(looked_at_, now) == protocol::timestamp{};
  next_ = now + pause;
  if (is_first) {
    noted_rate_ = seen.rate;
  } else {
    look_at_rate(seen);
    look_at_requests(passed, seen);
    look_at_drops(seen);
  }
  last_ = seen;
}

void transmission_watch::look_at_rate(const view& seen) {
  const auto lower = std::min(noted_rate_, seen.rate);
  const auto higher = std::max(noted_rate_, seen.rate);
  if (higher - lower < higher / 4)
    return;
  ++rate_changes_;
  events().note(
    event_kind::rate_changed, seen.session,
    fmt::format("{} -> {}; limited by {}", megabits(noted_rate_), megabits(seen.rate), seen.limit));
  noted_rate_ = seen.rate;
}

void transmission_watch::look_at_requests(protocol::duration passed, const view& seen) {
  const auto heard = seen.feedback_messages - last_.feedback_messages;
  const auto seconds = std::chrono::duration<double>(passed).count();
  const auto a_second = static_cast<std::uint64_t>(static_cast<double>(heard) / seconds);
  if (in_storm_) {
    in_storm_ = a_second >= storm_ends;
  } else if (a_second >= storm_begins) {
    in_storm_ = true;
    ++nack_storms_;
    events().note(event_kind::nack_storm, seen.session,
                  fmt::format("{} feedback messages a second, for {} more blocks in all: many "
                              "receivers lose different packets at once",
                              a_second, seen.repair_requests - last_.repair_requests));
  }
}

void transmission_watch::look_at_drops(const view& seen) {
  for (std::size_t i = 0; i < seen.drops.size(); ++i)
    if (const auto more = seen.drops[i] - last_.drops[i]; more != 0)
      events().note(event_kind::dropped, seen.session,
                    fmt::format("{} feedback datagrams: {}", more,
                                to_string(static_cast<protocol::wire::drop_reason>(i))));
}

} // namespace fleetcast::actors
