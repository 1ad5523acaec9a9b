#include "apps/fleetcast/job_record.hpp"

#include "actors/fleet/host_list.hpp"
#include "actors/io/private_files.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <ctime>
#include <random>
#include <system_error>

#include <fcntl.h>

namespace fleetcast::apps {

namespace {

using nlohmann::json;

constexpr std::size_t max_record = 2 * 1024 * 1024; // 4096 hosts with the longest names

std::filesystem::path file_of(const std::string& id, const std::filesystem::path& directory) {
  return directory / (id + ".json");
}

std::string error_text(int error) {
  return std::system_category().message(error);
}

} // namespace

std::string make_job_id() {
  std::random_device chance;
  std::tm now{};
  const auto seconds = std::time(nullptr);
  ::gmtime_r(&seconds, &now);
  return fmt::format("{:%Y%m%d-%H%M%S}-{:06x}", now, chance() & 0xffffffU);
}

std::filesystem::path default_job_directory() {
  return actors::io::user_directory("XDG_STATE_HOME", ".local/state") / "fleetcast" / "jobs";
}

std::string to_text(const job_record& record) {
  const auto& r = record.request;
  json hosts = json::array();
  for (const auto& host : record.hosts)
    hosts.push_back({{"name", host.name}, {"port", host.port}});
  const json all{{"job", r.job},
                 {"server", r.server},
                 {"port", r.port},
                 {"namespace", r.name_space},
                 {"object", r.object},
                 {"destination", r.destination},
                 {"interface", r.interface},
                 {"fingerprint", r.fingerprint},
                 {"authenticate", r.authenticate},
                 {"together", r.together},
                 {"abort_on_failure", record.abort_on_failure},
                 {"hosts", std::move(hosts)}};
  return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<job_record> parse_job(std::string_view text) {
  const auto all = json::parse(text, nullptr, false);
  if (!all.is_object())
    return std::nullopt;
  job_record result;
  auto& r = result.request;
  try {
    r.job = all.at("job").get<std::string>();
    r.server = all.at("server").get<std::string>();
    r.port = all.at("port").get<std::uint16_t>();
    r.name_space = all.at("namespace").get<std::string>();
    r.object = all.at("object").get<std::string>();
    r.destination = all.at("destination").get<std::string>();
    r.interface = all.at("interface").get<std::string>();
    r.fingerprint = all.at("fingerprint").get<std::string>();
    r.authenticate = all.at("authenticate").get<bool>();
    r.together = all.at("together").get<bool>();
    result.abort_on_failure = all.at("abort_on_failure").get<bool>();
    for (const auto& host : all.at("hosts"))
      result.hosts.push_back(
        {host.at("name").get<std::string>(), host.at("port").get<std::uint16_t>()});
  } catch (const json::exception&) {
    return std::nullopt;
  }
  if (result.hosts.empty() || result.hosts.size() > actors::fleet::max_hosts)
    return std::nullopt;
  r.host = "any";
  const bool is_sane = !check(r);
  r.host.clear();
  return is_sane ? std::optional{std::move(result)} : std::nullopt;
}

tl::expected<void, std::string> save(const job_record& record,
                                     const std::filesystem::path& directory) {
  int error = actors::io::make_private_directories(directory);
  const auto file = file_of(record.request.job, directory);
  if (error == 0)
    error = actors::io::create_private_file(file, to_text(record));
  if (error != 0 && error != EEXIST)
    return tl::unexpected{"cannot keep the job in " + file.string() + ": " + error_text(error)
                          + "; without it the job cannot be found again by its id"};
  return {};
}

tl::expected<std::optional<job_record>, std::string>
load_job(const std::string& id, const std::filesystem::path& directory) {
  const auto file = file_of(id, directory);
  const actors::io::file_descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!opened && errno == ENOENT)
    return std::optional<job_record>{};
  const auto text = opened ? actors::io::read_all(opened.get(), max_record)
                           : tl::expected<std::string, int>{tl::unexpected{errno}};
  if (!text)
    return tl::unexpected{"cannot read " + file.string() + ": " + error_text(text.error())};
  auto record = parse_job(*text);
  if (!record)
    return tl::unexpected{file.string()
                          + " is no record of a job; remove it, and name the job's "
                            "hosts with --hosts"};
  return record;
}

} // namespace fleetcast::apps
