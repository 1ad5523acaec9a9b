/// What a direct message of the fleet says: one of a closed list of kinds, checked to the last byte.
///
/// The text that names the types is compared whole. There are no forwarding stages, no nested message and no
/// handle to an actor; an error has no context.
#pragma once

#include "actors/fleet/basp_frame.hpp"

#include <cstdint>
#include <string_view>

namespace fleetcast::actors::fleet::basp {

enum class message_kind : std::uint8_t {
  none,    ///< not on the list, or wrong in some byte
  start,   ///< start_atom, job_request
  command, ///< retry_atom, commit_atom or cancel_atom with a job's id
  watch,   ///< watch_atom with a job's id
  report,  ///< job_report
  state,   ///< job_state
  error,   ///< in place of an answer
};

struct message {
  message_kind kind = message_kind::none;
  std::string_view job; ///< of a report; points into the payload
};

message read_message(bytes_view payload) noexcept;

/// An error alone, as a down frame has it: a code, a category, no context.
bool is_plain_error(bytes_view value) noexcept;

/// CAF's own question for the other side's "SpawnServ", which the fleet has no use for.
bool is_utility_question(bytes_view payload) noexcept;

/// The answer to it. Not read further than its types: it never goes on.
bool is_utility_answer(bytes_view payload) noexcept;

} // namespace fleetcast::actors::fleet::basp
