/// The loss events of one path, and how often they come: what TCP's throughput equation asks for.
///
/// The rate of loss events is one over the weighted mean of the last eight intervals between events, in
/// datagrams (RFC 5348 section 5.4). The caller says which losses are an event of their own.
///
/// A full queue in front of a bottleneck can give a paced flow several events where TCP has one: TCP's segments
/// follow their acknowledgements into each place that becomes free, and it goes on growing until one of them is
/// lost as well. So a time of congestion lasts from an event until the round trip shows that the queue has
/// shrunk. Its further events count at once, which is what makes room; when it ends they become one with the
/// first. Not if more was lost than a full queue loses: then the path carries less than before. And no time of
/// congestion lasts longer than a mean interval: where the round trip never shortens, each event counts.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <deque>

namespace fleetcast::protocol {

class loss_history {
public:
  /// Datagrams that were sent since the last call, and how many of them were lost.
  void on_packets(double count, double lost);

  /// A round trip was measured; > 0.
  void on_round_trip(duration rtt);

  /// The first event, as if all intervals before had been of so many datagrams.
  void begin(double interval);

  /// A further one.
  void on_event();

  /// Whether there was no event yet.
  bool empty() const noexcept { return intervals_.empty(); }

  /// Events a datagram, at most 1; 0 if there was none.
  double event_rate() const noexcept;

private:
  struct weighted {
    double sum = 0;
    double total = 0; ///< of the weights
  };

  /// Closed intervals from `first` on, with the weights from `weight` on.
  weighted weigh(std::size_t first, std::size_t weight) const noexcept;

  /// Of the eight from `first` on, which is less than their number.
  double closed_mean(std::size_t first) const noexcept;

  void begin_congestion();
  void end_congestion();

  std::deque<double> intervals_; ///< datagrams between events, latest first
  double open_ = 0;              ///< datagrams since the last event

  duration latest_rtt_{};
  duration shortest_rtt_{}; ///< 0: none was measured

  // The time of congestion, if is_congested_.
  bool is_congested_ = false;
  duration rtt_at_begin_{};
  double since_begin_ = 0;      ///< datagrams
  double lost_since_begin_ = 0; ///< of those
  std::size_t further_ = 0;     ///< events after its first
};

} // namespace fleetcast::protocol
