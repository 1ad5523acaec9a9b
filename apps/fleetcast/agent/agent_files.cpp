#include "apps/fleetcast/agent/agent_files.hpp"

#include "actors/observe/log.hpp"
#include "apps/fleetcast/agent/run_program.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

using actors::fleet::target_file;
using protocol::failure;
using protocol::failure_code;
using tl::unexpected;

failure failure_of(file_failure reason) {
  const auto code = reason.disk_full() ? failure_code::disk_full : failure_code::write_fault;
  return {code, static_cast<std::uint32_t>(reason.error), std::move(reason.text)};
}

/// openat2 has no function in the C library of Debian 12.
int open_beneath(int root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how)));
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

class agent_file final : public target_file {
public:
  agent_file(staged_file file, const std::string& verifier)
    : file_(std::move(file)),
      verifier_(verifier) {}

  std::vector<actors::byte_range> held() const override {
    std::vector<actors::byte_range> ranges;
    for (const auto& span : file_.held())
      ranges.push_back({span.offset, span.size});
    return ranges;
  }

  result<void> size(std::uint64_t bytes, std::uint32_t block_bytes) override {
    if (auto sized = file_.size(bytes); !sized)
      return said(std::move(sized));
    file_.keep_blocks(block_bytes);
    file_.flush_in_background();
    return {};
  }

  result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return said(file_.write(offset, bytes));
  }

  void proven(std::uint64_t offset, std::uint64_t bytes) override { file_.proven(offset, bytes); }

  result<void> read_held(std::uint64_t offset, std::span<std::byte> bytes) override {
    return said(file_.read_held(offset, bytes));
  }

  result<void> read(std::uint64_t offset, std::span<std::byte> bytes) override {
    return said(file_.read(offset, bytes));
  }

  result<void> sync() override { return said(file_.sync()); }

  result<void> verify() override {
    if (verifier_.empty())
      return {};
    auto ended = run_program(verifier_, file_.staged_path());
    if (!ended)
      return unexpected{failure{failure_code::content_corrupt, 0, std::move(ended.error())}};
    return {};
  }

  result<void> publish() override { return said(file_.rename()); }

  result<void> sync_name() override { return said(file_.sync_name()); }

  void discard() override { file_.discard(); }

private:
  static result<void> said(staged_file::result<void> outcome) {
    if (!outcome)
      return unexpected{failure_of(std::move(outcome.error()))};
    return {};
  }

  staged_file file_;
  const std::string& verifier_; ///< of agent_files, which the agent keeps longer
};

} // namespace

agent_files::agent_files(std::string directory, std::string verifier, descriptor root)
  : directory_(std::move(directory)),
    verifier_(std::move(verifier)),
    root_(std::move(root)) {}

agent_files::result<std::shared_ptr<agent_files>> agent_files::make(const std::string& directory,
                                                                    std::string verifier) {
  std::error_code error;
  const auto real = std::filesystem::canonical(directory, error);
  descriptor root{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (error || !root)
    return unexpected{failure{failure_code::write_fault, static_cast<std::uint32_t>(errno),
                              "cannot use the directory " + directory
                                + " (--allow-dir): " + std::system_category().message(errno)
                                + "; make it, or name another"}};
  if (const descriptor probe{open_beneath(root.get(), ".")}; !probe)
    return unexpected{failure{failure_code::internal, static_cast<std::uint32_t>(errno),
                              "this system cannot keep an agent below one directory (openat2: "
                                + std::system_category().message(errno)
                                + "); it takes Linux 5.6 or later"}};
  return std::shared_ptr<agent_files>{
    new agent_files{real.string(), std::move(verifier), std::move(root)}};
}

/// The way from the directory to `destination`, by its text alone.
agent_files::result<std::string> agent_files::below(const std::string& destination) const {
  if (!destination.starts_with('/'))
    return destination;
  const auto prefix = directory_ == "/" ? std::string{} : directory_;
  if (destination == directory_)
    return std::string{"."};
  if (!destination.starts_with(prefix + "/"))
    return unexpected{refusal(destination, EXDEV)};
  auto rest = destination.substr(prefix.size());
  rest.erase(0, rest.find_first_not_of('/'));
  return rest.empty() ? "." : rest;
}

agent_files::result<descriptor> agent_files::open_directory(const std::string& path) const {
  descriptor opened{open_beneath(root_.get(), path)};
  if (!opened)
    return unexpected{refusal(path, errno)};
  return opened;
}

failure agent_files::refusal(const std::string& destination, int error) const {
  const auto number = static_cast<std::uint32_t>(error);
  if (error == EXDEV || error == ELOOP)
    return {failure_code::access_denied, number,
            destination + " leads out of " + directory_ + ", which is all that this agent allows"};
  return {failure_code::write_fault, number,
          "cannot write " + destination + " below " + directory_ + ": "
            + std::system_category().message(error)};
}

agent_files::result<std::unique_ptr<target_file>>
agent_files::open(const actors::fleet::target_request& request) {
  const auto& [destination, base_name, server, name_space, object] = request;
  auto way = below(destination);
  if (!way)
    return unexpected{std::move(way.error())};
  const bool names_directory = way->empty() || way->ends_with('/');
  auto name = base_name;
  auto target = std::filesystem::path{directory_} / *way / base_name;
  auto directory = open_directory(way->empty() ? "." : *way);
  if (!directory && !names_directory
      && (directory.error().detail == ENOENT || directory.error().detail == ENOTDIR)) {
    const auto slash = way->rfind('/');
    name = slash == std::string::npos ? *way : way->substr(slash + 1);
    target = std::filesystem::path{directory_} / *way;
    directory = open_directory(slash == std::string::npos ? "." : way->substr(0, slash + 1));
  }
  if (!directory)
    return unexpected{std::move(directory.error())};
  if (!is_file_name(name))
    return unexpected{failure{failure_code::invalid_name, 0,
                              "'" + name + "' is no file name; name a file as the destination"}};
  // A rename replaces a link and does not follow it; whoever put a link there meant something else.
  struct stat info {};
  if (::fstatat(directory->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0
      && !S_ISREG(info.st_mode))
    return unexpected{
      failure{failure_code::access_denied, 0,
              destination + " is a link, or not a regular file; it stays as it is"}};
  std::vector<std::string> remarks;
  auto file
    = staged_file::create_kept_in(std::move(*directory), name, target.lexically_normal().string(),
                                  {server, name_space, object}, remarks);
  for (const auto& remark : remarks)
    actors::log().warn("{}: {}", destination, remark);
  if (!file)
    return unexpected{failure_of(std::move(file.error()))};
  (void)file->reuse_replaced();
  return std::make_unique<agent_file>(std::move(*file), verifier_);
}

} // namespace fleetcast::apps
