/// The console of a process, from its socket to its actor.
#pragma once

#include "actors/console/console_actor.hpp"

#include <filesystem>
#include <string>

namespace fleetcast::actors {

struct console_options {
  std::string program; ///< as it shall be known
  std::string version;
  error_namer name_error;

  /// Empty: the user's own.
  std::filesystem::path directory;

  /// Without one nobody can connect; what serves metrics needs none.
  bool has_socket = true;

  /// `shutdown` ends the process by SIGTERM. Not for a program that embeds us and may handle that signal otherwise.
  bool may_shut_down = false;
};

/// Listens from its making on; its end removes the socket.
class console_host {
public:
  /// Where the socket or the actor's thread is not to be had `path` says why: no reason for a process not to do
  /// its work.
  console_host(caf::actor_system& system, io::io_thread& io,
               const steered_session_manager_actor& manager, const console_options& options);

  /// Requires that the actor has ended, if there is one, so that its last answers are on their way.
  ~console_host();

  console_host(const console_host&) = delete;
  console_host& operator=(const console_host&) = delete;

  /// Of the socket; or why there is none.
  tl::expected<std::filesystem::path, failure> path() const;

  /// Null: there was no thread for it.
  const console_actor& actor() const noexcept { return actor_; }

private:
  std::shared_ptr<console_server> server_; ///< null: no socket
  failure problem_;
  console_actor actor_;
};

} // namespace fleetcast::actors
