/// Turns what the console knows into what Prometheus reads.
#pragma once

#include "actors/console/console_actor.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace fleetcast::apps {

/// The families of `survey`. Labels: actor, session, receiver, and reason where a metric has several. What
/// several actors of one kind count for one session is added up, so that no series comes twice.
std::vector<prometheus::MetricFamily> families_of(const actors::console_survey& survey,
                                                  std::size_t max_sessions,
                                                  std::size_t max_receivers);

/// The same as Prometheus reads it.
std::string metrics_page(const actors::console_survey& survey, std::size_t max_sessions,
                         std::size_t max_receivers);

/// What HTTP calls that.
constexpr const char* metrics_page_type = "text/plain; version=0.0.4; charset=utf-8";

} // namespace fleetcast::apps
