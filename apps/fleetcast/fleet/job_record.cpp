#include "apps/fleetcast/fleet/job_record.hpp"

#include "actors/fleet/host_list.hpp"
#include "actors/trust/private_files.hpp"
#include "apps/fleetcast/job_request_json.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <random>
#include <system_error>
#include <tuple>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::apps {

namespace {

using nlohmann::json;

constexpr std::size_t max_record = 2 * 1024 * 1024; // 4096 hosts with the longest names

std::filesystem::path file_of(const std::string& id, const std::filesystem::path& directory) {
  return directory / (id + ".json");
}

std::filesystem::path end_file_of(const std::string& id, const std::filesystem::path& directory) {
  return directory / (id + ".end");
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
  json hosts = json::array();
  for (const auto& host : record.hosts)
    hosts.push_back({{"name", host.name}, {"port", host.port}});
  auto all = to_json(record.request);
  all["abort_on_failure"] = record.abort_on_failure;
  all["hosts"] = std::move(hosts);
  return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<job_record> parse_job(std::string_view text) {
  const auto all = json::parse(text, nullptr, false);
  if (!all.is_object())
    return std::nullopt;
  auto request = job_request_of(all);
  if (!request)
    return std::nullopt;
  job_record result;
  auto& r = result.request = *std::move(request);
  try {
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

tl::expected<void, std::string> note_end(const std::string& id, const job_end& end,
                                         const std::filesystem::path& directory) {
  const auto file = end_file_of(id, directory);
  const json all{{"succeeded", end.succeeded}, {"at", static_cast<std::int64_t>(end.at)}};
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  const int error = actors::io::create_private_file(file, all.dump() + "\n");
  if (error != 0)
    return tl::unexpected{"cannot note the end of the job in " + file.string() + ": "
                          + error_text(error)};
  return {};
}

std::optional<job_end> load_end(const std::string& id, const std::filesystem::path& directory) {
  const actors::io::file_descriptor opened{
    ::open(end_file_of(id, directory).c_str(), O_RDONLY | O_CLOEXEC)};
  const auto text = opened ? actors::io::read_all(opened.get(), max_record)
                           : tl::expected<std::string, int>{tl::unexpected{ENOENT}};
  const auto all = json::parse(text.value_or(""), nullptr, false);
  if (!all.is_object() || !all.contains("succeeded") || !all["succeeded"].is_boolean()
      || !all.contains("at") || !all["at"].is_number_integer())
    return std::nullopt;
  return job_end{all["succeeded"].get<bool>(),
                 static_cast<std::time_t>(all["at"].get<std::int64_t>())};
}

std::vector<known_job> load_jobs(const std::filesystem::path& directory) {
  std::vector<known_job> result;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
    const auto name = entry.path().filename().string();
    constexpr std::string_view suffix = ".json";
    if (!name.ends_with(suffix))
      continue;
    const auto id = name.substr(0, name.size() - suffix.size());
    struct stat info {};
    if (!actors::fleet::is_job_id(id) || ::stat(entry.path().c_str(), &info) != 0)
      continue;
    if (auto record = load_job(id, directory); record && *record)
      result.push_back({std::move(**record), info.st_mtime, load_end(id, directory)});
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.begun > b.begun; });
  return result;
}

std::string difference(const job_record& known, const job_record& asked) {
  const auto& a = known.request;
  const auto& b = asked.request;
  const auto object_of = [](const auto& r) {
    return fmt::format("{}:{}/{}/{}", r.server, r.port, r.name_space, r.object);
  };
  if (object_of(a) != object_of(b))
    return "the object (" + object_of(a) + ", not " + object_of(b) + ")";
  if (a.destination != b.destination)
    return "the destination (" + a.destination + ", not " + b.destination + ")";
  const auto is_same
    = [](const auto& x, const auto& y) { return x.name == y.name && x.port == y.port; };
  if (!std::is_permutation(known.hosts.begin(), known.hosts.end(), asked.hosts.begin(),
                           asked.hosts.end(), is_same))
    return fmt::format("the hosts ({} then, {} now)", known.hosts.size(), asked.hosts.size());
  if (std::tie(a.interface, a.fingerprint, a.authenticate, a.together, known.abort_on_failure)
      != std::tie(b.interface, b.fingerprint, b.authenticate, b.together, asked.abort_on_failure))
    return "its options";
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
