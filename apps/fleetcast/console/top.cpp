#include "apps/fleetcast/console/top.hpp"

#include "actors/console/rendering.hpp"
#include "apps/common/terminal.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/console/console_choice.hpp"
#include "apps/fleetcast/console/console_client.hpp"
#include "apps/fleetcast/console/screen.hpp"
#include "apps/fleetcast/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>

namespace fleetcast::apps {

namespace {

using actors::report::json;
using protocol::failure;
using std::chrono::milliseconds;

/// Begins a heading; nothing a host may be called does.
constexpr char heading = '\x01';

/// Receivers of one transmission: those furthest behind, which are the ones to look at.
constexpr std::size_t most_receivers = 20;

struct top_arguments {
  std::string target;
  double interval = 1;
  unsigned count = 0;
};

constexpr const char* top_footer
  = R"(Each session with its rate and what limits it, and of each transmission the
receivers that are furthest behind. q ends it.

Without a terminal, or on one that cannot move its cursor (TERM=dumb), the same
comes as text: once, or as often as --count says.

Examples:
  fleetcast top
  fleetcast top 4711 --interval 5
  fleetcast top --count 10 > top.txt

Exit codes: 0 done, 1 no such process or it is gone, 2 wrong usage.
)";

tl::expected<json, failure> ask(console_client& client, const std::string& line) {
  auto answer = client.ask("--json " + line);
  if (!answer)
    return tl::unexpected{std::move(answer.error())};
  auto document = json::parse(answer->text, nullptr, false);
  if (answer->kind != actors::frame_kind::ok || document.is_discarded())
    return json::object(); // a session that has just ended
  return document;
}

void add_lines(std::vector<std::string>& to, const std::string& table) {
  std::istringstream in{table};
  auto is_first = true;
  for (std::string line; std::getline(in, line); is_first = false)
    to.push_back(is_first ? heading + line : line);
}

/// Lines of at most `columns` columns.
tl::expected<std::vector<std::string>, failure> look(console_client& client,
                                                     const std::string& name, std::size_t columns) {
  const auto sessions = ask(client, "sessions");
  if (!sessions)
    return tl::unexpected{sessions.error()};
  std::vector<std::string> lines{name, ""};
  if (!sessions->contains("sessions"))
    return lines;
  actors::command what;
  what.what = actors::verb::sessions;
  add_lines(lines, actors::render(what, *sessions, columns));
  for (const auto& session : (*sessions)["sessions"]) {
    if (session["direction"] != "send" || session["session"].is_null())
      continue;
    const auto id = session["session"].dump();
    auto receivers = ask(client, "receivers " + id);
    if (!receivers)
      return tl::unexpected{receivers.error()};
    if (!receivers->contains("receivers"))
      continue;
    auto& rows = (*receivers)["receivers"];
    const auto count = rows.size();
    if (count > most_receivers)
      rows.erase(rows.begin() + most_receivers, rows.end());
    what.what = actors::verb::receivers;
    lines.insert(lines.end(),
                 {"", fmt::format("session {}: {} receivers{}", id, count,
                                  count > most_receivers ? ", those furthest behind" : "")});
    add_lines(lines, actors::render(what, *receivers, columns));
  }
  return lines;
}

int as_text(console_client& client, const std::string& name, const top_arguments& arguments) {
  const auto pause = static_cast<int>(arguments.interval * 1000);
  for (unsigned i = 0; i < std::max(arguments.count, 1U); ++i) {
    if (i > 0)
      ::poll(nullptr, 0, pause);
    const auto lines = look(client, name, columns_behind(stdout));
    if (!lines)
      return complain("top", lines.error());
    for (const auto& line : *lines)
      fmt::print("{}\n", !line.empty() && line.front() == heading ? line.substr(1) : line);
    std::fflush(stdout);
  }
  return exit_code::success;
}

int on_screen(console_client& client, const std::string& name, const top_arguments& arguments) {
  const milliseconds pause{static_cast<std::int64_t>(arguments.interval * 1000)};
  std::optional<failure> end;
  {
    screen terminal;
    for (unsigned i = 0; arguments.count == 0 || i < arguments.count; ++i) {
      const auto lines = look(client, name + "   (q: quit)", terminal.width());
      if (!lines) {
        end = lines.error();
        break;
      }
      terminal.show(*lines, heading);
      if (terminal.key(pause) == 'q')
        break;
    }
  }
  return end ? complain("top", *end) : exit_code::success;
}

int top(const top_arguments& arguments) {
  const auto socket = choose_console(arguments.target);
  if (!socket)
    return complain("top", socket.error());
  auto client = console_client::connect(*socket);
  if (!client)
    return complain("top", client.error());
  const auto name = socket->stem().string();
  return screen::is_possible() ? on_screen(*client, name, arguments)
                               : as_text(*client, name, arguments);
}

} // namespace

void register_top(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<top_arguments>();
  auto* command = program.add_subcommand("top", "Watch the sessions and receivers of a process");
  command->footer(top_footer);
  command->add_option("process", arguments->target, "Which one, when there are several")
    ->type_name("PID|SOCKET");
  command->add_option("--interval,-i", arguments->interval, "Seconds between two looks")
    ->check(CLI::Range(0.1, 3600.0))
    ->capture_default_str()
    ->type_name("SECONDS");
  command
    ->add_option("--count,-n", arguments->count,
                 "Looks until it ends; without it, until q, or one without a terminal")
    ->type_name("N");
  command->callback([arguments, &selected] { selected = [arguments] { return top(*arguments); }; });
}

} // namespace fleetcast::apps
