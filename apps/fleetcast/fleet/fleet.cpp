#include "apps/fleetcast/fleet/fleet.hpp"

#include "actors/fleet/host_list.hpp"
#include "actors/messages/control_port.hpp"
#include "actors/trust/renewal.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/object_address.hpp"
#include "apps/common/say.hpp"
#include "apps/common/terminal.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/failure_object.hpp"
#include "apps/fleetcast/fleet/fleet_cert.hpp"
#include "apps/fleetcast/fleet/fleet_job.hpp"
#include "apps/fleetcast/fleet/fleet_options.hpp"
#include "apps/fleetcast/fleet/fleet_report.hpp"
#include "apps/fleetcast/fleet/job_record.hpp"
#include "protocol/utc_text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

namespace fleetcast::apps {

namespace {

namespace fleet = actors::fleet;

using task = fleet::fleet_plan::task;

/// Status and cancel ask once: a host that does not answer by then is reported as such.
constexpr std::chrono::seconds short_patience{6};

struct job_arguments {
  std::string address;
  std::string destination;
  std::string job;
  std::string start = "now";
  std::string activate = "each";
  std::string on_fail = "continue";
  unsigned timeout = 0;
  unsigned patience = 15;
  std::string interface;
  std::string fingerprint;
  bool authenticate = false;
  fleet_options fleet;
};

constexpr const char* fleet_get_footer
  = R"(DEST is a file or directory below what each agent allows (--allow-dir there);
{host} in it stands for the host's name. HOSTS: names or addresses, a line or a
comma apart; ranges node[001-128]; groups by lines like [rack1]; # begins a
comment; :PORT where an agent has another one than 5045.

Nobody waits for a dead host. It is tried again for as long as others are busy,
and joins the running transmission when it comes. When the others are done, a
host that has been out of contact for --patience seconds is given up and named.
--start quorum:N begins when N agents are in contact, window:SECS after that
time; later hosts join.

--activate together: every host stores and verifies its copy under a hidden
name, then all take the name at once. With --on-fail abort one host that fails
before that keeps all from it, and ends the job.

The job has an id and goes on without this command: what ends it (Ctrl-C, kill)
does not end the job. `fleetcast fleet get --job ID` finds it again; status,
retry and cancel take the id, too, and `fleetcast fleet jobs` lists all. An id
names one request: with another object, destination or set of hosts, or once the
job is over, it is refused.

--json prints one object a line on standard output: "event" is "job", "host",
"progress", at last "report" for each host and "completed" or "failed";
docs/json.md has a schema.

Examples:
  fleetcast fleet get server/images/debian.img debian.img --hosts hosts.txt
  fleetcast fleet get server/lab/a.img '{host}/' --hosts 'node[01-16]' --activate together
  fleetcast fleet get server/lab/a.img a.img -H racks.txt --group rack1 --start quorum:10
  dig +short nodes.example | fleetcast fleet get server/lab/a.img a.img -H -
  fleetcast fleet get server/lab/a.img a.img -H racks.txt --fingerprint SHA256:…
  fleetcast fleet get --job 20260101-120000-1a2b3c

Exit codes: 0 every host has the whole object; 1 not every one; 2 wrong usage; 3
a file of this host; 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM, while the
job goes on.
)";

constexpr const char* status_footer = R"(Asks every agent of the job for the truth, once.

Examples:
  fleetcast fleet status --job 20260101-120000-1a2b3c
  fleetcast fleet status --job 20260101-120000-1a2b3c --hosts 'node[1-4]' --json

Exit codes: 0 every host has the whole object; 1 not every one, or not yet; 2
wrong usage; 3 a file of this host.
)";

constexpr const char* cancel_footer
  = R"(Ends the job at every agent; what is stored under its name already stays.

Example:
  fleetcast fleet cancel --job 20260101-120000-1a2b3c

Exit codes: 0 no agent works on it any more; 1 some could not be asked; 2 wrong
usage; 3 a file of this host.
)";

constexpr const char* retry_footer
  = R"(Starts the job again where it failed or was cancelled, and nowhere else, and
sees it through.

Example:
  fleetcast fleet retry --job 20260101-120000-1a2b3c

Exit codes: as `fleetcast fleet get`.
)";

constexpr const char* jobs_footer
  = R"(A job is `open` until a command has waited for its end. `fleetcast fleet status
--job ID` asks its hosts how it stands.

Examples:
  fleetcast fleet jobs
  fleetcast fleet jobs --json | jq -r 'select(.state == "failed").job'

Exit codes: 0.
)";

/// Or what keeps a command from beginning.
template <class T>
using checked = tl::expected<T, protocol::failure>;

using protocol::failure_code;

tl::unexpected<protocol::failure> refuse(std::string why,
                                         failure_code code = failure_code::invalid_argument) {
  return tl::unexpected{protocol::failure{code, 0, std::move(why)}};
}

checked<fleet::start_policy> parse_start(const std::string& text, std::size_t hosts) {
  fleet::start_policy result;
  if (text == "now")
    return result;
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  const auto number = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool is_number = error == std::errc{} && end == number.data() + number.size();
  if (kind == "quorum" && is_number && value >= 1 && value <= hosts) {
    result.when = fleet::start_policy::kind::quorum;
    result.quorum = value;
    return result;
  }
  if (kind == "window" && is_number && value <= 86400) {
    result.when = fleet::start_policy::kind::window;
    result.window = std::chrono::seconds{value};
    return result;
  }
  return refuse("--start " + text + " is not now, quorum:N with N from 1 to the number of hosts ("
                + std::to_string(hosts) + "), or window:SECS with a day at most");
}

/// What the command line says of the job; fields that it does not say stay as they are.
checked<void> apply(const job_arguments& arguments, job_record& record) {
  auto& request = record.request;
  if (!arguments.address.empty()) {
    const auto address = parse_object_address(arguments.address);
    if (!address)
      return refuse(address.error());
    const auto server = fleet::parse_hosts(address->server, actors::default_control_port);
    if (!server || server->size() != 1)
      return refuse("'" + address->server + "' is not a server address (HOST[:PORT])");
    request.server = server->front().name;
    request.port = server->front().port;
    request.name_space = address->name_space;
    request.object = address->object;
    request.destination = arguments.destination;
    request.interface = arguments.interface;
    request.fingerprint = arguments.fingerprint;
    request.authenticate = arguments.authenticate;
    request.together = arguments.activate == "together";
    record.abort_on_failure = arguments.on_fail == "abort";
  }
  if (!arguments.fleet.hosts.empty()) {
    auto hosts = read_hosts(arguments.fleet);
    if (!hosts)
      return refuse(std::move(hosts.error()));
    record.hosts = std::move(*hosts);
  }
  return {};
}

std::string count_of_hosts(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " host" : " hosts");
}

/// An id names one request, once: else a line in a crontab would report what an earlier run did.
checked<void> check_unused(const std::string& id, const job_record& known,
                           const job_record& asked) {
  if (const auto what = difference(known, asked); !what.empty())
    return refuse("job " + id + " is another job: it differs in " + what
                  + ". Choose another id, or leave --job out");
  if (const auto end = load_end(id, default_job_directory()))
    return refuse(fmt::format(
      "job {0} is over: it {1} at {2:%Y-%m-%d %H:%M:%S}. Choose another id for another run, or "
      "leave --job out; `fleetcast fleet status --job {0}` shows how it stands{3}",
      id, end->succeeded ? "succeeded" : "failed", fmt::localtime(end->at),
      end->succeeded ? ""
                     : ", `fleetcast fleet retry --job " + id + "` tries again where it failed"));
  return {};
}

checked<job_record> record_of(const job_arguments& arguments, task what) {
  job_record record;
  const auto& id = arguments.job;
  if (!id.empty()) {
    if (!fleet::is_job_id(id))
      return refuse("--job " + id + " is no id of a job");
    auto loaded = load_job(id, default_job_directory());
    if (!loaded && arguments.fleet.hosts.empty())
      return refuse(loaded.error(), failure_code::read_fault);
    if (loaded && *loaded)
      record = std::move(**loaded);
    else if (arguments.fleet.hosts.empty())
      return refuse("there is no record of job " + id
                    + " on this host; name the job's hosts with --hosts");
  }
  const bool is_new = record.request.job.empty();
  const auto known = record;
  if (auto applied = apply(arguments, record); !applied)
    return tl::unexpected{std::move(applied.error())};
  if (what == task::run && !is_new)
    if (auto used = check_unused(id, known, record); !used)
      return tl::unexpected{std::move(used.error())};
  if (what == task::run && record.request.server.empty())
    return refuse(
      "nothing to get: give SERVER/NAMESPACE/OBJECT DEST, or --job ID of a job begun on this "
      "host; see fleetcast fleet get --help");
  if (record.hosts.empty())
    return refuse("for which hosts? Name them with --hosts FILE, --hosts LIST or --hosts -");
  record.request.job = id.empty() ? make_job_id() : id;
  if (what == task::run) {
    auto probe = record.request;
    probe.host = "any";
    if (const auto wrong = check(probe))
      return refuse(wrong.text);
    if (is_new)
      if (auto saved = save(record, default_job_directory()); !saved)
        return refuse(saved.error(), failure_code::write_fault);
  }
  return record;
}

checked<fleet::fleet_plan> plan_of(const job_arguments& arguments, task what) {
  auto record = record_of(arguments, what);
  if (!record)
    return tl::unexpected{std::move(record.error())};
  fleet::fleet_plan plan;
  plan.what = what;
  auto start = parse_start(arguments.start, record->hosts.size());
  if (!start)
    return tl::unexpected{std::move(start.error())};
  plan.start = *start;
  plan.request = std::move(record->request);
  plan.hosts = std::move(record->hosts);
  plan.abort_on_failure = record->abort_on_failure;
  plan.timeout = std::chrono::seconds{arguments.timeout};
  plan.patience = what == task::run || what == task::retry
                    ? std::chrono::seconds{arguments.patience}
                    : short_patience;
  return plan;
}

/// Without certificates there is nothing to renew.
void warn_of_expiry(const fleet::link_context& context) {
  if (!context)
    return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto due
    = fleet::renewal_due(fleet::expiry_of(context), now, fleet::link_role::coordinator);
  if (!due.empty())
    say(stderr, "fleetcast fleet: warning: {}\n", due);
}

/// Gives the exit code.
int conclude(const fleet_end& end, task what, bool json) {
  const auto& view = end.view;
  // Asking went well for hosts that answered; what counts is what they said.
  const auto ok = [&](const fleet::host_view& host) {
    return host.succeeded
           && (what != task::watch || fleet::phase_of(host.report.phase) == fleet::job_phase::done);
  };
  const bool all = std::all_of(view.hosts.begin(), view.hosts.end(), ok) && !digests_differ(view);
  if (json) {
    for (const auto& host : view.hosts)
      print_event("report", to_json(host));
    auto summary = to_json(view);
    if (end.signal != 0)
      summary["signal"] = end.signal;
    print_event(all ? "completed" : "failed", std::move(summary));
  } else {
    say(stdout, "{}", format_report(view, what == task::watch, columns_behind(stdout)));
  }
  if (end.signal != 0) {
    say(stderr,
        "fleetcast fleet: interrupted; job {} goes on without this command. To see it again: "
        "fleetcast fleet get --job {}. To end it: fleetcast fleet cancel --job {}\n",
        view.job, view.job, view.job);
    return exit_code::signal_base + end.signal;
  }
  if (what == task::run || what == task::retry) {
    if (const auto noted = note_end(view.job, {all, std::time(nullptr)}, default_job_directory());
        !noted)
      complain("fleet", noted.error());
    if (!all && !json)
      say(stderr,
          "fleetcast fleet: not every host has it; `fleetcast fleet retry --job {}` tries "
          "again where it failed\n",
          view.job);
  }
  return all ? exit_code::success : exit_code::failure;
}

/// The command could not even begin.
int not_begun(const protocol::failure& reason, int exit, bool json) {
  if (json)
    print_event("failed", {{"exit", exit}, {"error", error_object(reason)}});
  return complain("fleet", reason, exit);
}

int run(const job_arguments& arguments, task what) {
  const auto json = arguments.fleet.json;
  const auto context = coordinator_credentials(arguments.fleet);
  if (!context)
    return not_begun(context.error(), exit_code::local_file, json);
  auto plan = plan_of(arguments, what);
  if (!plan)
    return not_begun(plan.error(),
                     plan.error().code == failure_code::invalid_argument ? exit_code::usage
                                                                         : exit_code::local_file,
                     json);
  warn_of_expiry(*context);
  const bool live = what == task::run || what == task::retry;
  if (live && json)
    print_event("job", {{"job", plan->request.job}, {"hosts", plan->hosts.size()}});
  else if (live)
    say(stderr, "job {}\n", plan->request.job);
  const auto end = run_fleet(std::move(*plan), *context, {json, live});
  if (!end)
    return not_begun(end.error(), exit_code::failure, json);
  return conclude(*end, what, json);
}

std::string standing_of(const known_job& job) {
  return !job.end ? "open" : job.end->succeeded ? "succeeded" : "failed";
}

int list_jobs(bool json) {
  const auto jobs = load_jobs(default_job_directory());
  if (!json && jobs.empty())
    say(stderr, "fleetcast fleet jobs: this host has no record of a job in {}\n",
        default_job_directory().string());
  for (const auto& job : jobs) {
    const auto& r = job.record.request;
    const auto address = fmt::format("{}/{}/{}", r.server, r.name_space, r.object);
    const auto begun
      = protocol::utc_text(std::chrono::sys_seconds{std::chrono::seconds{job.begun}});
    if (json)
      print_event("job", {{"job", r.job},
                          {"begun", begun},
                          {"state", standing_of(job)},
                          {"hosts", job.record.hosts.size()},
                          {"address", address},
                          {"destination", r.destination}});
    else
      say(stdout, "{}  {}  {}, {}: {} to {}\n", r.job, begun, standing_of(job),
          count_of_hosts(job.record.hosts.size()), address, r.destination);
  }
  return exit_code::success;
}

void add_patience(CLI::App& command, job_arguments& arguments) {
  command
    .add_option("--patience", arguments.patience,
                "Give a host up that is out of contact for so long when all others are through")
    ->check(CLI::Range(5U, 86400U)) // one attempt to reach a host takes four seconds
    ->capture_default_str()
    ->type_name("SECS");
  command
    .add_option("--timeout", arguments.timeout,
                "Cancel what is not done after so long (default: no limit)")
    ->check(CLI::Range(1U, 604800U))
    ->type_name("SECS");
}

std::shared_ptr<job_arguments> add_command(CLI::App& group, std::function<int()>& selected,
                                           CLI::App*& command, const char* name, const char* what,
                                           const char* footer, task which) {
  auto arguments = std::make_shared<job_arguments>();
  command = group.add_subcommand(name, what);
  command->footer(footer);
  add_fleet_options(*command, arguments->fleet);
  command->callback([arguments, which, &selected] {
    selected = [arguments, which] { return run(*arguments, which); };
  });
  return arguments;
}

void register_get_on_fleet(CLI::App& group, std::function<int()>& selected) {
  CLI::App* command = nullptr;
  auto arguments = add_command(group, selected, command, "get", "Bring one object to many hosts",
                               fleet_get_footer, task::run);
  auto* address = command
                    ->add_option("ADDRESS", arguments->address,
                                 "What to get, as agents reach it: SERVER[:PORT]/NAMESPACE/OBJECT")
                    ->type_name("");
  auto* destination
    = command->add_option("DEST", arguments->destination, "Where each host stores it")
        ->type_name("");
  address->needs(destination);
  command
    ->add_option("--start,-s", arguments->start,
                 "When receivers begin: now, quorum:N or window:SECS; later ones join")
    ->capture_default_str()
    ->type_name("POLICY");
  command
    ->add_option("--activate,-a", arguments->activate,
                 "Each copy takes its name when it is whole, or all together")
    ->check(CLI::IsMember({"each", "together"}))
    ->capture_default_str();
  command
    ->add_option("--on-fail", arguments->on_fail,
                 "When a host fails: go on with the others, or cancel all")
    ->check(CLI::IsMember({"continue", "abort"}))
    ->capture_default_str();
  command->add_option("--job,-j", arguments->job, "Find a job again by its id, or choose one")
    ->type_name("ID");
  command
    ->add_option("--interface,-i", arguments->interface,
                 "On each host: receive on this interface instead of the one that leads to the "
                 "server")
    ->type_name("IFACE");
  command
    ->add_option(
      "--fingerprint", arguments->fingerprint,
      "SHA256:… that the server must have; each host pins it in place of another one. Without "
      "it each host pins what it meets on first use")
    ->type_name("SHA256:…");
  command->add_flag("--auth", arguments->authenticate,
                    "Each host tells the server who it is, if it asks");
  add_patience(*command, *arguments);
}

void register_on_job(CLI::App& group, std::function<int()>& selected, const char* name,
                     const char* what, const char* footer, task which) {
  CLI::App* command = nullptr;
  auto arguments = add_command(group, selected, command, name, what, footer, which);
  command->add_option("--job,-j", arguments->job, "Which job: its id")->required()->type_name("ID");
  if (which == task::retry)
    add_patience(*command, *arguments);
}

void register_jobs(CLI::App& group, std::function<int()>& selected) {
  auto* command = group.add_subcommand("jobs", "List the jobs that this host has begun");
  command->footer(jobs_footer);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print one object a line, for programs");
  command->callback([json, &selected] { selected = [json] { return list_jobs(*json); }; });
}

} // namespace

void register_fleet(CLI::App& program, std::function<int()>& selected) {
  auto* group
    = program.add_subcommand("fleet", "Command many hosts, each with a `fleetcast agent`");
  group->require_subcommand(1);
  group->footer("Examples:\n"
                "  fleetcast fleet cert init\n"
                "  fleetcast fleet cert host node1\n"
                "  fleetcast fleet get server/images/debian.img debian.img --hosts node1,node2\n"
                "  fleetcast fleet status --job 20260101-120000-1a2b3c\n\n"
                "'fleetcast fleet COMMAND --help' tells more, with examples.");
  register_fleet_cert(*group, selected);
  register_jobs(*group, selected);
  register_get_on_fleet(*group, selected);
  register_on_job(*group, selected, "status", "Ask every host for the state of a job",
                  status_footer, task::watch);
  register_on_job(*group, selected, "cancel", "End a job everywhere", cancel_footer, task::cancel);
  register_on_job(*group, selected, "retry", "Start a job again where it failed", retry_footer,
                  task::retry);
}

} // namespace fleetcast::apps
