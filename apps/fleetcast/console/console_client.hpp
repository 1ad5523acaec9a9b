/// One connection to the console of a process.
#pragma once

#include "actors/console/frame.hpp"
#include "actors/trust/private_files.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace fleetcast::apps {

class console_client {
public:
  template <class T>
  using result = tl::expected<T, protocol::failure>;

  [[nodiscard]] static result<console_client> connect(const std::filesystem::path& socket);

  /// Sends a command and waits for its answer; events that come before it are skipped. After a failure all later ones
  /// fail.
  [[nodiscard]] result<actors::frame> ask(const std::string& line);

  /// The next frame; nothing when none came within `patience` or a signal came.
  [[nodiscard]] result<std::optional<actors::frame>> next(std::chrono::milliseconds patience);

private:
  explicit console_client(actors::io::file_descriptor socket) : socket_(std::move(socket)) {}

  bool is_stopped() const;
  result<std::optional<actors::frame>> take_frame();

  actors::io::file_descriptor socket_;
  std::string received_;
  bool owes_answer_ = false; ///< the process, to the latest command
};

} // namespace fleetcast::apps
