#include "apps/fleetcast/get/identity.hpp"

#include "api/fleetcast_ext.h"
#include "apps/common/json_output.hpp"
#include "apps/common/reception.hpp"
#include "apps/fleetcast/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>

namespace fleetcast::apps {

namespace {

struct identity_arguments {
  std::string file;
  bool json = false;
};

constexpr const char* identity_footer
  = R"(The identity is a key and a certificate, made on first use, for this user on
this host. `fleetcast get --auth` and programs with WDS_TRANSPORTCLIENT_AUTH
prove with it who they are; the key stays here. A server's operator lets this
host in by a line with the fingerprint in the file given with `fleetcast serve
--authorized`.

Examples:
  fleetcast identity
  fleetcast identity --json
  ssh host fleetcast identity --json | jq -r .fingerprint >> authorized_clients

Exit codes: 0 printed; 1 the environment or the configuration file is wrong; 2
wrong usage; 3 the identity can be neither read nor made.
)";

int identity(const identity_arguments& arguments) {
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.pszIdentity = arguments.file.empty() ? nullptr : arguments.file.c_str();
  auto mine = std::make_unique<FLEETCAST_IDENTITY>();
  mine->ulLength = sizeof(*mine);
  auto error = FleetcastConfigure(&config);
  if (error == ERROR_SUCCESS)
    error = FleetcastGetIdentity(mine.get());
  if (error != ERROR_SUCCESS) {
    const auto story = reception::configuration_story();
    if (arguments.json)
      print_json({{"error", error_object(error, story)}});
    fmt::print(stderr, "fleetcast identity: {} (error {}, {})\n", story, error,
               FleetcastErrorText(error));
    return error == ERROR_OPEN_FAILED ? exit_code::local_file : exit_code::failure;
  }
  if (arguments.json)
    print_json({{"fingerprint", mine->szFingerprint}, {"file", mine->szFile}});
  else
    fmt::print("fingerprint {}\nfile {}\n", mine->szFingerprint, mine->szFile);
  return exit_code::success;
}

} // namespace

void register_identity(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<identity_arguments>();
  auto* command = program.add_subcommand("identity", "Show who this host is to servers that ask");
  command->footer(identity_footer);
  command
    ->add_option("--file", arguments->file,
                 "Identity to show (default ~/.config/fleetcast/identity); made if it is not there")
    ->type_name("FILE");
  command->add_flag("--json", arguments->json, "Print an object for programs");
  command->callback(
    [arguments, &selected] { selected = [arguments] { return identity(*arguments); }; });
}

} // namespace fleetcast::apps
