#include "apps/common/byte_size.hpp"

#include <charconv>
#include <limits>
#include <string>

namespace fleetcast::apps {

namespace {

/// Powers of 1024 that `unit` stands for.
std::optional<unsigned> power_of(std::string_view unit) {
  std::string lower;
  for (char c : unit)
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  if (lower.empty() || lower == "b")
    return 0;
  auto power = std::string_view{"kmgt"}.find(lower.front());
  auto rest = std::string_view{lower}.substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib"))
    return std::nullopt;
  return static_cast<unsigned>(power) + 1;
}

} // namespace

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{})
    return std::nullopt;
  auto power = power_of(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!power)
    return std::nullopt;
  auto shift = 10 * *power;
  if (value > std::numeric_limits<std::uint64_t>::max() >> shift)
    return std::nullopt;
  return value << shift;
}

} // namespace fleetcast::apps
