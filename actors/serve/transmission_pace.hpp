/// At which rate a transmission sends: as the server's options say, or as somebody orders meanwhile.
#pragma once

#include "actors/serve/options.hpp"
#include "actors/serve/server_budget.hpp"
#include "protocol/send/bit_rate.hpp"
#include "protocol/send/capped_rate.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/rate_policy.hpp"
#include "protocol/timestamp.hpp"

#include <memory>
#include <string>

namespace fleetcast::actors {

/// Makes the sender's rate controllers. With a budget it keeps a hand on the one made last, which the sender owns: that
/// one must be in use as long as `share` is called.
class transmission_pace {
public:
  /// `budget`: this transmission's part of what the server may send; null: no bound.
  transmission_pace(const send_options& options, std::shared_ptr<const budget_lease> budget);

  /// What the options ask for.
  [[nodiscard]] std::unique_ptr<protocol::rate_controller> first();

  /// From now on `rate`; 0: found as the policy says.
  [[nodiscard]] std::unique_ptr<protocol::rate_controller> fix(protocol::bit_rate rate);

  /// Before anything is sent: others may have come since, who share the budget.
  void share(protocol::timestamp now);

  /// "fixed", "adaptive" or "tcp-friendly".
  const char* name() const noexcept;

  /// For people: "at 1000 bit/s", and what bounds it.
  std::string words() const;

private:
  protocol::rate_policy policy_when_free() const noexcept;
  std::unique_ptr<protocol::rate_controller> make(protocol::rate_policy when_free);

  protocol::rate_policy policy_;
  protocol::bit_rate fixed_;
  std::shared_ptr<const budget_lease> budget_;
  protocol::capped_rate* capped_ = nullptr;
};

} // namespace fleetcast::actors
