#include "protocol/send/loss_count.hpp"

#include <algorithm>
#include <cmath>

namespace fleetcast::protocol {

namespace {

/// Datagrams in a cell, at least: in smaller ones a burst would look like many losses.
constexpr double cell = 8;

/// Bursts of 44 have a dispersion of some 80.
constexpr double max_dispersion = 100;

/// As long as less is known a path is taken to have lost none of so many.
constexpr double least_known = 32;

} // namespace

void loss_count::add(double sent, double lost) noexcept {
  open_sent_ += sent;
  open_lost_ += lost;
  if (open_sent_ < cell)
    return;
  sent_ += open_sent_;
  lost_ += open_lost_;
  sent_squared_ += open_sent_ * open_sent_;
  lost_squared_ += open_lost_ * open_lost_;
  sent_times_lost_ += open_sent_ * open_lost_;
  open_sent_ = open_lost_ = 0;
  ++cells_;
}

void loss_count::add(const loss_count& other) noexcept {
  sent_ += other.sent_;
  lost_ += other.lost_;
  sent_squared_ += other.sent_squared_;
  lost_squared_ += other.lost_squared_;
  sent_times_lost_ += other.sent_times_lost_;
  cells_ += other.cells_;
  add(other.open_sent_, other.open_lost_);
}

void loss_count::keep(double share) noexcept {
  for (auto* sum : {&sent_, &lost_, &sent_squared_, &lost_squared_, &sent_times_lost_})
    *sum *= share;
}

double loss_count::dispersion() const noexcept {
  if (sent_ <= 0)
    return 1;
  const auto f = lost_ / sent_;
  const auto independent = f * (1 - f) * sent_;
  const auto spread = lost_squared_ - 2 * f * sent_times_lost_ + f * f * sent_squared_;
  return independent > 0 ? std::clamp(spread / independent, 1.0, max_dispersion) : 1;
}

double loss_count::deviation() const noexcept {
  return std::sqrt(share() * (1 - share()) * dispersion() / std::max(1.0, sent()));
}

double deviation_between(const loss_count& a, const loss_count& b) noexcept {
  const auto a_sent = std::max(1.0, a.sent());
  const auto b_sent = std::max(least_known, b.sent());
  const auto both = std::clamp((a.lost() + b.lost()) / (a_sent + b_sent), 0.0, 1.0);
  const auto dispersion = std::max(a.dispersion(), b.dispersion());
  return std::sqrt(both * (1 - both) * dispersion * (1 / a_sent + 1 / b_sent));
}

} // namespace fleetcast::protocol
