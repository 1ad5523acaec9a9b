/// Turns what the console knows into what Prometheus reads.
#pragma once

#include "actors/console/console_actor.hpp"

#include <functional>
#include <memory>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace fleetcast::apps {

/// The families of `survey`. Labels: actor, session, receiver, and reason where a metric has several. What
/// several actors of one kind count for one session is added up, so that no series comes twice.
std::vector<prometheus::MetricFamily> families_of(const actors::console_survey& survey,
                                                  std::size_t max_sessions,
                                                  std::size_t max_receivers);

class survey_collector final : public prometheus::Collectable {
public:
  using reply = std::function<void(std::shared_ptr<const actors::console_survey>)>;
  using surveyor = std::function<void(reply)>;

  survey_collector(surveyor ask, std::size_t max_sessions, std::size_t max_receivers)
    : ask_(std::move(ask)),
      max_sessions_(max_sessions),
      max_receivers_(max_receivers) {}

  /// On a thread of the server's; waits for the actors' answers. Empty when none come in time.
  std::vector<prometheus::MetricFamily> Collect() const override;

private:
  surveyor ask_;
  std::size_t max_sessions_;
  std::size_t max_receivers_;
};

} // namespace fleetcast::apps
