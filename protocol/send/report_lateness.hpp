/// How much later than their path explains reports come: their host, or ours, was busy.
///
/// A queue that grows makes each report later than the one before, and one that empties lets them follow each other no
/// faster than the path takes in what is between them. Processes that wait for a processor make some late and the next
/// ones not: those come faster than the path can have been. By so much a path is not held to have taken longer.
#pragma once

#include "protocol/timestamp.hpp"

#include <algorithm>

namespace fleetcast::protocol {

class report_lateness {
public:
  /// A report came `gap` after the one before it, though the path took `path_took` for what left between them.
  void on_report(duration gap, duration path_took) noexcept {
    value_ = std::max(path_took - gap, value_ - value_ / forgotten_share);
  }

  duration value() const noexcept {
    return value_ < least ? duration{} : std::min<duration>(value_, most);
  }

private:
  /// Timers are no better than that.
  static constexpr duration least = milliseconds(4);

  /// Nobody waits longer for a processor, as a rule.
  static constexpr duration most = milliseconds(100);

  /// Of the greatest one, with each report.
  static constexpr int forgotten_share = 16;

  duration value_{};
};

} // namespace fleetcast::protocol
