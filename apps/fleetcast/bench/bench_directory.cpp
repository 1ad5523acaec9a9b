#include "apps/fleetcast/bench/bench_directory.hpp"

#include "apps/common/progress.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk = 1 << 20;

tl::unexpected<file_failure> refusal(int error, std::string text) {
  return tl::unexpected{file_failure{error, std::move(text)}};
}

tl::unexpected<file_failure> failed(const std::string& what, int error) {
  return refusal(error, what + ": " + std::generic_category().message(error));
}

/// Of MemAvailable in /proc/meminfo; all there is when it does not say.
std::uint64_t free_memory() {
  std::ifstream info{"/proc/meminfo"};
  std::string word;
  std::uint64_t kibibytes = 0;
  while (info >> word)
    if (word == "MemAvailable:" && info >> kibibytes)
      return kibibytes * 1024;
  return UINT64_MAX;
}

} // namespace

tl::expected<bench_directory, file_failure> bench_directory::create(const fs::path& parent,
                                                                    std::uint64_t bytes) {
  struct statfs found {};
  if (::statfs(parent.c_str(), &found) != 0)
    return failed("cannot put files into " + parent.string(), errno);
  auto room
    = static_cast<std::uint64_t>(found.f_bavail) * static_cast<std::uint64_t>(found.f_bsize);
  if (found.f_type == TMPFS_MAGIC)
    room = std::min(room, free_memory());
  if (room < bytes)
    return refusal(ENOSPC,
                   fmt::format("{} has room for {}, but the files need {}: give a smaller --size, "
                               "fewer --receivers, or another directory with --dir",
                               parent.string(), format_bytes(room), format_bytes(bytes)));
  auto name = (parent / "fleetcast-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return failed("cannot make a directory in " + parent.string(), errno);
  return bench_directory{std::move(name)};
}

bench_directory::bench_directory(bench_directory&& other) noexcept
  : path_(std::exchange(other.path_, {})) {}

bench_directory::~bench_directory() {
  std::error_code ignored;
  if (!path_.empty())
    fs::remove_all(path_, ignored);
}

tl::expected<void, file_failure> bench_directory::fill(const fs::path& file,
                                                       std::uint64_t bytes) const {
  std::ofstream out{file, std::ios::binary};
  std::mt19937_64 random{std::random_device{}()};
  std::vector<std::uint64_t> words(chunk / sizeof(std::uint64_t));
  for (auto left = bytes; left > 0 && out;) {
    std::generate(words.begin(), words.end(), std::ref(random));
    const auto size = std::min<std::uint64_t>(left, chunk);
    out.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(size));
    left -= size;
  }
  out.close();
  if (!out)
    return failed("cannot write " + file.string(), errno);
  return {};
}

bool same_bytes(const fs::path& one, const fs::path& other) {
  std::ifstream a{one, std::ios::binary};
  std::ifstream b{other, std::ios::binary};
  std::vector<char> of_a(chunk);
  std::vector<char> of_b(chunk);
  while (a && b) {
    a.read(of_a.data(), chunk);
    b.read(of_b.data(), chunk);
    if (a.gcount() != b.gcount()
        || !std::equal(of_a.begin(), of_a.begin() + a.gcount(), of_b.begin()))
      return false;
  }
  return a.eof() && b.eof();
}

} // namespace fleetcast::apps
