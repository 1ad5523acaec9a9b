/// The fleet's messages as actors send them (protocol/fleet/job.hpp says what they mean).
#pragma once

#include "actors/messages/vocabulary.hpp"
#include "protocol/fleet/job.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/meta/type_name.hpp>

#include <string>

namespace fleetcast::protocol::fleet {

// Where CAF finds them: beside the types.

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job_request& x) {
  return f(caf::meta::type_name("fleet_job_request"), x.job, x.server, x.port, x.name_space,
           x.object, x.destination, x.host, x.interface, x.fingerprint, x.authenticate, x.together);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job_report& x) {
  return f(caf::meta::type_name("fleet_job_report"), x.job, x.phase, x.object_bytes,
           x.written_bytes, x.bits_per_second, x.repaired_symbols, x.lost_packets, x.elapsed_ms,
           x.activated_us, x.limited_by, x.code, x.reason, x.digest);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job_state& x) {
  return f(caf::meta::type_name("fleet_job_state"), x.report, x.request);
}

} // namespace fleetcast::protocol::fleet

namespace fleetcast::actors::fleet {

using protocol::fleet::check;
using protocol::fleet::is_job_id;
using protocol::fleet::is_over;
using protocol::fleet::job_phase;
using protocol::fleet::job_report;
using protocol::fleet::job_request;
using protocol::fleet::job_state;
using protocol::fleet::phase_of;
using protocol::fleet::to_string;
using protocol::fleet::trim;

using commit_atom = caf::atom_constant<caf::atom("commit")>;
using retry_atom = caf::atom_constant<caf::atom("retry")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using watch_atom = caf::atom_constant<caf::atom("watch")>;

/// Makes an actor system understand these messages.
void add_messages(caf::actor_system_config& config);

/// An agent as a coordinator sees it. Whoever asks is told of every change afterwards: it takes
/// job_report messages, two a second at most for each job, and one every 2 s while nothing changes.
using agent_actor = caf::typed_actor<caf::replies_to<start_atom, job_request>::with<job_report>,
                                     caf::replies_to<watch_atom, std::string>::with<job_state>,
                                     caf::replies_to<retry_atom, std::string>::with<job_report>,
                                     caf::replies_to<commit_atom, std::string>::with<job_report>,
                                     caf::replies_to<cancel_atom, std::string>::with<job_report>>;

/// Hears of a job's changes.
using watcher_actor = caf::typed_actor<caf::reacts_to<job_report>>;

} // namespace fleetcast::actors::fleet
