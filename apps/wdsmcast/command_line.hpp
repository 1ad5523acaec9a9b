/// The command line of wdsmcast: `/Option:value`, as WDS administrators type it.
///
/// CLI11 can take `/Option:value`, but then knows no `-Option:value`, takes the next argument for the
/// value of an empty `/Password:`, and speaks of `--Server` in its messages; so this is read by hand.
#pragma once

#include "api/wdserror.h"
#include "api/wdstci.h"

#include <tl/expected.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::apps {

/// What is asked for.
struct wdsmcast_arguments {
  enum class verb { transfer_file, help, version };

  verb what = verb::help;
  std::string server;
  std::string name_space;
  std::string source_file;
  std::string destination_file;
  std::string interface;
  std::string fingerprint;
  std::string known_servers;
  std::string trace; ///< file; empty: none
  bool progress = false;
  bool verbose = false;

  /// A user or a password was given: tell the server who this host is. Neither is kept.
  bool authenticate = false;
};

/// Why nothing is done: the code, and a sentence for people. It never holds the value of an option,
/// which may be a password under a misspelled name.
struct refusal {
  DWORD error = ERROR_INVALID_PARAMETER;
  std::string text;
};

/// `arguments` without the program's name. Case makes no difference in names; `-` and `--` do as well as
/// `/`; order makes no difference. A request for help wins over all mistakes. What is refused:
/// ERROR_INVALID_PARAMETER for what is not understood, missing or given twice, ERROR_NOT_SUPPORTED for
/// what the original does and this one does not: /Apply-Image.
[[nodiscard]] tl::expected<wdsmcast_arguments, refusal>
parse_wdsmcast(std::span<const char* const> arguments);

/// An option as /? and the manual page show it.
struct option_words {
  std::string_view name;  ///< without / and colon
  std::string_view value; ///< what its value is called; empty: it takes none
  std::string_view text;
  bool is_required; ///< to receive a file
};

/// All that parse_wdsmcast understands, the most important ones first.
[[nodiscard]] std::vector<option_words> wdsmcast_options();

} // namespace fleetcast::apps
