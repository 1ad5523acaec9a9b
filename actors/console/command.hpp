/// The commands of the console: one table for the parser, for help and for completion.
#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

enum class verb : std::uint8_t {
  help,
  tree,
  actor,
  sessions,
  session,
  receivers,
  counters,
  events,
  cancel,
  kick,
  pause,
  resume,
  rate,
  log,
  watch,
  dump,
  shutdown,
  complete, ///< for the line editor: not in help
};

/// What an argument names; completion and checks follow from it.
enum class argument : std::uint8_t {
  command,
  session,
  actor,
  receiver,
  actor_name,
  number,
  rate,
  kick_mode,
  log_level,
  follow, ///< -f
  pattern,
  file,
  line, ///< the rest, spaces and all
};

struct command_info {
  verb what;
  std::string_view name;
  std::string_view arguments; ///< as help shows them
  std::string_view summary;
  std::string_view details; ///< more sentences for `help NAME`
  std::string_view example;
  std::size_t required; ///< of these arguments, which come in this order
  std::vector<argument> takes;
  bool at_client = false; ///< the client does it, out of other commands
};

std::span<const command_info> all_commands();

const command_info* find_command(std::string_view name);

/// A line that makes sense.
struct command {
  verb what = verb::help;
  std::vector<std::string> arguments;
  bool json = false;   ///< the line began with --json
  bool follow = false; ///< -f was among the arguments

  /// An argument that was checked to be a number.
  std::uint64_t number(std::size_t which) const;
};

/// Or why the line makes no sense, and what to write.
[[nodiscard]] tl::expected<command, std::string> parse_command(std::string_view line);

/// "800M", "1.5G", "250k" or "auto", which is 0: bits per second.
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);

std::vector<std::string_view> split_words(std::string_view line);

constexpr std::string_view log_levels[] = {"debug", "info", "warning", "error", "off"};

} // namespace fleetcast::actors
