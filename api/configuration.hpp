/// What a process can set beyond the WDS structures, and where it says so: FleetcastConfigure before the
/// environment before a file before the defaults, setting by setting.
#pragma once

#include "api/fleetcast_ext.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fleetcast::api {

/// Empty, 0 and null: not set here.
struct configuration {
  std::size_t worker_threads = 0;
  std::string interface;
  std::string fingerprint;
  std::string known_servers;
  std::string identity;
  std::string security; ///< "sealed" or "none"
  std::string log_file;
  ULONG log_level = FLEETCAST_LOG_DEFAULT;
  PFN_FleetcastLog log = nullptr;
  void* log_context = nullptr;
};

/// `upper`, and of `lower` what `upper` leaves open.
configuration layered(configuration upper, const configuration& lower);

/// Value of a variable; null: there is none.
using environment = std::function<const char*(const char* name)>;

/// This process's environment; empty in a program that runs with another user's rights (setuid).
environment process_environment();

/// Where a configuration file is looked for when FLEETCAST_CONFIG names none: the user's own, then the
/// host's. The first one that exists is read, and only that one.
std::vector<std::filesystem::path> usual_configuration_files();

/// What the environment says, then the file. Or which file, line or variable is wrong, what was found
/// and what to write. Blocks on the disk.
[[nodiscard]] tl::expected<configuration, std::string>
read_configuration(const environment& variables,
                   const std::vector<std::filesystem::path>& usual_files);

/// The settings in `text`, which is what `file` holds: TOML, one `key = value` a line.
[[nodiscard]] tl::expected<configuration, std::string>
parse_configuration(const std::filesystem::path& file, const std::string& text);

} // namespace fleetcast::api
