/// The way from the API's calls, on threads of the program, to the actors: no handle of an actor is kept by a call, a session
/// or the library.
#pragma once

#include "actors/messages/receiving.hpp"

#include <functional>
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

/// Gives a session's writer credit back. Any thread; a copy kept keeps the writer.
using release_port = std::function<void(const actors::block_release&)>;

} // namespace fleetcast::api
