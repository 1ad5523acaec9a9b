#include "actors/kit/timeout_schedule.hpp"

#include <utility>

namespace fleetcast::actors {

namespace {

template <class Timeout>
timeout_schedule::time_point due_of_one(const std::unique_ptr<Timeout>& timeout) {
  return timeout->due;
}

template <class Cancellation>
timeout_schedule::time_point due_of_one(const Cancellation&) {
  return timeout_schedule::never;
}

} // namespace

timeout_schedule::time_point timeout_schedule::due_of(const change& what) {
  return std::visit([](const auto& one) { return due_of_one(one); }, what);
}

void timeout_schedule::apply(change what) {
  std::visit([this](auto& one) { carry_out(std::move(one)); }, what);
}

timeout_schedule::time_point timeout_schedule::first_due() const noexcept {
  return schedule().empty() ? never : schedule().begin()->first;
}

bool timeout_schedule::is_due() const {
  return !schedule().empty() && first_due() <= now();
}

void timeout_schedule::fire_due() {
  trigger_expired_timeouts();
}

void timeout_schedule::clear() {
  cancel_all();
}

} // namespace fleetcast::actors
