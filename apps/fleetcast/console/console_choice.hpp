/// Which process a console is for.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <string>

namespace fleetcast::apps {

/// The socket of `wanted`, which is a pid, a socket's path, or empty: then of the only process there is. With
/// several a person is asked, and a script told to name one.
[[nodiscard]] tl::expected<std::filesystem::path, protocol::failure>
choose_console(const std::string& wanted);

/// What there is, for people or as JSON, on standard output.
void print_consoles(bool json);

} // namespace fleetcast::apps
