#include "apps/fleetcast/fleet/fleet_cert.hpp"

#include "actors/trust/fleet_certificates.hpp"
#include "apps/common/json_output.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/failure_object.hpp"
#include "protocol/utc_text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::apps {

namespace {

namespace fleet = actors::fleet;

constexpr unsigned default_days_of_authority = 3650;
constexpr unsigned default_days_of_host = 825;

struct cert_arguments {
  std::string directory;
  unsigned days_of_authority = default_days_of_authority;
  unsigned days_of_host = default_days_of_host;
  std::vector<std::string> names;
  bool renew = false;
  bool json = false;

  fleet::certificate_store store() const {
    const auto given = directory.empty() ? fleet::certificate_store::default_directory()
                                         : std::filesystem::path{directory};
    return fleet::certificate_store{std::filesystem::absolute(given)};
  }
};

constexpr const char* fleet_cert_footer
  = R"(A fleet has its own certificate authority, made by `init` on the host that
commands the fleet. It signs one certificate for the coordinator, which may
start jobs, and one for each host, which may not. A host's names are those that
--hosts uses: the coordinator accepts an agent under no other name.

Keys have mode 0600. ca.key makes certificates: keep it, and keep it away from
hosts. Anyone with coordinator.key can command every agent.

Examples:
  fleetcast fleet cert init
  fleetcast fleet cert host node1 10.0.0.1      # known by a name and an address
  tar -C ~/.config/fleetcast/fleet/hosts/node1 -c . | ssh root@node1 \
    'mkdir -p /etc/fleetcast/agent &&
     tar -C /etc/fleetcast/agent --no-same-owner -x'
  fleetcast fleet cert host node1 --renew
  fleetcast fleet cert list --json

Exit codes: 0 done; 1 refused, or OpenSSL failed; 2 wrong usage; 3 a file can be
neither read nor written.
)";

int not_written(const protocol::failure& reason) {
  using protocol::failure_code;
  const bool file = reason.code == failure_code::read_fault
                    || reason.code == failure_code::write_fault
                    || reason.code == failure_code::disk_full;
  return complain("fleet cert", reason, file ? exit_code::local_file : exit_code::failure);
}

std::chrono::hours hours_of(unsigned days) {
  return std::chrono::hours{24} * days;
}

int init(const cert_arguments& arguments) {
  auto store = arguments.store();
  const auto days = hours_of(arguments.days_of_authority);
  if (const auto failed = arguments.renew ? store.renew_coordinator(days) : store.init(days))
    return not_written(failed);
  fmt::print("the fleet's authority is in {}\n"
             "next: fleetcast fleet cert host NAME, for each host\n",
             store.directory().string());
  return exit_code::success;
}

/// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
  constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=";
  if (text.find_first_not_of(plain) == std::string::npos)
    return text;
  std::string result = "'";
  for (const char each : text)
    result += each == '\'' ? std::string{"'\\''"} : std::string{each};
  return result + "'";
}

int host(const cert_arguments& arguments) {
  auto store = arguments.store();
  if (const auto failed
      = store.add_host(arguments.names, hours_of(arguments.days_of_host), arguments.renew))
    return not_written(failed);
  const auto& name = arguments.names.front();
  const auto place = store.host_directory(name).string();
  // Makes the directory the first time, and replaces what is in it the next.
  fmt::print("{}\nnext: tar -C {} -c . | ssh root@{} 'mkdir -p /etc/fleetcast/agent && tar -C "
             "/etc/fleetcast/agent --no-same-owner -x'\n{}",
             place, shell_word(place), name,
             arguments.renew ? "then, there: systemctl reload fleetcast-agent\n" : "");
  return exit_code::success;
}

std::string date_of(std::int64_t time) {
  std::tm broken{};
  const auto seconds = static_cast<std::time_t>(time);
  ::gmtime_r(&seconds, &broken);
  return fmt::format("{:%Y-%m-%d}", broken);
}

/// In a month at the latest.
bool is_due(const fleet::certificate_facts& one) {
  constexpr std::int64_t month = std::int64_t{30} * 24 * 3600;
  return one.expires - std::time(nullptr) <= month;
}

int list(const cert_arguments& arguments) {
  const auto all = arguments.store().list();
  if (!all && arguments.json)
    print_json({{"error", error_object(all.error())}});
  if (!all)
    return not_written(all.error());
  for (const auto& one : *all)
    if (arguments.json)
      print_json({{"name", one.name},
                  {"file", one.file.string()},
                  {"expires",
                   protocol::utc_text(std::chrono::sys_seconds{std::chrono::seconds{one.expires}})},
                  {"expired", one.expired},
                  {"renewal_due", is_due(one)},
                  {"names", one.names}});
    else
      fmt::print("{:<24} {} {}{}\n", one.name, one.expired ? "expired" : "until",
                 date_of(one.expires), is_due(one) ? "  (renew it with --renew)" : "");
  return exit_code::success;
}

CLI::Option* add_days(CLI::App& command, unsigned& days) {
  return command.add_option("--days", days, "How long it is valid")
    ->check(CLI::Range(1U, 36500U))
    ->capture_default_str()
    ->type_name("N");
}

} // namespace

void register_fleet_cert(CLI::App& fleet, std::function<int()>& selected) {
  auto arguments = std::make_shared<cert_arguments>();
  auto* command = fleet.add_subcommand("cert", "Make the fleet's authority and certificates");
  command->footer(fleet_cert_footer);
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, int (*run)(const cert_arguments&)) {
    auto* one = command->add_subcommand(name, what);
    one
      ->add_option("--dir", arguments->directory,
                   "Where the authority is kept (default ~/.config/fleetcast/fleet)")
      ->type_name("DIR");
    one->callback(
      [arguments, run, &selected] { selected = [arguments, run] { return run(*arguments); }; });
    return one;
  };
  auto* begin = add("init", "Make the authority and the coordinator's certificate", init);
  begin->add_flag("--renew", arguments->renew,
                  "Keep the authority that is there, and make another certificate for the "
                  "coordinator");
  add_days(*begin, arguments->days_of_authority);
  auto* one = add("host", "Make a host's certificate", host);
  one
    ->add_option("NAME", arguments->names,
                 "What --hosts calls it: a name or an address; more follow if it has more")
    ->required();
  one->add_flag("--renew", arguments->renew, "Replace what is there");
  add_days(*one, arguments->days_of_host);
  add("list", "Show all certificates and how long they are valid", list)
    ->add_flag("--json", arguments->json, "Print an object a line, for programs");
}

} // namespace fleetcast::apps
