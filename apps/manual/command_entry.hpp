/// A command as its manual page and its completion need it: names, options, words. Filled from the tables that the
/// programs themselves read their command lines by, so that neither page nor completion can lack an option.
#pragma once

#include <string>
#include <vector>

namespace fleetcast::apps::manual {

/// What can be offered for a value.
enum class value_kind {
  none,      ///< there is no value
  word,      ///< nothing is known of it
  choice,    ///< one of `choices`
  file,      ///< also behind "NAME="
  directory, ///< also behind "NAME="
  program,   ///< something to be run
  interface, ///< of this host's network
  job,       ///< of the fleet, by its id
  object,    ///< of a server, by its address
};

/// An option, or a value that stands alone.
struct option_entry {
  std::vector<std::string> names; ///< as typed: "-i", "--interface"; none: it stands alone
  std::string value;              ///< what the value is called; empty: there is none
  value_kind kind = value_kind::none;
  std::vector<std::string> choices;
  std::string text;     ///< what --help says of it
  std::string range;    ///< of numbers: "1 - 255"
  std::string standard; ///< what it is when it is not given, if the table says so
  std::vector<std::string> needs;
  std::vector<std::string> excludes;
  bool is_required = false;
  bool is_repeatable = false;
};

struct command_entry {
  std::vector<std::string> words; ///< "fleetcast", "fleet", "get"
  std::string summary;            ///< one sentence without its full stop
  std::string story; ///< what --help says below the options: paragraphs, examples, exit codes
  std::vector<option_entry> options;
  std::vector<option_entry> values; ///< those that stand alone, in their order
  std::vector<command_entry> commands;
  bool is_group = false; ///< does nothing without one of `commands`
};

/// Its words with `between` them.
std::string joined(const command_entry& command, char between);

/// Itself, then all below it, depth first.
std::vector<const command_entry*> all_of(const command_entry& command);

} // namespace fleetcast::apps::manual
