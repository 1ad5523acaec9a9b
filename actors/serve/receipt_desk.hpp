/// Receipts of a transmission's receivers. One whose author has reported every block counts at once. Until then it is a
/// claim: it counts when the last report is here, when that has been awaited long enough, or when the author's link is
/// gone. Pure: knows no clock, and only says what is to be done.
#pragma once

#include "protocol/send/rate_controller.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/control_messages.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace fleetcast::actors {

/// `reports_all`: the receiver's own reports show every block. Receivers are members; forget those that leave.
class receipt_desk {
public:
  /// How long a receiver's last report is awaited after its receipt: several times what it takes in groups of hundreds. In
  /// larger ones reports are rarer.
  static constexpr protocol::duration patience = protocol::seconds(1);

  /// A receipt that counts from now on: its receiver is done, and no claim of it is left.
  struct settlement {
    std::uint64_t repaired_symbols = 0;
    bool is_shown = false; ///< by reports; false: claimed only
  };

  /// A receipt for the whole object came. Nothing: it is a claim. Of several of one receiver the first is kept.
  [[nodiscard]] std::optional<settlement> on_receipt(protocol::timestamp now,
                                                     protocol::receiver_id id,
                                                     const protocol::wire::receipt& receipt,
                                                     bool reports_all);

  /// A report came. Nothing: there is no claim, or it goes on waiting.
  [[nodiscard]] std::optional<settlement> on_report(protocol::receiver_id id, bool reports_all);

  /// A claim whose report was awaited long enough. Nothing: there is none yet.
  [[nodiscard]] std::optional<protocol::receiver_id> next_due(protocol::timestamp now) const;

  /// No report is awaited any longer. Nothing: there is no claim.
  [[nodiscard]] std::optional<settlement> settle(protocol::receiver_id id, bool reports_all);

  /// The receiver is gone: a claim of it never counts.
  void forget(protocol::receiver_id id) { claims_.erase(id); }

  /// Receipts that count.
  std::uint64_t completed() const noexcept { return completed_; }

  /// Of those, claimed only.
  std::uint64_t claimed() const noexcept { return claimed_; }

private:
  struct claim {
    std::uint64_t repaired_symbols = 0;
    protocol::timestamp due{}; ///< until then the report is awaited
  };

  settlement count(std::uint64_t repaired_symbols, bool is_shown);

  std::map<protocol::receiver_id, claim> claims_;
  std::uint64_t completed_ = 0;
  std::uint64_t claimed_ = 0;
};

} // namespace fleetcast::actors
