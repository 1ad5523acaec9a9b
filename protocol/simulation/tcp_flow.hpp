/// A TCP sender with an endless file, to share a simulated bottleneck with: congestion control only.
///
/// Modelled: slow start, congestion avoidance, fast recovery with selective acknowledgements (RFC 5681,
/// RFC 6675) and retransmission time-outs (RFC 6298): the window grows by a segment an acknowledgement up to the
/// threshold, then by a segment a round trip; a segment counts as lost when three sent after it have been
/// acknowledged; a round trip's losses halve the window once; a time-out sets it to one. Every segment is
/// acknowledged on its own, and acknowledgements are not lost. Not modelled: the receiver's window,
/// handshake and close, delayed acknowledgements, CUBIC.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

namespace fleetcast::protocol::simulation {

class tcp_flow {
public:
  /// A full segment on the wire, with its headers.
  static constexpr std::size_t segment_size = 1500;

  bool may_send() const noexcept { return static_cast<double>(in_flight_.size()) < window_; }

  /// Sends a segment: the number it goes by.
  std::uint64_t send(timestamp now);

  /// The acknowledgement of `segment` has come.
  void on_acknowledged(timestamp now, std::uint64_t segment);

  /// When to call on_time; `never` while nothing is in flight.
  timestamp next_event() const noexcept;
  void on_time(timestamp now);

  std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  std::uint64_t lost() const noexcept { return lost_; }
  double window() const noexcept { return window_; }

private:
  void measure(duration rtt) noexcept;
  void find_lost();
  void reduce(std::uint64_t lost);

  double window_ = 10; ///< segments (RFC 6928)
  double threshold_ = 1e9;
  std::uint64_t next_ = 1;
  std::uint64_t recover_ = 0; ///< losses up to here have been paid for

  std::map<std::uint64_t, timestamp> in_flight_;
  std::set<std::uint64_t> highest_; ///< the three highest acknowledged

  double smoothed_rtt_ = 0; ///< nanoseconds
  double rtt_variation_ = 0;
  timestamp progress_at_{};
  unsigned backed_off_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t lost_ = 0;
};

} // namespace fleetcast::protocol::simulation
