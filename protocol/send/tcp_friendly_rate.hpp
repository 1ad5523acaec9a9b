/// A rate that shares a bottleneck with TCP flows as one of them would, after TFMCC (RFC 4654, RFC 5348 and
/// RFC 5740 section 3.8): for those who have to be good neighbours. `adaptive_rate` takes what a path
/// delivers; this one backs off at every loss.
///
/// For each receiver the sender keeps its round trip and its loss events (`loss_history`): losses within two round
/// trips and a report are one. TCP's throughput equation makes a rate of the two; the lane goes at the lowest of any
/// receiver heard of late. Receivers need not compute anything: their highest packet and their count of packets,
/// which every feedback states, tell what was lost since the one before.
///
/// Before the first loss the rate doubles once a round trip, up to twice what arrives. When nobody at all is
/// heard of, it halves again and again (RFC 5348 section 4.4).
///
/// Memory: the log of departures is bounded; beside it some 500 bytes a receiver. Work: O(1) a message, and
/// O(receivers) for one of the slowest.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/send/loss_history.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/sent_log.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace fleetcast::protocol {

class tcp_friendly_rate final : public rate_controller {
public:
  void on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) override;
  void on_held_back(timestamp now) override;
  void on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                   duration rtt) override;
  void on_receiver_gone(timestamp now, receiver_id id) override;
  [[nodiscard]] bit_rate rate(timestamp now) const override;
  [[nodiscard]] limiting_factor limited_by() const override;
  [[nodiscard]] std::optional<receiver_id> slowest() const override;

  /// TCP's throughput in bits per second with datagrams of `bytes` at a loss event rate of `p` > 0 (RFC 5348
  /// section 3.1).
  static double throughput(double bytes, duration rtt, double p) noexcept;

private:
  struct path {
    timestamp news_at{};
    double rtt_ns = 0; ///< smoothed; 0: not measured yet

    // The latest report.
    std::uint64_t packet = 0;
    std::uint64_t received = 0;

    loss_history losses;
    timestamp event_at{}; ///< of the last one

    // What arrives, measured over a round trip or more.
    std::uint64_t base_received = 0;
    timestamp base_at{};
    double arriving = 0; ///< bits per second

    double allowed = 0; ///< bits per second; 0: nothing is known yet
    timestamp doubled_at{};
  };

  /// What a report says beyond the one before it.
  struct news {
    double packets = 0; ///< sent meanwhile
    double lost = 0;    ///< of those
    duration since_last{};
    double arrived = 0; ///< bits per second, as measured before
    duration rtt{};     ///< 0: it shows none
  };

  duration rtt_of(const path& p) const noexcept;
  double arrived_since_base(timestamp now, const path& p) const noexcept;
  void measure_arrival(timestamp now, path& p);
  /// Datagrams between loss events with which `throughput` is `rate`.
  double interval_for(double rate, duration rtt) const noexcept;

  void lose(timestamp now, path& p, const news& n);
  void allow(timestamp now, path& p);
  bool slowest_is_silent(timestamp now) const;
  void find_slowest(timestamp now);
  double mean_bytes() const noexcept;

  sent_log sent_;
  std::uint64_t sent_packets_ = 0;
  std::map<receiver_id, path> paths_;
  std::optional<receiver_id> slowest_;
  double next_allowed_ = 0; ///< of the second slowest; 0: there is none
  double allowed_ = 0;      ///< bits per second; 0: nothing is known yet
  timestamp news_at_{};
  timestamp held_back_at_{}; ///< before any: long ago
};

} // namespace fleetcast::protocol
