/// The actor above all sessions of a process.
///
///     session_manager
///      ├─ receive_session (receiving.hpp)
///      └─ send_session (serving.hpp)
#pragma once

#include "actors/messages/receiving.hpp"
#include "actors/messages/serving.hpp"

namespace fleetcast::actors {

/// Supervises every session of a process. `open` starts a receive session under an id that the caller
/// took from next_session_id(); `cancel` of an unknown id does nothing; `join` answers for the
/// server; `stop` cancels all sessions and ends the manager once they ended.
using session_manager_actor = transmissions_actor::extend<
  caf::reacts_to<open_atom, session_id, receive_request, consumer_actor>,
  caf::reacts_to<cancel_atom, session_id, failure>, caf::reacts_to<stop_atom>,
  caf::replies_to<status_atom>::with<status_snapshot>>;

/// The manager as the console needs it: both kinds of session have an id.
using steered_session_manager_actor
  = session_manager_actor::extend<caf::replies_to<session_id, session_order>::with<order_outcome>,
                                  caf::replies_to<list_atom, session_id>::with<receiver_list>>;

} // namespace fleetcast::actors
