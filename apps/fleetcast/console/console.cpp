#include "apps/fleetcast/console/console.hpp"

#include "actors/console/command.hpp"
#include "actors/trust/private_files.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/say.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/console/console_choice.hpp"
#include "apps/fleetcast/console/console_client.hpp"
#include "apps/fleetcast/console/line_editor.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/failure_object.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

using actors::frame;
using actors::frame_kind;
using protocol::failure;
using protocol::failure_code;
using std::chrono::milliseconds;

constexpr milliseconds default_watch{2000};

struct console_arguments {
  std::string target;
  std::string command;
  bool json = false;
  bool list = false;
};

constexpr const char* console_footer
  = R"(Without -c commands are read from a terminal, with line editing, history and
completion (TAB), or line by line from a pipe. `help` shows all commands;
docs/console.md explains them, with a guide for when something is wrong.

Which process: by its pid, or by its socket. Without either: the only server,
else the only agent, else the only process that has a console.

Sockets are in /run/fleetcast (root's), /run/user/UID/fleetcast, or
/tmp/fleetcast-UID where there is neither. If XDG_RUNTIME_DIR names another
directory, they are in its subdirectory fleetcast, and nowhere else. Only the
user who runs the process, and root, can connect.

Examples:
  fleetcast console
  fleetcast console 4711 -c sessions
  fleetcast console -c 'kick 1 3 abort'
  fleetcast console -c 'counters drop' --json
  fleetcast console -c 'dump /tmp/fleetcast.json'
  ssh server fleetcast console -c "'events -f'"

Exit codes: 0 done; 1 it could not be done: no such session, no answer, no
process; 2 wrong usage; 3 the file of `dump` cannot be written; 130 interrupted.
)";

volatile std::sig_atomic_t interrupted = 0;

/// Ctrl-C ends what runs, not the console. Where it is ignored, in a script's background, it stays so.
class interruptible {
public:
  interruptible() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    ::sigaction(SIGINT, nullptr, &before_);
    if (before_.sa_handler != SIG_IGN)
      ::sigaction(SIGINT, &action, nullptr);
  }
  ~interruptible() { ::sigaction(SIGINT, &before_, nullptr); }

  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;

private:
  struct sigaction before_ {};
};

int code_of(frame_kind kind) {
  switch (kind) {
    case frame_kind::failed:
      return exit_code::failure;
    case frame_kind::usage:
      return exit_code::usage;
    default:
      return exit_code::success;
  }
}

/// With --json, programs hear of it on standard output.
int show_refusal(bool json, const failure& reason, int code) {
  if (json)
    print_json({{"error", error_object(reason)}});
  return complain("console", reason, code);
}

int misused(bool json, const std::string& why) {
  if (json)
    print_json({{"error", error_object({failure_code::invalid_argument, 0, why})}});
  say(stderr, "{}\n", why);
  return exit_code::usage;
}

/// An answer of the process, on both streams.
int show_error(const nlohmann::json& document, int code) {
  print_json(document);
  say(stderr, "{}\n",
      document.value(nlohmann::json::json_pointer{"/error/text"}, std::string{"no word why"}));
  return code;
}

/// {"error": …}: as the process says it, or of the plain sentence with which it refuses a line or a connection.
nlohmann::json error_document(const frame& answer) {
  auto document = nlohmann::json::parse(answer.text, nullptr, false);
  if (document.is_object())
    return document;
  const auto code = answer.kind == frame_kind::usage ? failure_code::invalid_argument
                                                     : failure_code::access_denied;
  auto sentence = answer.text.substr(0, answer.text.find_last_not_of('\n') + 1);
  return {{"error", error_object({code, 0, std::move(sentence)})}};
}

/// One connection and what a person or a script does with it.
class console_session {
public:
  console_session(console_client client, bool json) : client_(std::move(client)), json_(json) {}

  /// Runs one command, with what the client does by itself; an exit code.
  int run(const std::string& line);

  /// False: the other end is gone.
  bool is_alive() const noexcept { return is_alive_; }

  std::vector<std::string> words_for(const std::string& line);

private:
  int show(const frame& answer) const;
  int ask_and_show(const std::string& line);
  int follow();
  int watch(std::string line);
  int dump(const std::string& file);
  int lost(const failure& reason);
  std::string wired(const std::string& line) const { return json_ ? "--json " + line : line; }

  console_client client_;
  bool json_;
  bool is_alive_ = true;
};

int console_session::lost(const failure& reason) {
  is_alive_ = false;
  return show_refusal(json_, reason, exit_code::failure);
}

int console_session::show(const frame& answer) const {
  if (json_ && code_of(answer.kind) != exit_code::success)
    return show_error(error_document(answer), code_of(answer.kind));
  auto* to = code_of(answer.kind) == exit_code::success ? stdout : stderr;
  std::fwrite(answer.text.data(), 1, answer.text.size(), to);
  std::fflush(to);
  return code_of(answer.kind);
}

int console_session::ask_and_show(const std::string& line) {
  const auto answer = client_.ask(wired(line));
  return answer ? show(*answer) : lost(answer.error());
}

int console_session::run(const std::string& line) {
  const auto words = actors::split_words(line);
  if (words.empty())
    return exit_code::success;
  const auto parsed = actors::parse_command(line);
  if (!parsed)
    return misused(json_, parsed.error());
  switch (parsed->what) {
    case actors::verb::watch:
      return watch(parsed->arguments.at(0));
    case actors::verb::dump:
      return dump(parsed->arguments.empty() ? "" : parsed->arguments[0]);
    default:
      break;
  }
  const auto code = ask_and_show(line);
  return code == exit_code::success && parsed->follow ? follow() : code;
}

int console_session::follow() {
  while (interrupted == 0) {
    const auto got = client_.next(milliseconds{1000});
    if (!got)
      return lost(got.error());
    if (*got)
      show(**got);
  }
  return exit_code::signal_base + SIGINT;
}

int console_session::watch(std::string line) {
  auto pause = default_watch;
  if (const auto space = line.rfind(' '); space != std::string::npos) {
    double seconds = 0;
    const auto* end = line.data() + line.size();
    const auto [stopped, error] = std::from_chars(line.data() + space + 1, end, seconds);
    const auto rest = line.substr(0, space);
    // `watch session 1` watches session 1; `watch session 1 5` does so every 5 s.
    const auto is_whole = actors::parse_command(rest).has_value();
    if (error == std::errc{} && stopped == end && seconds >= 0.1 && seconds <= 3600 && is_whole
        && !actors::parse_command(line)) {
      pause = milliseconds{static_cast<std::int64_t>(seconds * 1000)};
      line = rest;
    }
  }
  if (const auto inner = actors::parse_command(line);
      !inner || inner->follow || actors::find_command(actors::split_words(line)[0])->at_client)
    return misused(json_, inner ? "watch repeats commands that show something" : inner.error());
  const auto on_screen = ::isatty(STDOUT_FILENO) != 0;
  while (interrupted == 0) {
    if (on_screen)
      fmt::print("\x1b[H\x1b[2J");
    if (const auto code = ask_and_show(line); code != exit_code::success)
      return code;
    if (!on_screen && !json_)
      fmt::print("\n");
    std::fflush(stdout);
    // Nothing comes meanwhile but the other end's farewell.
    if (const auto got = client_.next(pause); !got)
      return lost(got.error());
  }
  return exit_code::signal_base + SIGINT;
}

int console_session::dump(const std::string& file) {
  const auto answer = client_.ask("--json dump");
  if (!answer)
    return lost(answer.error());
  if (answer->kind != frame_kind::ok)
    return show(*answer);
  const auto text = nlohmann::ordered_json::parse(answer->text)
                      .dump(2, ' ', true, nlohmann::json::error_handler_t::replace)
                    + "\n";
  if (file.empty())
    return show({frame_kind::ok, text});
  const actors::io::file_descriptor out{
    ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  const auto error = out ? actors::io::write_all(out.get(), text) : errno;
  if (error != 0)
    return show_refusal(json_,
                        {failure_code::write_fault, static_cast<std::uint32_t>(error),
                         "could not write " + file + ": " + std::generic_category().message(error)},
                        exit_code::local_file);
  const auto done = fmt::format("{} bytes written to {}", text.size(), file);
  if (json_)
    print_json({{"done", done}});
  else
    fmt::print("{}\n", done);
  return exit_code::success;
}

std::vector<std::string> console_session::words_for(const std::string& line) {
  std::vector<std::string> result;
  const auto answer = client_.ask("complete " + line);
  if (!answer || answer->kind != frame_kind::ok)
    return result;
  std::istringstream in{answer->text};
  for (std::string word; std::getline(in, word);)
    result.push_back(word);
  return result;
}

bool is_farewell(const std::string& line) {
  const auto words = actors::split_words(line);
  return words.size() == 1 && (words[0] == "quit" || words[0] == "exit");
}

int talk(console_session& session, const std::string& name) {
  line_editor editor{name + "> ",
                     actors::io::user_directory("XDG_STATE_HOME", ".local/state") / "fleetcast"
                       / "console_history",
                     [&session](const std::string& line) { return session.words_for(line); }};
  while (session.is_alive()) {
    const auto line = editor.read();
    if (!line || is_farewell(*line))
      return exit_code::success;
    const interruptible guard;
    session.run(*line);
  }
  return exit_code::failure;
}

/// The first that goes wrong ends it, as `set -e` would: what follows may build on it.
int read_commands(console_session& session) {
  for (std::string line; std::getline(std::cin, line) && !is_farewell(line);)
    if (const auto code = session.run(line); code != exit_code::success)
      return code;
  return exit_code::success;
}

int console(const console_arguments& arguments) {
  if (arguments.list) {
    print_consoles(arguments.json);
    return exit_code::success;
  }
  const auto socket = choose_console(arguments.target);
  if (!socket)
    return show_refusal(arguments.json, socket.error(), exit_code::failure);
  auto client = console_client::connect(*socket);
  if (!client)
    return show_refusal(arguments.json, client.error(), exit_code::failure);
  console_session session{std::move(*client), arguments.json};
  if (!arguments.command.empty())
    return session.run(arguments.command);
  if (::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0)
    return talk(session, socket->stem().string());
  return read_commands(session);
}

} // namespace

void register_console(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<console_arguments>();
  auto* command = program.add_subcommand("console", "Look into a running process, and steer it");
  command->footer(console_footer);
  command->add_option("process", arguments->target, "Which one, when there are several")
    ->type_name("PID|SOCKET");
  command->add_option("--command,-c", arguments->command, "Run one command and end")
    ->type_name("COMMAND");
  command->add_flag("--json", arguments->json, "Answers as JSON, one line each");
  command->add_flag("--list,-l", arguments->list, "Show the processes that have a console")
    ->excludes("--command");
  command->callback(
    [arguments, &selected] { selected = [arguments] { return console(*arguments); }; });
}

} // namespace fleetcast::apps
