/// Words of all actors: the atoms, the names of sessions, failures, and what an actor says of itself.
///
/// Messages are immutable once sent; block and datagram memory is reference counted and not written
/// after it was handed on. Messages that stay in this process may carry such references and are
/// marked unsafe for serialization.
#pragma once

#include "actors/observe/metrics.hpp"
#include "protocol/failure.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::actors {

using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
using finish_atom = caf::atom_constant<caf::atom("finish")>;
using join_atom = caf::atom_constant<caf::atom("join")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;
using list_atom = caf::atom_constant<caf::atom("list")>;
using open_atom = caf::atom_constant<caf::atom("open")>;
using release_atom = caf::atom_constant<caf::atom("release")>;
using room_atom = caf::atom_constant<caf::atom("room")>;
using status_atom = caf::atom_constant<caf::atom("status")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;

/// Names a session within one process; never reused.
using session_id = std::uint64_t;

using protocol::failure;
using protocol::failure_code;

/// What an actor says of itself: for the console, the logs and tests. No key is ever in it.
struct status_snapshot {
  std::string actor; ///< its kind: "reassembly"
  std::string
    state; ///< "connecting", "receiving", …; "no answer in 250 ms" of one that does not say
  std::vector<fact> facts;
  std::vector<status_snapshot> children;

  caf::actor_id id = 0;
  std::uint64_t mailbox = 0;      ///< messages that wait for it
  std::chrono::nanoseconds age{}; ///< since it was spawned
  bool answered = true;           ///< false: dead or late, and nothing else here was said by itself
};

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::status_snapshot)
