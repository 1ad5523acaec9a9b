/// What the session manager of a process that serves has beside its receive sessions. An interface, so that a program that
/// only receives is not linked with what sends.
#pragma once

#include "actors/messages/serving.hpp"

#include <tl/expected.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors {

namespace io {
class io_thread;
} // namespace io

/// Part of the manager's actor: called on its thread; what it spawns, it monitors in the manager's name.
class serving_half {
public:
  /// A transmission to ask, and what.
  struct way_in {
    steered_send_session_actor session;
    join_request request;
    bool is_new = false; ///< it was begun for this request
  };

  serving_half() = default;
  serving_half(const serving_half&) = delete;
  serving_half& operator=(const serving_half&) = delete;
  virtual ~serving_half() = default;

  /// The transmission for a client, running or begun now; or why there is none.
  virtual tl::expected<way_in, failure> find(const join_request& request) = 0;

  /// A transmission that takes no more clients: the next `find` begins another.
  virtual void close(const send_session_actor& session) = 0;

  /// Null: there is none of this id.
  virtual steered_send_session_actor session(session_id id) const = 0;

  /// One of its transmissions ended, or another actor did.
  enum class loss : std::uint8_t { none, ended, crashed };
  virtual loss on_down(const caf::down_msg& down) = 0;

  /// Ends all transmissions.
  virtual void stop(const failure& reason) = 0;

  virtual bool is_empty() const = 0;
  virtual std::vector<std::pair<session_id, caf::actor>> sessions() const = 0;

  /// Actors that serve all of them.
  virtual std::vector<caf::actor> helpers() const = 0;
  virtual void add_facts(std::vector<fact>& facts) const = 0;
};

/// Makes one for a manager; both outlive it.
using serving_half_factory
  = std::function<std::unique_ptr<serving_half>(caf::scheduled_actor& manager, io::io_thread& io)>;

} // namespace fleetcast::actors
