/// What a fleet's coordinator and its agents say to each other about a job.
///
///     coordinator ── start, watch, retry, commit, cancel ──> agent
///     coordinator <── job_report, as answers and whenever something changed ── agent
///
/// Every request may be repeated: an agent that knows the job answers with its true state and does
/// nothing twice. So a coordinator that lost a message, or died and came again, asks once more.
///
/// These types cross the network and may be wrong in every field: text is bounded by `check` and `trim`, and a
/// phase from a peer goes through `phase_of`.
#pragma once

#include "protocol/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::protocol::fleet {

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
  waiting = 8, ///< it was receiving, and its server went away: it goes on once that is back
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

  friend bool operator==(const job_request&, const job_request&) = default;
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

/// How a report says that it did not go well; none: done. Of a job that is over, or of one whose report has a reason.
failure failure_of(const job_report& report);

/// Bounded and made of what may be in it. An agent refuses everything else.
failure check(const job_request& request);

/// The request's destination for its host.
std::string destination_of(const job_request& request);

/// Letters, digits, dots, dashes and underscores; 64 at most.
bool is_job_id(std::string_view text) noexcept;

/// Cuts what is longer than an agent would say.
void trim(job_report& report);

} // namespace fleetcast::protocol::fleet
