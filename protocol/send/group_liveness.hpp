/// Who of the receivers gets on: progress decides who counts and who stays, not being heard.
///
/// Progress is one more block complete. What was sent since a receiver's last progress says whether it was *served*:
/// sent as much as it takes, by its own count of what arrives, to complete all it lacks. The rules:
///   * a newcomer, one that has not completed a block while others have, holds no window before its first block. It
///     paces, lest its link be flooded, unless hardly a symbol ever arrived there: then it is like the next one at
///     once;
///   * one that was served without progress no longer counts; served still more, it is sent away;
///   * one that alone keeps the group waiting, while it asks for nothing, no longer counts after a while, and is sent away
///     later. But a receiver whose cache is full of whole blocks waits for its consumer: it is given much longer, and is
///     never sent away for that, since it costs the others nothing any more;
///   * what it may ask for without progress is bounded, so that it costs a bounded multiple of the object;
///   * one that lacks nothing is waited for as long as the slowest consumer may take, then it is sent away.
/// A receiver that no longer counts counts again from its next block on. A receiver that does not count neither sets the
/// rate (but see newcomers) nor holds the window.
///
/// A receiver that makes blocks complete, however slowly, breaks none of these. Time in which the sender itself got no
/// turn is nobody's (`excuse`).
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fleetcast::protocol {

/// Why a receiver does not count, or was sent away.
enum class exclusion : std::uint8_t {
  none,
  newcomer,     ///< it has not completed a block yet, and others have
  no_progress,  ///< it was sent all that it lacks, and more, and completed nothing
  unreached,    ///< the same, and none of the symbols arrived there; said only of who is sent away
  holds_window, ///< it kept the others waiting and neither took nor asked for anything
  full_cache,   ///< its consumer has not taken anything for long
  deaf,         ///< it says that nothing reaches it, for longer than a receiver waits
  no_receipt, ///< it has had every block for very long, and sends no receipt; said only of who is sent away
};

class group_liveness {
public:
  /// Datagrams sent since the transmission began.
  struct traffic {
    std::uint64_t symbols = 0;
    std::uint64_t control = 0;
  };

  struct change {
    receiver_id who = 0;
    exclusion why = exclusion::none; ///< none: it counts again
    bool sent_away = false;
    exclusion before = exclusion::none;

    friend bool operator==(const change&, const change&) = default;
  };

  explicit group_liveness(const geometry& layout) : layout_(layout) {}

  /// Requires an id that is not known. Returns whether it counts from the start.
  bool add(timestamp now, receiver_id id, traffic sent);

  /// Returns what changes for those who stay: newcomers count where nobody else does.
  std::vector<change> remove(receiver_id id);

  /// What a receiver says of itself. Returns what changes for it.
  std::vector<change> on_report(timestamp now, receiver_id id, const wire::feedback& message,
                                bool deaf, traffic sent);

  /// For `span` nothing could be sent because `holder` had no room, and nobody asked for anything.
  void on_hold(receiver_id holder, duration span);

  /// The sender had no turn for so long.
  void excuse(timestamp now, duration gap);

  bool counts(receiver_id id) const;

  /// The rate may follow it: it counts, or is new.
  bool paces(receiver_id id) const;

  /// Next to nothing of what is sent reaches it: what it lacks says nothing of the others' losses.
  bool hears_hardly_anything(receiver_id id) const;

  /// Why it does not count; none if it does, or is not known.
  exclusion why(receiver_id id) const;

  /// How many symbols it may still ask for without progress.
  std::uint64_t allowance(receiver_id id) const;

  /// So many were added to what is sent, for its sake.
  void charge(receiver_id id, std::uint64_t symbols);

  /// What follows by now; those sent away are removed by the caller. `asked_waits`: something that was asked for was not
  /// sent yet, so nobody can be said to have got all.
  std::vector<change> judge(timestamp now, duration grtt, bool asked_waits);

  [[nodiscard]] bool validate() const;

private:
  struct member {
    timestamp progress_at{}; ///< it completed a block, or joined
    timestamp excluded_at{};
    traffic at_join;
    std::uint64_t seen_symbols = 0; ///< sent by the time of its last report
    std::uint64_t served = 0;       ///< symbols sent since its progress while it had room
    std::uint64_t charged = 0;
    std::uint32_t completed = 0;
    duration held{};             ///< since its progress
    double share = 1;            ///< of the symbols sent, what arrives
    double received_symbols = 0; ///< since it joined
    bool is_share_known = false;
    bool excluded_for_reach = false; ///< and for nothing else
    bool full = false;               ///< its cache, of whole blocks
    std::optional<timestamp> deaf_since;
    exclusion why = exclusion::none;
  };

  using members = std::map<receiver_id, member>;

  static bool may_pace(exclusion why) noexcept {
    return why == exclusion::none || why == exclusion::newcomer;
  }
  void measure_share(member& m, const wire::feedback& message, traffic sent) const;
  void admit_newcomers_alone(std::vector<change>& out);
  void exclude_all_without_a_block(timestamp now, std::vector<change>& out);
  bool somebody_hears_well() const noexcept;
  static bool is_unreached(const member& m) noexcept;
  void judge_reach(timestamp now, receiver_id id, member& m, std::vector<change>& out);
  void progress(timestamp now, member& m, std::uint32_t completed);
  void exclude(timestamp now, receiver_id id, member& m, exclusion why, std::vector<change>& out);
  void admit(receiver_id id, member& m, std::vector<change>& out);
  exclusion sent_away_for(timestamp now, const member& m, duration patience,
                          bool asked_waits) const;
  exclusion excluded_for(timestamp now, const member& m, duration patience) const;
  double served_times(const member& m) const;
  double asked_times(const member& m) const;
  std::uint64_t lacking(const member& m) const noexcept;
  std::uint64_t symbols_of(std::uint64_t blocks, double times) const noexcept;

  geometry layout_;
  members members_;
  std::size_t counting_ = 0;
  std::size_t counting_with_blocks_ = 0; ///< of those, who have completed one
};

} // namespace fleetcast::protocol
