/// Serves the figures of a process to Prometheus: the table of actors/observe/metrics.def, and nothing else.
#pragma once

#include "actors/runtime.hpp"
#include "apps/fleetcast/daemon/page_server.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fleetcast::apps {

/// Lives on the I/O thread of the runtime, and makes its page on the console's. To be gone before the runtime is.
///
/// Bounded whatever happens: at most `max_sessions` sessions and, of each transmission, `max_receivers`
/// receivers (those furthest behind) have series of their own; how many have none is a metric. How many may ask, and
/// how long, says page_server.hpp.
class metrics_endpoint {
public:
  static constexpr std::size_t max_sessions = 64;
  static constexpr std::size_t max_receivers = 64;
  static constexpr std::uint16_t default_port = 9464;

  /// `address`: PORT, on the loopback interface then, or ADDR:PORT.
  [[nodiscard]] static tl::expected<std::unique_ptr<metrics_endpoint>, protocol::failure>
  open(actors::runtime& runtime, const std::string& address);

  /// "127.0.0.1:9464", with the port that was really taken.
  std::string address() const;

private:
  explicit metrics_endpoint(std::unique_ptr<page_server> server) : server_(std::move(server)) {}

  std::unique_ptr<page_server> server_;
};

} // namespace fleetcast::apps
