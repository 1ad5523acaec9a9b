/// What the program's exit codes mean; each subcommand's --help says the same to people.
#pragma once

namespace fleetcast::apps::exit_code {

constexpr int success = 0;

/// Server, network or content.
constexpr int failure = 1;

/// The command line makes no sense.
constexpr int usage = 2;

/// A file or directory of this host: missing, not writable, full.
constexpr int local_file = 3;

/// The server is not the one that was expected.
constexpr int not_trusted = 4;

/// Plus the signal's number: 130 for SIGINT, 143 for SIGTERM.
constexpr int signal_base = 128;

} // namespace fleetcast::apps::exit_code
