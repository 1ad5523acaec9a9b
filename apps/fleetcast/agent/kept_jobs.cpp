#include "apps/fleetcast/agent/kept_jobs.hpp"

#include "actors/observe/log.hpp"
#include "actors/trust/private_files.hpp"
#include "apps/common/disk_journal.hpp"
#include "apps/fleetcast/job_request_json.hpp"

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace fleetcast::apps {

namespace {

using nlohmann::json;
using protocol::failure;
using protocol::failure_code;
using protocol::fleet::job_request;

constexpr std::string_view suffix = ".json";

/// Of a record with the longest names.
constexpr std::size_t max_record = 64 * 1024;

/// More than any agent has; who planted more than that is not to fill its memory.
constexpr std::size_t most_records = 1024;

struct record {
  job_request request;
  struct timespec written {};
};

/// Or why it is none.
tl::expected<record, std::string> read_record(const std::filesystem::path& path) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  if (!file)
    return tl::unexpected{std::system_category().message(errno)};
  if (auto refused = refusal_of_found(file, S_IRUSR | S_IWUSR))
    return tl::unexpected{*std::move(refused)};
  struct stat info {};
  const auto text = actors::io::read_all(file.get(), max_record);
  if (!text || ::fstat(file.get(), &info) != 0)
    return tl::unexpected{std::system_category().message(text ? errno : text.error())};
  auto request = job_request_of(json::parse(*text, nullptr, false));
  if (!request || check(*request) || path.filename() != request->job + std::string{suffix})
    return tl::unexpected{std::string{"it is no record of a job"}};
  return record{*std::move(request), info.st_mtim};
}

bool is_before(const record& a, const record& b) {
  return std::pair{a.written.tv_sec, a.written.tv_nsec}
         < std::pair{b.written.tv_sec, b.written.tv_nsec};
}

} // namespace

tl::expected<std::shared_ptr<kept_jobs>, failure>
kept_jobs::open(const std::filesystem::path& directory) {
  const auto refused = [&](int error) {
    return tl::unexpected{
      actors::io::system_failure(error, failure_code::write_fault, "cannot keep jobs", directory)};
  };
  if (const auto error = actors::io::make_private_directories(directory); error != 0)
    return refused(error);
  descriptor lock{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!lock)
    return refused(errno);
  // Where a file system has no locks, one agent for each state directory is up to the operator.
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return tl::unexpected{failure{failure_code::write_fault, EWOULDBLOCK,
                                  "cannot keep jobs in " + directory.string()
                                    + ": another agent of this host keeps its own there; give "
                                      "each agent a --state-dir of its own"}};
  return std::shared_ptr<kept_jobs>{new kept_jobs{directory, std::move(lock)}};
}

std::filesystem::path kept_jobs::file_of(const std::string& id) const {
  return directory_ / (id + std::string{suffix});
}

failure kept_jobs::keep(const job_request& request) {
  const auto file = file_of(request.job);
  const auto text = to_json(request).dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  auto error = actors::io::create_private_file(file, text);
  if (error == EEXIST) {
    // Of this very job, which goes on; or of one that was over and could not be dropped.
    const auto there = read_record(file);
    if (there && there->request == request)
      return {};
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    error = actors::io::create_private_file(file, text);
  }
  if (error == 0)
    return {};
  return actors::io::system_failure(error, failure_code::write_fault, "cannot keep the job in",
                                    file);
}

void kept_jobs::drop(const std::string& id) {
  std::error_code error;
  std::filesystem::remove(file_of(id), error);
  if (error)
    actors::log().warn("cannot remove {}: {}; the job would be started again with the agent",
                       file_of(id).string(), error.message());
}

std::vector<job_request> kept_jobs::kept() {
  std::vector<record> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory_, error}) {
    const auto& path = entry.path();
    if (path.extension() != suffix || found.size() == most_records)
      continue;
    if (auto one = read_record(path))
      found.push_back(*std::move(one));
    else
      actors::log().warn("{} is left alone: {}", path.string(), one.error());
  }
  if (error)
    actors::log().warn("cannot read the jobs in {}: {}; those that were not over stay unfinished",
                       directory_.string(), error.message());
  std::stable_sort(found.begin(), found.end(), is_before);
  std::vector<job_request> result;
  result.reserve(found.size());
  for (auto& one : found)
    result.push_back(std::move(one.request));
  return result;
}

} // namespace fleetcast::apps
