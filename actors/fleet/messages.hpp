/// What a fleet's coordinator and its agents say to each other, over the actor network.
///
///     coordinator ── start, watch, retry, commit, cancel ──> agent
///     coordinator <── job_report, as answers and whenever something changed ── agent
///
/// Every request may be repeated: an agent that knows the job answers with its true state and does
/// nothing twice. So a coordinator that lost a message, or died and came again, asks once more.
///
/// These types cross the network and may be wrong in every field: text is bounded by `is_sane`, and a
/// phase from a peer goes through `phase_of`.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::actors::fleet {

using commit_atom = caf::atom_constant<caf::atom("commit")>;
using retry_atom = caf::atom_constant<caf::atom("retry")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using watch_atom = caf::atom_constant<caf::atom("watch")>;

/// Where an agent stands with a job. Travels: append only, never renumber.
enum class job_phase : std::uint8_t {
  unknown = 0, ///< this agent has no such job
  connecting = 1,
  receiving = 2,
  storing = 3, ///< everything arrived; on its way to the disk
  staged = 4,  ///< on the disk and verified; waits for the word to take its name
  done = 5,
  failed = 6,
  cancelled = 7,
};

/// Nothing more comes of the job by itself.
constexpr bool is_over(job_phase phase) noexcept {
  return phase == job_phase::done || phase == job_phase::failed || phase == job_phase::cancelled;
}

std::string_view to_string(job_phase phase) noexcept;

/// A phase as a peer sent it; what is none is `unknown`.
job_phase phase_of(std::uint8_t number) noexcept;

/// One object for one host.
struct job_request {
  std::string job; ///< its id
  std::string server;
  std::uint16_t port = 0;
  std::string name_space;
  std::string object;

  /// Where the copy goes, below what the agent allows; {host} stands for `host`.
  std::string destination;

  /// The agent's host as the coordinator's list names it.
  std::string host;

  std::string interface;   ///< to receive on; empty: the one that leads to the server
  std::string fingerprint; ///< that the server must have; empty: pinned on first use
  bool authenticate = false;

  /// Take the new name only at the word of the coordinator.
  bool together = false;
};

/// How a job stands at an agent.
struct job_report {
  std::string job;
  std::uint8_t phase = 0; ///< a job_phase
  std::uint64_t object_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t bits_per_second = 0; ///< of late; of the whole transfer once it is over
  std::uint64_t repaired_symbols = 0;
  std::uint64_t lost_packets = 0;
  std::uint64_t elapsed_ms = 0;   ///< since the start; final once it is over
  std::uint64_t activated_us = 0; ///< when the file took its name, microseconds of Unix time
  std::string limited_by;         ///< name of a limiting_factor; empty unless it receives
  std::uint16_t code = 0;         ///< a failure_code
  std::string reason;             ///< of a failure, for people
  std::string digest;             ///< SHA-256 of the stored object, in hexadecimal
};

/// A report, and what was asked for: for a coordinator that knows the job's id only.
struct job_state {
  job_report report;
  job_request request;
};

/// Bounded and made of what may be in it. An agent refuses everything else.
failure check(const job_request& request);

/// Letters, digits, dots, dashes and underscores; 64 at most.
bool is_job_id(std::string_view text) noexcept;

/// Cuts what is longer than an agent would say.
void trim(job_report& report);

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
