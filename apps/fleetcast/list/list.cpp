#include "apps/fleetcast/list/list.hpp"

#include "actors/receive/object_list.hpp"
#include "api/configuration.hpp"
#include "api/error_codes.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/say.hpp"
#include "apps/common/terminal.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/list/list_address.hpp"
#include "apps/fleetcast/list/list_report.hpp"
#include "apps/fleetcast/trust_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

namespace fleetcast::apps {

namespace {

using protocol::failure;
using protocol::failure_code;
using protocol::wire::listed;

/// Without --limit: what a list may take of this host's memory, some tens of megabytes.
constexpr std::size_t usual_limit = 100'000;
constexpr std::size_t highest_limit = 1'000'000;

/// TAB is pressed and waited for.
constexpr unsigned completion_seconds = 2;
constexpr std::size_t completion_limit = 1'000;

struct list_arguments {
  std::string address;
  trust_options trust;
  std::size_t limit = 0; ///< 0: not given
  bool all = false;
  bool json = false;
  bool complete = false;
};

constexpr const char* list_footer
  = R"(Without a namespace, the namespaces of the server are listed. Without a prefix,
what lies directly below the namespace. A PREFIX is a directory, up to its last
slash, and the beginning of the names in it: 2024/ lists that directory, 2024/de
what begins with "de" in it. A name with a slash at its end is a directory.

The server lists what it would send to this host, and nothing else. On a server
with lists of authorized clients (`serve --authorized`), --auth tells it who this
host is, as for `get`; `fleetcast identity` shows what it would learn. The
server's identity is checked, and pinned on first use, as for `get`.

Names that begin with a dot are left out, unless PREFIX asks for them or --all is
given. Characters that could mislead a terminal are shown as "?".

A list of more than 100000 names fails, unless --limit says how many will do;
then it is cut off there, which a line on standard error says.

Settings that are not given here come from FLEETCAST_… in the environment, then
from ~/.config/fleetcast/config.toml or /etc/fleetcast/config.toml.

--json prints one object a line, for each name: docs/json.md has a schema.

Examples:
  fleetcast list server
  fleetcast list server/images
  fleetcast list server.example:5040/images/2024/ --auth
  fleetcast list server/images/2024/debian --json
  fleetcast list server/images --json | jq -r 'select(.kind == "object").address'

Exit codes: 0 listed, even if there is nothing; 1 the server or the network
failed, or this host may not have what was asked for; 2 wrong usage; 3 a file of
this host: known_servers or identity cannot be read or written; 4 the server is
not the expected one.
)";

// -- asking -------------------------------------------------------------------------------------------

/// The error is what is wrong with the environment or the configuration file.
tl::expected<actors::list_question, std::string> question_of(const list_arguments& arguments,
                                                             const list_address& where) {
  auto settings
    = api::read_configuration(api::process_environment(), api::usual_configuration_files());
  if (!settings)
    return tl::unexpected{std::move(settings.error())};
  const auto first_of
    = [](const std::string& given, const std::string& set) { return given.empty() ? set : given; };
  actors::list_question result;
  result.server = where.host;
  result.port = where.port;
  result.fingerprint = first_of(arguments.trust.fingerprint, settings->fingerprint);
  result.known_servers = first_of(arguments.trust.known_servers, settings->known_servers);
  result.identity = settings->identity;
  result.authenticate = arguments.trust.authenticate;
  result.name_space = where.name_space;
  result.prefix = where.prefix;
  return result;
}

/// What was asked for, up to a number.
class collector {
public:
  collector(std::string begin, bool hidden, std::size_t limit)
    : begin_(std::move(begin)),
      hidden_(hidden || begin_.starts_with('.')),
      limit_(limit) {}

  /// False: there is more than the number.
  bool take(const protocol::wire::listing& page) {
    for (const auto& entry : page.entries) {
      if (!is_wanted(entry))
        continue;
      if (entries_.size() == limit_) {
        is_cut_off_ = true;
        return false;
      }
      entries_.push_back(entry);
    }
    return true;
  }

  bool is_cut_off() const noexcept { return is_cut_off_; }

  listed_entries sorted() && {
    std::sort(entries_.begin(), entries_.end(),
              [](const listed& a, const listed& b) { return a.name < b.name; });
    return std::move(entries_);
  }

private:
  /// The server looks at the beginning of names, too; but it is not to be believed.
  bool is_wanted(const listed& entry) const {
    return entry.name.starts_with(begin_) && (hidden_ || !entry.name.starts_with('.'));
  }

  std::string begin_;
  bool hidden_;
  std::size_t limit_;
  bool is_cut_off_ = false;
  listed_entries entries_;
};

// -- answering ----------------------------------------------------------------------------------------

int exit_code_for(const failure& reason) {
  switch (reason.code) {
    case failure_code::identity_changed:
      return exit_code::not_trusted;
    case failure_code::trust_store_fault:
      return exit_code::local_file;
    case failure_code::invalid_argument:
      return exit_code::usage;
    default:
      return exit_code::failure;
  }
}

int fail(DWORD error, const std::string& text, int code, bool json) {
  say(stderr, "fleetcast list: {} (error {}, {})\n", text, error, api::error_text(error));
  if (json)
    print_json({{"error", error_object(error, text)}});
  return code;
}

int fail(const failure& reason, bool json) {
  return fail(api::to_win32(reason), reason.text, exit_code_for(reason), json);
}

void show(const listed_entries& entries, const list_address& where, bool json) {
  if (json)
    for (const auto& entry : entries)
      print_json(to_json(entry, where));
  else if (!entries.empty())
    say(stdout, "{}", table_of(entries, columns_behind(stdout)));
  else
    say(stderr, "fleetcast list: there is nothing for this host in it\n");
}

int list(const list_arguments& arguments) {
  const auto where = parse_list_address(arguments.address);
  if (!where)
    return fail({failure_code::invalid_argument, 0, where.error()}, arguments.json);
  const auto question = question_of(arguments, *where);
  if (!question)
    return fail(ERROR_BAD_CONFIGURATION, question.error(), exit_code::failure, arguments.json);
  const auto limit = arguments.limit == 0 ? usual_limit : arguments.limit;
  collector found{where->name_space.empty() ? "" : where->begin(), arguments.all, limit};
  if (auto reason = actors::list_objects(
        *question, [&](const protocol::wire::listing& page) { return found.take(page); }))
    return fail(reason, arguments.json);
  const bool is_cut_off = found.is_cut_off();
  if (is_cut_off && arguments.limit == 0)
    return fail({failure_code::no_memory, 0,
                 fmt::format("there are more than {} names in {}: give a longer PREFIX, or --limit",
                             limit, arguments.address)},
                arguments.json);
  show(std::move(found).sorted(), *where, arguments.json);
  if (is_cut_off)
    say(stderr, "fleetcast list: there are more; these are {} of them, as --limit says\n", limit);
  return exit_code::success;
}

// -- completion ---------------------------------------------------------------------------------------

/// Whatever hangs, be it a name server: the shell gets its line back.
void end_soon() {
  std::signal(SIGALRM, [](int) { ::_exit(exit_code::success); });
  ::alarm(completion_seconds);
}

/// A word that ends in its namespace asks for namespaces that begin so.
list_address as_typed(list_address where, const std::string& typed) {
  if (std::count(typed.begin(), typed.end(), '/') < 2)
    where.name_space.clear();
  return where;
}

/// What the word can become, a line each; without a word of anything that goes wrong.
int complete(const list_arguments& arguments) {
  end_soon();
  const auto parsed = parse_list_address(arguments.address);
  if (!parsed)
    return exit_code::success;
  const auto where = as_typed(*parsed, arguments.address);
  auto question = question_of(arguments, where);
  if (!question)
    return exit_code::success;
  question->only_known = true;
  collector found{where.name_space.empty() ? parsed->name_space : where.begin(), arguments.all,
                  completion_limit};
  (void)actors::list_objects(*question,
                             [&](const protocol::wire::listing& page) { return found.take(page); });
  for (const auto& entry : std::move(found).sorted())
    if (const auto word = completion_of(entry, where); !word.empty())
      say(stdout, "{}\n", word);
  return exit_code::success;
}

} // namespace

void register_list(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<list_arguments>();
  auto* command = program.add_subcommand("list", "List what a server offers to this host");
  command->footer(list_footer);
  command
    ->add_option("address", arguments->address,
                 "SERVER[:PORT][/NAMESPACE[/PREFIX]]: what to list; port 5040 unless given")
    ->required()
    ->type_name("SERVER[/NAMESPACE[/PREFIX]]");
  add_trust_options(*command, arguments->trust);
  command->add_flag("--all", arguments->all, "Names that begin with a dot, too");
  command
    ->add_option("--limit", arguments->limit,
                 "Stop after this many names, in the order the server sends them")
    ->check(CLI::Range(std::size_t{1}, highest_limit))
    ->type_name("COUNT");
  command->add_flag("--json", arguments->json, "Print one object a line, for programs");
  // For the shells: the words that ADDRESS can become.
  command->add_flag("--complete", arguments->complete)->group("");
  command->callback([arguments, &selected] {
    selected
      = [arguments] { return arguments->complete ? complete(*arguments) : list(*arguments); };
  });
}

} // namespace fleetcast::apps
