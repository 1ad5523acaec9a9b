/// What `fleetcast serve` goes by: flags before the file before the defaults, option by option.
#pragma once

#include "apps/fleetcast/serve/serve_options.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <map>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// Long name -> values, as text. What is not in it was not given.
using option_values = std::map<std::string, std::vector<std::string>>;

/// What the command line said, of all options that add_serve_options knows.
[[nodiscard]] option_values given_on(const CLI::App& command);

/// Settings that hold.
struct settled {
  serve_arguments arguments;
  option_values values; ///< what was given for them, wherever
};

class serve_settings {
public:
  /// `file` empty: there is none.
  serve_settings(option_values flags, std::string file)
    : flags_(std::move(flags)),
      file_(std::move(file)) {}

  const std::string& file() const noexcept { return file_; }

  /// Reads the file, also again, and checks everything. Namespaces on the command line are all there are: the file's do
  /// not count then, nor do the lists that belong to them. Fails with invalid_argument, or as read_server_file does.
  [[nodiscard]] tl::expected<settled, protocol::failure> settle() const;

private:
  option_values flags_;
  std::string file_;
};

/// The options whose values differ: "--rate".
[[nodiscard]] std::vector<std::string> differences(const option_values& before,
                                                   const option_values& after);

} // namespace fleetcast::apps
