/// What one receiver's path takes in, and what it loses however slowly one sends, from its reports.
///
/// Between two reports so many datagrams left and so many arrived. Their bytes over the longer of the times in which
/// they left and the reports came are what the path took in: a queue that empties in a burst cannot feign speed. The best
/// of late, divided by the share that arrives at any rate (loss_floor.hpp), is the rate to send at.
///
/// A queue that overflows shows in losses above the floor. One window of them may have met a burst; two in a row are
/// *suspected*, and the sender goes so slowly for a while that the queue cannot be full. If the loss goes away it was the
/// queue: what the path took in then is its *ceiling*, until a probe that loses no more than the floor lifts it. If it
/// stays it is the path's own, and becomes the floor. So the rate is lowered by what was tried, not by what was guessed,
/// and no burst makes the path forget its best rate.
///
/// Memory: some 700 bytes. Work: O(1) a report.
#pragma once

#include "protocol/send/bit_rate.hpp"
#include "protocol/send/loss_floor.hpp"
#include "protocol/send/rate_phase.hpp"
#include "protocol/send/report_lateness.hpp"
#include "protocol/send/sent_log.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

/// What a receiver has seen, and what had left by then.
struct path_report {
  std::uint64_t packet = 0;   ///< the latest it had seen
  std::uint64_t received = 0; ///< all it had taken in
  std::uint64_t bytes = 0;    ///< that had left before that packet
  timestamp left_at{};        ///< that packet
  timestamp came_at{};        ///< the report itself
};

/// How things stand at the sender when a report comes.
struct lane_state {
  const sent_log& sent;
  const phase_log& phases;
  rate_phase phase = rate_phase::startup;
  std::uint64_t round_began_with = 0; ///< packet
  bit_rate delivered = 0;             ///< 0: not known yet
  bit_rate rate = 0;
  timestamp held_back_at{}; ///< there was last nothing to send
};

class path_estimate {
public:
  /// What a report has shown.
  struct finding {
    bool sampled = false;   ///< the search: it took part in the round
    bool held_back = false; ///< the sender was too slow for it to say anything
    bool late = false;      ///< and that neither for want of room nor of content
    double lost = 0;        ///< the search: share above the floor, chance or not
    double excess = 0;      ///< of losses over the floor and chance; not above 0: none
    bool lossy = false;     ///< the search: much was lost twice in a row
    bool overflows = false; ///< a full queue is suspected
  };

  finding on_report(const path_report& now, const lane_state& lane);

  /// Nothing is known of it yet.
  bool is_new() const noexcept { return !base_; }

  /// The best that it took in of late, and no more than when it last overflowed; 0: not known.
  bit_rate takes_in() const noexcept;

  /// The rate to send at for that; 0: it has no say in it.
  bit_rate delivers() const noexcept;

  /// It loses so much of everything, however slowly one sends, that its rate says nothing.
  bool loses_at_any_rate() const noexcept;

  /// The rate at which a suspicion is to be tested; 0: there is none.
  bit_rate test_rate() const noexcept;
  bool is_suspected() const noexcept { return suspected_.has_value() && !loses_at_any_rate(); }

  /// The last suspicion proved right: going slower helped, or that could not be told.
  bool was_full() const noexcept { return full_; }

  /// What was lost when the search suspected it was reported late, as behind a queue that stood.
  bool was_queueing() const noexcept { return queueing_; }

  /// A calm phase, which began after packet `began_with`, is over: what it has shown must do.
  void end_calm_phase(std::uint64_t began_with);

  /// The search is over. Its samples are short: the first whole window that offers as much has the last word on them.
  void end_search() noexcept { unconfirmed_ = true; }

  /// What was taken in two spans ago is forgotten.
  void begin_span() noexcept;

private:
  /// Datagrams between two reports.
  struct window {
    path_report begin;
    path_report end;
    loss_count count;
    duration lateness{}; ///< of reports

    bit_rate left() const noexcept;
    bit_rate taken_in() const noexcept;
    bit_rate taken_in_but_for(double lost) const noexcept; ///< if that share of it had been lost
    duration took() const noexcept;
    void extend(const path_report& now, duration reports_late);
  };

  struct suspicion {
    window fast;
    loss_count slow;
    bool of_search = false; ///< its samples are too short for a ceiling
  };

  enum class verdict : std::uint8_t {
    own,  ///< going slower did not help
    full, ///< it did
    open, ///< there is no telling
  };

  void note_lateness(const path_report& now) noexcept;

  // The search: samples that begin with the round.
  finding on_search_report(const path_report& now, const lane_state& lane);
  std::optional<window> search_window(const path_report& now, const lane_state& lane);
  finding take_sample(const window& w, const lane_state& lane);
  void learn_from_search();
  void judge_search(const window& w, bool queued, finding& result);

  // After it: windows within one phase.
  finding on_window_report(const path_report& now, const lane_state& lane);
  void look_at_window(rate_phase left_in, const lane_state& lane, finding& result);
  void close_window(rate_phase left_in, const lane_state& lane, finding& result);
  void learn(const window& w, rate_phase left_in, const lane_state& lane, finding& result);
  void learn_calm(const window& w);
  void confirm(const window& w);

  bool overflows(const window& w) const noexcept;
  bool takes_less_than_known(const window& w) const noexcept;
  bool is_too_much(const window& w) const noexcept {
    return overflows(w) || takes_less_than_known(w);
  }
  bool queues(const path_report& at) const noexcept;
  void look_at_suspicion(const loss_count& slow, bool last);
  static verdict closing_verdict(const loss_count& fast, const loss_count& slow);
  void resolve(verdict found, const loss_count& slow);

  std::optional<path_report> base_; ///< what the next window begins with
  path_report latest_;
  duration least_delay_ = never; ///< from a datagram's leaving to a report on it
  report_lateness lateness_;

  bit_rate best_ = 0; ///< of this span
  bit_rate best_before_ = 0;
  bit_rate ceiling_ = 0; ///< 0: none
  loss_floor floor_;
  std::optional<window> running_;
  std::optional<suspicion> suspected_;
  bool struck_ = false;   ///< the window before lost too much
  bool full_ = false;     ///< when last tested
  bool queueing_ = false; ///< when the search last suspected

  // -- the search ---------------------------------------------------------------------------------------

  loss_count search_count_; ///< since losses were judged last
  std::array<std::optional<window>, 2>
    latest_samples_;         ///< calm if it turns out that more is taken in
  unsigned passed_over_ = 0; ///< samples before the first that counted
  bool unconfirmed_ = false;
};

} // namespace fleetcast::protocol
