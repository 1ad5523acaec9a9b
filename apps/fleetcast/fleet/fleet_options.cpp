#include "apps/fleetcast/fleet/fleet_options.hpp"

#include "actors/fleet/host_list.hpp"
#include "actors/trust/fleet_certificates.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <istream>

namespace fleetcast::apps {

namespace {

namespace fleet = actors::fleet;

constexpr const char* list_suffixes[] = {".txt", ".list", ".lst", ".hosts", ".csv"};

/// One byte more than is allowed shows that it is too much.
std::string read_bounded(std::istream& from) {
  std::string text(fleet::max_host_text + 1, '\0');
  from.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(from.gcount()));
  return text;
}

/// No top-level domain is called like that.
bool looks_like_a_file(const std::string& hosts) {
  return std::any_of(std::begin(list_suffixes), std::end(list_suffixes),
                     [&](const auto* suffix) { return hosts.ends_with(suffix); });
}

tl::expected<std::string, std::string> text_of(const std::string& hosts) {
  if (hosts == "-")
    return read_bounded(std::cin);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(hosts, ignored)
      && !std::filesystem::is_fifo(hosts, ignored)) {
    if (hosts.find('/') != std::string::npos || looks_like_a_file(hosts))
      return tl::unexpected{"there is no file " + hosts};
    return hosts;
  }
  std::ifstream file{hosts};
  if (!file)
    return tl::unexpected{"cannot read " + hosts};
  return read_bounded(file);
}

} // namespace

void add_fleet_options(CLI::App& command, fleet_options& options) {
  command
    .add_option("--hosts,-H", options.hosts,
                "File with the hosts' names, - for standard input, or the names themselves")
    ->type_name("FILE|LIST");
  command
    .add_option("--group,-g", options.groups, "Only hosts of this group of the list (repeatable)")
    ->type_name("NAME");
  command.add_option("--port,-p", options.port, "Of agents, where the list does not say")
    ->check(CLI::Range(1, 65535))
    ->capture_default_str()
    ->type_name("PORT");
  auto* certificate = command
                        .add_option("--cert", options.certificate,
                                    "The coordinator's certificate (default: what `fleetcast fleet "
                                    "cert init` made)")
                        ->type_name("FILE");
  auto* key = command.add_option("--key", options.key, "Its private key")->type_name("FILE");
  auto* ca = command.add_option("--ca", options.ca, "The fleet's authority")->type_name("FILE");
  certificate->needs(key, ca);
  key->needs(certificate, ca);
  ca->needs(certificate, key);
  command.add_flag("--json", options.json, "Print objects for programs, one a line");
}

tl::expected<std::vector<fleet::fleet_host>, std::string> read_hosts(const fleet_options& options) {
  const auto text = text_of(options.hosts);
  if (!text)
    return tl::unexpected{text.error()};
  const auto listed = fleet::parse_hosts(*text, options.port);
  if (!listed)
    return tl::unexpected{"--hosts, " + listed.error()};
  const auto& groups = options.groups;
  std::vector<fleet::fleet_host> result;
  for (const auto& one : *listed)
    if (groups.empty() || std::find(groups.begin(), groups.end(), one.group) != groups.end())
      result.push_back({one.name, one.port});
  if (result.empty())
    return tl::unexpected{std::string{
      groups.empty() ? "--hosts names no host" : "--hosts names no host in the groups given"}};
  return result;
}

tl::expected<fleet::link_context, protocol::failure>
coordinator_credentials(const fleet_options& options) {
  if (!options.certificate.empty())
    return fleet::make_link_context({options.certificate, options.key, options.ca},
                                    fleet::link_role::coordinator);
  const auto files
    = fleet::certificate_store{fleet::certificate_store::default_directory()}.coordinator();
  std::error_code ignored;
  if (!std::filesystem::exists(files.certificate, ignored))
    return nullptr;
  return fleet::make_link_context(files, fleet::link_role::coordinator);
}

} // namespace fleetcast::apps
