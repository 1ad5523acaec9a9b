#include "actors/io/injected_loss.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace fleetcast::actors::io {

injected_loss::injected_loss(double percent, std::uint64_t seed)
  : lost_(percent / 100),
    chance_(seed) {}

injected_loss injected_loss::from_environment() {
  const char* text = ::secure_getenv(variable);
  const auto percent = text != nullptr ? parse(text) : std::nullopt;
  if (!percent)
    return {0, 0};
  return {*percent, std::random_device{}()};
}

std::optional<double> injected_loss::parse(const char* text) noexcept {
  const auto* end = text + std::strlen(text);
  double percent = 0;
  const auto [stopped, error] = std::from_chars(text, end, percent, std::chars_format::fixed);
  // So written, what is not a number is refused, too.
  if (error != std::errc{} || stopped != end || !(percent >= 0 && percent <= max_percent))
    return std::nullopt;
  return percent;
}

std::size_t injected_loss::thin(std::vector<std::span<const std::byte>>& datagrams) {
  if (lost_.p() == 0)
    return 0;
  return std::erase_if(datagrams, [this](const auto&) { return lost_(chance_); });
}

} // namespace fleetcast::actors::io
