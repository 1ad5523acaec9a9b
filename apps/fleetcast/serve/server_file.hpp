/// The file of `fleetcast serve --config`: TOML, each key an option of the command line by its long name with
/// underscores; namespaces are tables.
///
///     rate = "800M"
///     authorized = "/etc/fleetcast/authorized_clients"
///
///     [namespace.lab]
///     directory = "/srv/images"
///     authorized = "/etc/fleetcast/lab_clients"    # in place of that for all
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// As the command line would say it. Which options there are is not known here.
struct file_setting {
  std::string key; ///< as in the file: "max_rate"; "namespace" and "authorized" of tables, too
  std::vector<std::string> values; ///< one at least
  std::size_t line = 0;
  bool is_of_namespace = false; ///< from a namespace's table
};

/// In the order of the file. Blocks on the disk. Fails with invalid_argument when it is not understood, access_denied
/// when others could have changed it, read_fault when it cannot be read; the sentence names file and line.
[[nodiscard]] tl::expected<std::vector<file_setting>, protocol::failure>
read_server_file(const std::filesystem::path& file);

/// `text` is what `file` holds.
[[nodiscard]] tl::expected<std::vector<file_setting>, protocol::failure>
parse_server_file(const std::filesystem::path& file, const std::string& text);

/// "FILE, line 7: "
[[nodiscard]] std::string place_in(const std::filesystem::path& file, std::size_t line);

} // namespace fleetcast::apps
