/// The rate that the slowest receiver's path delivers, found and followed without a setting.
///
/// Built on what arrives, not on what is lost: a radio link that loses one datagram in twenty at any rate
/// shall not be taken for a full one. (What a path loses even in its best sample of late is its floor; only
/// loss above it counts, and only what is more than chance in a sample of that size.) For each receiver the
/// delivered rate is measured between two of its feedback messages, as the bytes it took in over the longer
/// of the times in which they left and arrived, so that a queue that empties in a burst cannot feign speed.
/// The best of the last rounds is what its path can do; the lane goes at the rate of the slowest path. (The
/// idea is that of BBR, Cardwell et al. 2016, for a group.)
///
/// A round ends when every receiver that still has news has reported on a datagram that left after the
/// round began; one that falls silent, or only repeats itself, is awaited for the time of a few reports. From
/// round to round:
///
///     startup   twice what was delivered, until that grows no more, or does not and much is lost; after a round
///               that lost much only a quarter more
///     drain     half, for one round: the queue that startup built empties
///     cruise    what was delivered, for some rounds, then
///     probe     a quarter more; when that was delivered twice in a row, startup again
///     relax     a quarter less, for one round, if the probe brought nothing but a queue
///
/// Named as the limiting one is who lately took in the least, if half of the group took in more: what a probe
/// has shown of the others must last until the next, even while losses restart the measuring of rates.
///
/// While the window's edge, the disk or the want of a processor holds the sender back, and little is lost, nothing
/// is learnt but that more is possible, and nothing forgotten.
///
/// Who loses most of everything at any rate sets none: it was tried at half the rate, and that did not help.
///
/// Memory: the log of departures is bounded; beside it some 100 bytes a receiver. Work: O(1) an event,
/// O(receivers) a round.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/sent_log.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fleetcast::protocol {

class adaptive_rate final : public rate_controller {
public:
  enum class phase : std::uint8_t { startup, drain, cruise, probe, relax };

  void on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) override;
  void on_held_back(timestamp now) override;
  void on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                   duration rtt) override;
  void on_receiver_gone(timestamp now, receiver_id id) override;
  [[nodiscard]] bit_rate rate(timestamp now) const override;
  [[nodiscard]] bool searches() const override;
  [[nodiscard]] limiting_factor limited_by() const override;
  [[nodiscard]] std::optional<receiver_id> slowest() const override { return slowest_; }

  phase in() const noexcept { return phase_; }

  /// What the slowest path was found to deliver; 0: nothing is known yet.
  bit_rate delivered() const noexcept { return delivered_; }

private:
  /// One report of a receiver.
  struct report {
    std::uint64_t packet = 0;   ///< the latest it had seen
    std::uint64_t received = 0; ///< all it had taken in
    std::uint64_t bytes = 0;    ///< that had left before that packet
    timestamp left_at{};        ///< that packet
    timestamp came_at{};        ///< the report itself
  };

  /// The best rate of the running span of rounds and of the span before it.
  class recent_best {
  public:
    void add(bit_rate taken_in) noexcept;
    void begin_span() noexcept;
    bit_rate value() const noexcept;

  private:
    bit_rate running_ = 0;
    bit_rate before_ = 0;
  };

  struct path {
    std::optional<report> base; ///< the next sample is measured from here; none: no report yet
    recent_best best;           ///< taken in; with much lost its spans end early
    recent_best shown;          ///< taken in; each span as long as a cycle of probes
    std::uint64_t expected = 0; ///< datagrams, since loss was judged last
    std::uint64_t received = 0; ///< of them
    report judged;              ///< the report when it was
    double least_loss = 1; ///< share of what was expected, of the running span; 1: nothing is known
    double least_loss_before = 1;
    bit_rate lost_much_at = 0;      ///< when it was first seen to lose nearly all; 0: it does not
    double arrived_then = 0;        ///< the share
    bool loses_at_any_rate = false; ///< nearly all: at half that rate no larger share arrived
    std::uint64_t packet = 0;       ///< the latest that it has reported
    timestamp news_at{};            ///< when it first did
    duration patience{};            ///< so long after its news it is awaited
    std::uint64_t round = 0;        ///< the last one it has reported on

    /// The share that is lost however slowly one sends.
    double loss_floor() const noexcept;

    /// The rate to send at for the best that it takes in; 0: it has no say in that.
    bit_rate delivers() const noexcept;

    /// It speaks of what arrives, or did a moment ago.
    bool speaks(timestamp now) const noexcept;

    /// Its next report is about to come.
    bool is_awaited(timestamp now) const noexcept { return base && now - news_at <= patience; }
  };

  void note_news(path& p, const report& now, duration rtt);
  void sample(path& p, const report& now);
  std::optional<report> sample_begin(const report& base, const report& now) const;
  void judge_loss(path& p, const report& now, std::uint64_t expected, std::uint64_t received);
  static void note_much_loss(path& p, const report& now, double lost);
  bool is_over(timestamp now) const noexcept;
  bool went_faster_than_delivered(timestamp now) const;
  void end_round(timestamp now);
  void look_at_paths(timestamp now);
  void await_reports(timestamp now);
  void find_delivered(timestamp now);
  void find_slowest(timestamp now);
  void begin_span();
  void begin_floor_span();
  void begin_shown_span();
  void step(timestamp now);
  void enter(phase next);

  sent_log sent_;
  std::map<receiver_id, path> paths_;

  phase phase_ = phase::startup;
  bool overshot_ = false; ///< much was lost in the last round of startup
  bool excused_ = false;  ///< something else than the path held the last round of startup back
  bit_rate delivered_ = 0;
  std::optional<receiver_id> slowest_; ///< none: nobody stands out
  std::vector<bit_rate> shown_;        ///< of all paths: room for find_slowest

  // -- the running round ----------------------------------------------------------------------------

  std::uint64_t round_ = 1;
  std::uint64_t round_began_with_ = 0; ///< packet; the round ends once all have seen a later one
  timestamp round_began_at_{};
  std::uint64_t bytes_before_round_ = 0;
  timestamp awaited_until_{}; ///< by then all have reported that are going to
  std::size_t awaited_ = 0;   ///< receivers that still had news when it began
  std::size_t reported_ = 0;  ///< of all, those that have
  double worst_loss_ = 0;     ///< share lost above a receiver's floor, of any receiver
  bool held_back_ = false;    ///< in this round

  // -- across rounds ----------------------------------------------------------------------------------

  bit_rate compared_to_ = 0; ///< what growth is measured against
  unsigned rounds_in_phase_ = 0;
  unsigned rounds_in_span_ = 0;
  unsigned rounds_in_floor_span_ = 0;
  unsigned rounds_in_shown_span_ = 0;
};

const char* to_string(adaptive_rate::phase phase) noexcept;

} // namespace fleetcast::protocol
