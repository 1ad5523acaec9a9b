#include "actors/serve/server_budget.hpp"

namespace fleetcast::actors {

budget_lease& budget_lease::operator=(budget_lease&& other) noexcept {
  std::swap(from_, other.from_);
  std::swap(part_, other.part_);
  return *this;
}

budget_lease::~budget_lease() {
  if (!from_)
    return;
  const std::lock_guard guard{from_->mutex_};
  from_->budget_.remove(part_);
}

protocol::bit_rate budget_lease::share() const {
  const std::lock_guard guard{from_->mutex_};
  return from_->budget_.share(part_);
}

void budget_lease::demand(protocol::bit_rate wanted) const {
  const std::lock_guard guard{from_->mutex_};
  from_->budget_.demand(part_, wanted);
}

std::shared_ptr<server_budget> server_budget::make(protocol::bit_rate whole) {
  return std::shared_ptr<server_budget>{new server_budget{whole}};
}

protocol::bit_rate server_budget::whole() const {
  return budget_.whole();
}

std::optional<budget_lease> server_budget::acquire() {
  const std::lock_guard guard{mutex_};
  if (budget_.whole() / (budget_.size() + 1) < least_share)
    return std::nullopt;
  return budget_lease{shared_from_this(), budget_.add()};
}

} // namespace fleetcast::actors
