/// The rate that the slowest receiver's path delivers, found and followed without a setting.
///
/// Built on what arrives, not on what is lost: a radio link that loses one datagram in twenty at any rate must not be
/// taken for a full one. For each receiver a path_estimate says what its path takes in and loses; the lane goes at the
/// rate of the slowest. (The idea is that of BBR, Cardwell et al. 2016, and draft-ietf-ccwg-bbr, for a group.)
///
/// A round ends when every receiver that still has news has reported on datagrams that left after the round began; one
/// that falls silent, or only repeats itself, is awaited for the time of a few reports. From round to round:
///
///     startup   twice what was delivered, until that grows no more or much is lost twice in a row; after a drain, or a
///               round that lost much or brought no more, only a quarter more
///     drain     half: the queue that startup built empties
///     cruise    what was delivered, for some rounds, then
///     probe     a quarter more, for no longer than a measurement takes; what it brought shows a round trip later, in
///               cruise. When that was more twice in a row: startup again
///     relax     a quarter less, if the probe brought nothing, or where a queue is suspected to overflow: no more than nine
///               tenths of what that path takes in, until it has shown whose loss it is
///
/// A search in which much was lost goes on with care after its drain if the paths lose as much at any rate. It does, once for
/// each doubling, where few of many lost and no queue stood: a burst at one of them must not end it.
///
/// A probe that overflows a queue doubles the time to the next one.
///
/// Never flood: what is sent is bounded by what the slowest path took in. When the receiver that set the rate leaves, the
/// rate becomes what the next one has taken in. Where nobody sets one, since all lose most of everything at any rate, it
/// is the best that anybody takes in. Before the first report little leaves, and when nobody speaks any more less and less.
///
/// Named as the limiting one is whoever takes in the least, if half of the group takes in more.
///
/// While the window's edge, the disk or the want of a processor holds the sender back, and little is lost, nothing
/// is learnt but that more is possible, and nothing forgotten.
///
/// Memory: the log of departures is bounded; beside it some 800 bytes a receiver. Work: O(1) an event,
/// O(receivers) a round.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/send/lateness_makeup.hpp"
#include "protocol/send/path_estimate.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/rate_phase.hpp"
#include "protocol/send/sent_log.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fleetcast::protocol {

class adaptive_rate final : public rate_controller {
public:
  void on_receiver_joined(timestamp now, receiver_id id) override;
  void on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) override;
  void on_held_back(timestamp now) override;
  void on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                   duration rtt) override;
  void on_receiver_gone(timestamp now, receiver_id id) override;
  [[nodiscard]] bit_rate rate(timestamp now) const override;
  [[nodiscard]] bool searches() const override;
  [[nodiscard]] limiting_factor limited_by() const override;
  [[nodiscard]] std::optional<receiver_id> slowest() const override { return slowest_; }

  rate_phase in() const noexcept { return phase_; }

  /// What the slowest path was found to deliver; 0: nothing is known yet.
  bit_rate delivered() const noexcept { return delivered_; }

private:
  struct path {
    path_estimate estimate;
    std::uint64_t packet = 0; ///< the latest that it has reported
    timestamp news_at{};      ///< when it first did, or when it joined
    duration gap{};           ///< between its last two news
    duration delay{};         ///< from a datagram's leaving to the latest news, of it
    duration patience{-1};    ///< so long after its news it is awaited; below 0: it has had none
    std::uint64_t first_of_round = 0; ///< the packet that its first report of the round was on
    std::uint64_t round = 0;          ///< the last one it has reported on

    /// It speaks of what arrives, or did a moment ago.
    bool speaks(timestamp now) const noexcept;

    /// Its next report is about to come.
    bool is_awaited(timestamp now) const noexcept { return now - news_at <= patience; }
  };

  void note_news(path& p, timestamp now, const sent_log::entry& left, std::uint64_t packet,
                 duration rtt);
  void note_finding(const path_estimate::finding& found) noexcept;
  bool has_reported(path& p, const path_report& report, bool sampled) const noexcept;
  duration patience_for(const path& p, bit_rate rate) const noexcept;
  void look_at_paths(timestamp now);
  void find_delivered(timestamp now);
  void find_slowest(timestamp now);
  bool anybody_suspected() const noexcept;
  bool lost_by_chance() const noexcept;
  bit_rate test_rate() const noexcept;

  bit_rate wanted() const;
  void look_at_lateness(timestamp now);

  bool is_over(timestamp now) const noexcept;
  void begin_round(timestamp now);
  void end_round(timestamp now);
  void await_reports(timestamp now);

  void step(timestamp now);
  void step_startup(timestamp now);
  void step_calm(timestamp now);
  void step_cruise(timestamp now);
  void look_at_probe(timestamp now);
  void relax_at_once(timestamp now);
  void end_probe(timestamp now);
  void enter(rate_phase next, timestamp now);
  void begin_span();
  bool phase_was_long_enough(timestamp now) const noexcept;
  bool went_faster_than_delivered(timestamp now) const noexcept;

  sent_log sent_;
  phase_log phases_;
  std::map<receiver_id, path> paths_;
  timestamp news_at_{};             ///< of any receiver
  timestamp held_back_at_ = -never; ///< last

  lateness_makeup makeup_;

  bit_rate delivered_ = 0;
  bool limiting_reported_ = false;     ///< the path that sets it has, in this round
  std::optional<receiver_id> slowest_; ///< none: nobody stands out
  std::vector<bit_rate> shown_;        ///< of all paths: room for find_slowest

  // -- the phase ----------------------------------------------------------------------------------------

  rate_phase phase_ = rate_phase::startup;
  std::uint64_t phase_began_with_ = 0; ///< packet
  timestamp phase_began_at_{};
  unsigned rounds_in_phase_ = 0;
  bit_rate compared_to_ = 0; ///< what growth is measured against
  bool overflowed_ = false;  ///< a queue is suspected to, since it began
  bit_rate test_rate_ = 0;   ///< no faster, while suspicions are tested; 0: none is
  bit_rate resumed_at_ = 0;  ///< what was delivered when the search last went on

  bool drains_for_loss_
    = false; ///< more was lost than the paths are known to lose, not only: no more was brought
  bool overshot_ = false;    ///< much was lost in the last round of startup
  bool excused_ = false;     ///< something else than the path held the last round of startup back
  unsigned flat_rounds_ = 0; ///< of startup: without growth
  unsigned late_rounds_ = 0; ///< of startup: in which the sender was too late to show any

  bool probed_ = false; ///< what the last probe brought is not known yet
  unsigned grown_probes_ = 0;
  std::optional<unsigned> cruise_rounds_; ///< until the next probe, if longer than usual
  bool held_back_in_span_ = false;

  // -- the round ----------------------------------------------------------------------------------------

  std::uint64_t round_ = 1;
  std::uint64_t round_began_with_ = 0; ///< packet; the round ends once all have seen later ones
  timestamp round_began_at_{};
  std::uint64_t bytes_before_round_ = 0;
  timestamp awaited_until_{}; ///< by then all have reported that are going to
  std::size_t awaited_ = 0;   ///< receivers that still had news when it began
  std::size_t reported_ = 0;  ///< of all, those that have
  double worst_loss_ = 0;     ///< share lost above a receiver's floor and chance, of any receiver
  double most_lost_ = 0;      ///< the same, chance or not
  bool lossy_ = false;        ///< a path lost much twice in a row
  bool held_back_ = false;
  bool late_ = false; ///< the sender was, for want of a processor
};

} // namespace fleetcast::protocol
