/// The way from the API's calls, on threads of the program, to the actors: no handle of an actor is kept by a call, a session
/// or the library.
#pragma once

#include "actors/messages/receiving.hpp"

#include <memory>

namespace fleetcast::api {

class session_record;

/// To the api_actor (api_actor.hpp). Any thread.
class api_port {
public:
  api_port() = default;
  api_port(const api_port&) = delete;
  api_port& operator=(const api_port&) = delete;
  virtual ~api_port() = default;

  /// "Run this session." Waits until its consumer has its thread; why there is none, otherwise. Throws std::bad_alloc, and
  /// then the session was not launched.
  [[nodiscard]] virtual actors::failure launch(std::shared_ptr<session_record> session) = 0;

  /// "Cancel it", behind its launch.
  virtual void cancel(actors::session_id session, actors::failure reason) = 0;

  /// There are no more sessions.
  virtual void stop() = 0;
};

/// To a session's writer. A port that is kept keeps the writer. Any thread.
class writer_port {
public:
  writer_port() = default;
  writer_port(const writer_port&) = delete;
  writer_port& operator=(const writer_port&) = delete;
  virtual ~writer_port() = default;

  /// "Done with that block."
  virtual void release(const actors::block_release& block) = 0;
};

} // namespace fleetcast::api
