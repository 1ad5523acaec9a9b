#pragma once

#include "apps/fleetcast/exit_code.hpp"
#include "protocol/failure.hpp"

#include <string_view>

namespace fleetcast::apps {

/// Says on standard error what kept `fleetcast COMMAND` from its work. Returns `code`, to exit with.
int complain(std::string_view command, std::string_view what, int code = exit_code::failure);

/// What of the command line makes no sense is wrong usage, all else a failure.
inline int exit_code_of(const protocol::failure& reason) noexcept {
  using enum protocol::failure_code;
  const bool is_misuse = reason.code == invalid_argument || reason.code == invalid_request;
  return is_misuse ? exit_code::usage : exit_code::failure;
}

inline int complain(std::string_view command, const protocol::failure& reason,
                    int code = exit_code::failure) {
  return complain(command, reason.text, code);
}

} // namespace fleetcast::apps
