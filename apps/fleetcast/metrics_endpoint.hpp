/// Serves the figures of a process to Prometheus: the table of actors/metrics.def, and nothing else.
#pragma once

#include "actors/runtime.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace prometheus {
class Exposer;
} // namespace prometheus

namespace fleetcast::apps {

class survey_collector;

/// Threads of its own (prometheus-cpp's) from making to end. To be gone before the runtime is.
///
/// Bounded whatever happens: at most `max_sessions` sessions and, of each transmission, `max_receivers`
/// receivers (those furthest behind) have series of their own; how many have none is a metric.
class metrics_endpoint {
public:
  static constexpr std::size_t max_sessions = 64;
  static constexpr std::size_t max_receivers = 64;
  static constexpr std::uint16_t default_port = 9464;

  /// `address`: PORT, on the loopback interface then, or ADDR:PORT.
  [[nodiscard]] static tl::expected<std::unique_ptr<metrics_endpoint>, protocol::failure>
  open(actors::runtime& runtime, const std::string& address);

  ~metrics_endpoint();

  /// "127.0.0.1:9464", with the port that was really taken.
  std::string address() const;

private:
  metrics_endpoint() = default;

  std::shared_ptr<survey_collector> collector_;
  std::unique_ptr<prometheus::Exposer> exposer_;
  std::string host_;
};

} // namespace fleetcast::apps
