#include "actors/observe/log_limit.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

bool log_limit::admit(std::string_view kind, time now) {
  auto found = kinds_.find(kind);
  if (found == kinds_.end())
    found = kinds_.emplace(std::string{kind}, bucket{static_cast<double>(rules_.burst), now}).first;
  auto& b = found->second;
  const auto passed = std::chrono::duration<double>(now - b.filled_at).count();
  b.tokens = std::min<double>(rules_.burst, b.tokens + passed * rules_.per_second);
  b.filled_at = now;
  if (b.tokens >= 1) {
    b.tokens -= 1;
    return true;
  }
  if (b.lines++ == 0)
    b.since = now;
  ++untold_;
  return false;
}

template <class Predicate>
std::vector<log_limit::left_out> log_limit::take_if(time now, Predicate is_due) {
  std::vector<left_out> result;
  if (untold_ == 0) // nearly always
    return result;
  for (auto& [kind, b] : kinds_) {
    if (b.lines == 0 || !is_due(b))
      continue;
    untold_ -= b.lines;
    result.push_back({kind, std::exchange(b.lines, 0), now - b.since});
  }
  return result;
}

std::vector<log_limit::left_out> log_limit::take_due(time now) {
  return take_if(now, [&](const bucket& b) { return now - b.since >= rules_.told_after; });
}

std::vector<log_limit::left_out> log_limit::take_all(time now) {
  return take_if(now, [](const bucket&) { return true; });
}

} // namespace fleetcast::actors
