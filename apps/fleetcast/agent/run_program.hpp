/// Runs a program of this host's operator to its end.
#pragma once

#include <tl/expected.hpp>

#include <string>

namespace fleetcast::apps {

/// `program` (no shell) with one argument, for ten minutes at most. The error is a sentence that says how
/// it ended, if not with 0.
[[nodiscard]] tl::expected<void, std::string> run_program(const std::string& program,
                                                          const std::string& argument);

} // namespace fleetcast::apps
