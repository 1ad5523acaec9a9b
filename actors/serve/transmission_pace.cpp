#include "actors/serve/transmission_pace.hpp"

#include <fmt/core.h>

#include <utility>

namespace fleetcast::actors {

transmission_pace::transmission_pace(const send_options& options,
                                     std::shared_ptr<const budget_lease> budget)
  : policy_(options.policy),
    fixed_(options.fixed_rate),
    budget_(std::move(budget)) {}

std::unique_ptr<protocol::rate_controller> transmission_pace::first() {
  return make(policy_);
}

std::unique_ptr<protocol::rate_controller> transmission_pace::fix(protocol::bit_rate rate) {
  fixed_ = rate;
  return make(policy_when_free());
}

void transmission_pace::share(protocol::timestamp now) {
  if (capped_ == nullptr)
    return;
  if (const auto wanted = capped_->demand(now))
    budget_->demand(*wanted);
  capped_->cap(budget_->share());
}

const char* transmission_pace::name() const noexcept {
  if (fixed_ != 0)
    return "fixed";
  return policy_when_free() == protocol::rate_policy::tcp_friendly ? "tcp-friendly" : "adaptive";
}

std::string transmission_pace::words() const {
  auto result = fixed_ != 0 ? fmt::format("at {} bit/s", fixed_)
                : policy_when_free() == protocol::rate_policy::tcp_friendly
                  ? std::string{"sharing its path as a TCP flow would"}
                  : std::string{"as fast as the slowest receiver takes it"};
  if (budget_)
    result += ", within its share of the server's --max-rate";
  return result;
}

/// How the rate is found when none is set.
protocol::rate_policy transmission_pace::policy_when_free() const noexcept {
  return policy_ == protocol::rate_policy::fixed ? protocol::rate_policy::adaptive : policy_;
}

std::unique_ptr<protocol::rate_controller>
transmission_pace::make(protocol::rate_policy when_free) {
  auto own = protocol::make_rate_controller(fixed_, when_free);
  if (!budget_)
    return own;
  auto result = std::make_unique<protocol::capped_rate>(std::move(own), budget_->share());
  capped_ = result.get();
  return result;
}

} // namespace fleetcast::actors
