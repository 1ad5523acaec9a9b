/// A server of one directory, in this process, on the loopback interface.
#pragma once

#include "actors/control/control_listener.hpp"
#include "actors/runtime.hpp"
#include "tests/support/actor_fixture.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace fleetcast::actors::testing {

/// Serves the files of `directory` as namespace "lab" while it lives.
class file_server {
public:
  file_server(const send_options& options, const std::filesystem::path& directory);
  ~file_server();

  file_server(const file_server&) = delete;
  file_server& operator=(const file_server&) = delete;

  /// TCP, on 127.0.0.1.
  std::uint16_t port() const noexcept { return port_; }

  status_snapshot status();

private:
  std::unique_ptr<runtime> runtime_;
  control_listener_actor listener_;
  std::uint16_t port_ = 0;
};

} // namespace fleetcast::actors::testing
