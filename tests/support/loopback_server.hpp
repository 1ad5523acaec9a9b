/// A server in the test's own process, on the loopback interface: what `fleetcast serve` is made of.
#pragma once

#include "actors/messages/serving.hpp"
#include "actors/runtime.hpp"
#include "actors/serve/options.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace fleetcast::actors::testing {

/// Serves the files below a directory as the namespace "lab", while it lives.
class loopback_server {
public:
  loopback_server(const send_options& options, const std::filesystem::path& directory);
  ~loopback_server();

  loopback_server(const loopback_server&) = delete;
  loopback_server& operator=(const loopback_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }

  status_snapshot status();

private:
  std::unique_ptr<runtime> runtime_;
  control_listener_actor listener_;
  std::uint16_t port_ = 0;
};

} // namespace fleetcast::actors::testing
