#include "protocol/receive/size_watch.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <cmath>

namespace fleetcast::protocol {

void size_watch::look_at(timestamp now, std::uint64_t packet, std::size_t size) {
  ++arrived_;
  if (size >= full_)
    begin(now);
  else
    largest_ = std::max(largest_, size);
  if (packet <= highest_) {
    lost_ -= lost_ > 0 ? 1 : 0; // it was only late
    return;
  }
  // What was sent before the first one is not known to be lost.
  if (highest_ != 0 && packet > highest_ + 1) {
    lost_ += packet - highest_ - 1;
    ++gaps_;
  }
  highest_ = packet;
}

std::optional<size_watch::finding> size_watch::find(timestamp now) const {
  // What every host and link must take says nothing of sizes (RFC 791).
  if (full_ <= defaults::size_that_passes || largest_ == 0)
    return std::nullopt;
  if (now - since_ < defaults::size_span || full_ones_lost() < defaults::size_losses
      || gaps_ < defaults::size_gaps || moves_ < defaults::size_moves)
    return std::nullopt;
  return finding{largest_, lost_};
}

/// Of those that are missing, less the small ones among them, if these get lost like all before; by chance that may be
/// more than it is on average.
std::uint64_t size_watch::full_ones_lost() const noexcept {
  if (all_arrived_ == 0)
    return lost_;
  constexpr double deviations = 4;
  const auto arrived = static_cast<double>(arrived_);
  const auto lost_for_one = static_cast<double>(all_lost_) / static_cast<double>(all_arrived_);
  const auto small_ones = lost_for_one * (arrived + deviations * std::sqrt(arrived));
  return lost_ - std::min(lost_, static_cast<std::uint64_t>(small_ones));
}

/// Datagrams of the full size get through: nothing before this one counts.
void size_watch::begin(timestamp now) {
  since_ = now;
  all_arrived_ += arrived_;
  all_lost_ += lost_;
  arrived_ = 0;
  largest_ = 0;
  lost_ = 0;
  gaps_ = 0;
  moves_ = 0;
}

} // namespace fleetcast::protocol
