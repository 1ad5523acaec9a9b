#include "actors/observe/metrics.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace fleetcast::actors {

namespace {

constexpr std::array table{
#define FLEETCAST_METRIC(name, kind, unit, meaning)                                                \
  metric_info{#name, metric_kind::kind, #unit, meaning},
#include "actors/observe/metrics.def"
#undef FLEETCAST_METRIC
};

/// Readers of the table rely on it: no row says too little, no name comes twice.
constexpr bool is_sound() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].meaning.size() < 4
        || (table[i].unit == "none") != (table[i].kind == metric_kind::text))
      return false;
    for (std::size_t j = 0; j < i; ++j)
      if (table[i].name == table[j].name)
        return false;
  }
  return true;
}
static_assert(is_sound(),
              "metrics.def: a text has the unit none, all else has a unit and a meaning");
static_assert(table.size() <= 256);

} // namespace

std::span<const metric_info> all_metrics() noexcept {
  return table;
}

const metric_info& info_of(metric which) noexcept {
  return table[static_cast<std::size_t>(which)];
}

std::string display_name(const fact& what) {
  std::string result{what.name()};
  std::replace(result.begin(), result.end(), '_', ' ');
  return what.label.empty() ? result : result + ": " + what.label;
}

std::string value_text(const fact& what) {
  if (const auto* number = std::get_if<std::uint64_t>(&what.value))
    return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&what.value))
    return *text;
  std::array<char, 32> digits{};
  const auto size
    = std::snprintf(digits.data(), digits.size(), "%.3f", std::get<double>(what.value));
  return {digits.data(), static_cast<std::size_t>(size)};
}

} // namespace fleetcast::actors
