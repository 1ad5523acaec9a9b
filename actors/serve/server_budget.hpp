/// The one rate of a server (`serve --max-rate`), and each transmission's part of it.
#pragma once

#include "protocol/send/rate_budget.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace fleetcast::actors {

class server_budget;

/// A part of the budget that is ours until this goes. Movable; any thread.
class budget_lease {
public:
  budget_lease(budget_lease&&) noexcept = default;
  budget_lease& operator=(budget_lease&& other) noexcept;
  ~budget_lease();

  /// What may be sent from now on. Changes whenever others come, go, or want another rate.
  [[nodiscard]] protocol::bit_rate share() const;

  /// So much would be taken.
  void demand(protocol::bit_rate wanted) const;

private:
  friend class server_budget;

  budget_lease(std::shared_ptr<server_budget> from, protocol::rate_budget::id part)
    : from_(std::move(from)),
      part_(part) {}

  std::shared_ptr<server_budget> from_;
  protocol::rate_budget::id part_;
};

/// Any thread; the lock is held for a division among as many transmissions as a server may send.
class server_budget : public std::enable_shared_from_this<server_budget> {
public:
  /// With less a transmission can hardly say that it lives: a heartbeat a second, and some data.
  static constexpr protocol::bit_rate least_share = 16'000;

  [[nodiscard]] static std::shared_ptr<server_budget> make(protocol::bit_rate whole);

  protocol::bit_rate whole() const;

  /// A part for one more transmission; nothing when all would get less than `least_share`.
  [[nodiscard]] std::optional<budget_lease> acquire();

private:
  friend class budget_lease;

  explicit server_budget(protocol::bit_rate whole) : budget_(whole) {}

  mutable std::mutex mutex_;
  protocol::rate_budget budget_;
};

} // namespace fleetcast::actors
