#include "protocol/send/loss_floor.hpp"

#include <algorithm>

namespace fleetcast::protocol {

namespace {

/// Calm datagrams remembered: some losses of one in a hundred, and bursts of 44, must be among them.
constexpr double max_remembered = 8192;

/// What is that many standard deviations away is not chance.
constexpr double deviations = 4;

/// A floor that is too high floods the path, one that is too low only tests it once more.
constexpr double deviations_to_lower = 2;

} // namespace

void loss_floor::add_calm(const loss_count& count) noexcept {
  if (calm_.sent() + count.sent() > max_remembered && calm_.sent() > 0)
    calm_.keep(std::max(0.0, max_remembered - count.sent()) / calm_.sent());
  calm_.add(count);
}

void loss_floor::bound(const loss_count& count) noexcept {
  // By how much this count would vary at the floor, whatever is known of that.
  const auto f = share();
  const auto variance = f * (1 - f) * count.dispersion() / std::max(1.0, count.sent());
  const auto below = std::max(0.0, f - count.share());
  if (below * below > deviations_to_lower * deviations_to_lower * variance)
    add_calm(count);
}

double loss_floor::sure_share() const noexcept {
  return std::max(0.0, share() - calm_.deviation());
}

double loss_floor::excess(const loss_count& count) const noexcept {
  return count.share() - share() - deviations * deviation_between(count, calm_);
}

} // namespace fleetcast::protocol
