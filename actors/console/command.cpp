#include "actors/console/command.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace fleetcast::actors {

namespace {

using a = argument;

constexpr std::uint64_t min_rate = 100'000;
constexpr std::uint64_t max_rate = 400'000'000'000;

const std::vector<command_info>& table() {
  static const std::vector<command_info> commands{
    {verb::help,
     "help",
     "[COMMAND]",
     "what there is, or all of one command",
     "",
     "help kick",
     0,
     {a::command}},
    {verb::tree,
     "tree",
     "",
     "every actor: id, state, mailbox, restarts, age",
     "An actor that does not answer in time is shown as such and keeps nobody waiting. Nothing is "
     "restarted: an actor that crashes ends its session, which `events` tells.",
     "tree",
     0,
     {}},
    {verb::actor,
     "actor",
     "ID",
     "all that one actor says of itself",
     "",
     "actor 12",
     1,
     {a::actor}},
    {verb::sessions,
     "sessions",
     "",
     "every session: direction, object, peer, %, rate, why not faster",
     "A transmission's % is that of the receiver that has least; its loss that of the receiver "
     "that "
     "loses most.",
     "sessions",
     0,
     {}},
    {verb::session,
     "session",
     "ID",
     "all of one session: its actors, missing blocks, window, timers",
     "",
     "session 1",
     1,
     {a::session}},
    {verb::receivers,
     "receivers",
     "ID",
     "each receiver of a transmission, slowest first",
     "",
     "receivers 1",
     1,
     {a::session}},
    {verb::counters,
     "counters",
     "[PATTERN]",
     "every figure with its unit and meaning",
     "PATTERN is part of a name, or has * and ? in it.",
     "counters drop",
     0,
     {a::pattern}},
    {verb::events,
     "events",
     "[-f]",
     "the last notable things, with their cause; -f goes on",
     "The last 1024 are kept.",
     "events -f",
     0,
     {a::follow}},
    {verb::cancel,
     "cancel",
     "ID [CODE]",
     "end a session; it ends with CODE, 1223 if none is given",
     "Of a transmission, all its receivers end with 1223.",
     "cancel 1 1602",
     1,
     {a::session, a::number}},
    {verb::kick,
     "kick",
     "ID RECEIVER [fallback|abort]",
     "send one receiver of a transmission away",
     "It ends with 1226 after fallback, the default: it may get the object in another way; or with "
     "1236 after abort: it shall give up.",
     "kick 1 3 abort",
     2,
     {a::session, a::receiver, a::kick_mode}},
    {verb::pause,
     "pause",
     "ID",
     "stop a transmission; receivers stay and wait",
     "",
     "pause 1",
     1,
     {a::session}},
    {verb::resume,
     "resume",
     "ID",
     "let a paused transmission go on",
     "",
     "resume 1",
     1,
     {a::session}},
    {verb::rate,
     "rate",
     "ID BITS[k|M|G]|auto",
     "the rate of a transmission from now on",
     "A fixed rate ignores loss; auto follows the slowest receiver.",
     "rate 1 200M",
     2,
     {a::session, a::rate}},
    {verb::log,
     "log",
     "LEVEL [ACTOR]",
     "how much is logged, by all or by one kind of actor",
     "LEVEL is debug, info, warning, error or off.",
     "log debug send_session",
     1,
     {a::log_level, a::actor_name}},
    {verb::watch,
     "watch",
     "COMMAND [SECONDS]",
     "a command again and again, every 2 seconds",
     "",
     "watch sessions 1",
     1,
     {a::line},
     true},
    {verb::dump,
     "dump",
     "FILE",
     "everything as JSON, for a bug report",
     "FILE is written by `fleetcast console`, where it runs. No key is in it. Its schema is "
     "docs/schema/console-dump.schema.json.",
     "dump /tmp/fleetcast.json",
     0,
     {a::file},
     true},
    {verb::shutdown, "shutdown", "", "end the process as SIGTERM does", "", "shutdown", 0, {}},
    {verb::complete, "complete", "LINE", "", "", "", 0, {a::line}},
  };
  return commands;
}

bool is_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stopped == end;
}

/// Win32 codes have 32 bits, and 0 is success.
bool is_code(std::string_view text) {
  return is_number(text) && text.size() <= 10 && std::stoull(std::string{text}) != 0
         && std::stoull(std::string{text}) <= std::numeric_limits<std::uint32_t>::max();
}

bool fits(argument kind, std::string_view text) {
  switch (kind) {
    case a::session:
    case a::actor:
    case a::receiver:
      return is_number(text);
    case a::number:
      return is_code(text);
    case a::rate:
      return parse_rate(text).has_value();
    case a::kick_mode:
      return text == "fallback" || text == "abort";
    case a::log_level:
      return std::find(std::begin(log_levels), std::end(log_levels), text) != std::end(log_levels);
    case a::follow:
      return text == "-f";
    default:
      return true;
  }
}

std::string usage_of(const command_info& info) {
  std::string result = "write: " + std::string{info.name};
  if (!info.arguments.empty())
    result += " " + std::string{info.arguments};
  return result + ", for example: " + std::string{info.example};
}

std::string unknown(std::string_view name) {
  return "there is no command '" + std::string{name.substr(0, 40)}
         + "'; `help` shows what there is";
}

/// Arguments checked one by one; a last one of kind `line` takes the rest.
tl::expected<command, std::string> with_arguments(command result, const command_info& info,
                                                  std::string_view rest) {
  if (!info.takes.empty() && info.takes.front() == a::line) {
    result.arguments.emplace_back(rest);
    if (rest.empty() && info.required > 0)
      return tl::unexpected{usage_of(info)};
    return result;
  }
  const auto words = split_words(rest);
  if (words.size() < info.required || words.size() > info.takes.size())
    return tl::unexpected{usage_of(info)};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!fits(info.takes[i], words[i]))
      return tl::unexpected{"'" + std::string{words[i].substr(0, 40)} + "' makes no sense here; "
                            + usage_of(info)};
    if (info.takes[i] == a::follow)
      result.follow = true;
    result.arguments.emplace_back(words[i]);
  }
  return result;
}

} // namespace

std::span<const command_info> all_commands() {
  return table();
}

const command_info* find_command(std::string_view name) {
  const auto i = std::find_if(table().begin(), table().end(),
                              [&](const command_info& one) { return one.name == name; });
  return i == table().end() ? nullptr : &*i;
}

std::uint64_t command::number(std::size_t which) const {
  std::uint64_t result = 0;
  const auto& text = arguments.at(which);
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> result;
  while (true) {
    const auto first = line.find_first_not_of(' ');
    if (first == std::string_view::npos)
      return result;
    line.remove_prefix(first);
    const auto size = std::min(line.find(' '), line.size());
    result.push_back(line.substr(0, size));
    line.remove_prefix(size);
  }
}

tl::expected<command, std::string> parse_command(std::string_view line) {
  command result;
  const auto next_word = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto word = line.substr(0, std::min(line.find(' '), line.size()));
    line.remove_prefix(word.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return word;
  };
  auto word = next_word();
  if (word == "--json") {
    result.json = true;
    word = next_word();
  }
  const auto* info = find_command(word);
  if (info == nullptr)
    return tl::unexpected{unknown(word)};
  result.what = info->what;
  return with_arguments(std::move(result), *info, line);
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  if (text == "auto")
    return 0;
  if (text.empty() || text.size() > 20)
    return std::nullopt;
  double factor = 1;
  switch (text.back()) {
    case 'k':
    case 'K':
      factor = 1e3;
      break;
    case 'm':
    case 'M':
      factor = 1e6;
      break;
    case 'g':
    case 'G':
      factor = 1e9;
      break;
    default:
      break;
  }
  if (factor != 1)
    text.remove_suffix(1);
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (text.empty() || error != std::errc{} || stopped != end || !std::isfinite(value))
    return std::nullopt;
  value *= factor;
  if (value < static_cast<double>(min_rate) || value > static_cast<double>(max_rate))
    return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

} // namespace fleetcast::actors
