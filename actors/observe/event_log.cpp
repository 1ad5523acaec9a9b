#include "actors/observe/event_log.hpp"

#include "protocol/text.hpp"

#include <array>
#include <utility>

namespace fleetcast::actors {

const char* to_string(event_kind kind) noexcept {
  constexpr std::array names{"began", "ended", "joined",  "done",      "claimed", "left",
                             "rate",  "nacks", "dropped", "reception", "crashed", "console"};
  static_assert(names.size() == static_cast<std::size_t>(event_kind::steered) + 1);
  return names[static_cast<std::size_t>(kind)];
}

void event_log::note(event_kind kind, std::uint64_t session, std::string text) {
  text = protocol::outside_text(text, max_text);
  const auto now = std::chrono::system_clock::now();
  const std::lock_guard guard{mutex_};
  if (events_.size() == capacity)
    events_.pop_front();
  events_.push_back({++count_, now, kind, session, std::move(text)});
}

std::vector<event> event_log::after(std::uint64_t number) const {
  const std::lock_guard guard{mutex_};
  std::vector<event> result;
  for (const auto& one : events_)
    if (one.number > number)
      result.push_back(one);
  return result;
}

std::uint64_t event_log::count() const {
  const std::lock_guard guard{mutex_};
  return count_;
}

event_log& events() {
  // Never destroyed: a program may leave main() while our threads run.
  static auto& log = *new event_log;
  return log;
}

} // namespace fleetcast::actors
