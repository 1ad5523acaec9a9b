#include "apps/common/leftovers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

constexpr std::string_view hidden_mark = ".fleetcast-";
constexpr std::string_view journal_mark = ".journal";
constexpr std::size_t hash_digits = 8;

/// Of a tree: enough for what people keep, and over in a second.
constexpr std::size_t most_entries = 200'000;

struct directory_closer {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

struct tree_closer {
  void operator()(FTS* tree) const noexcept { ::fts_close(tree); }
};

/// FNV-1a: tells hidden files of different targets apart.
std::string hash_of(std::string_view name) {
  std::uint32_t hash = 2'166'136'261U;
  for (const auto letter : name)
    hash = (hash ^ static_cast<unsigned char>(letter)) * 16'777'619U;
  return fmt::format("{:0{}x}", hash, hash_digits);
}

bool is_hidden_name(std::string_view name) {
  const auto is_word = [](unsigned char c) { return std::isdigit(c) != 0 || std::islower(c) != 0; };
  if (name.size() != hidden_mark.size() + hash_digits + 1 + random_letters
      || !name.starts_with(hidden_mark))
    return false;
  name.remove_prefix(hidden_mark.size());
  return name[hash_digits] == '-' && std::all_of(name.begin(), name.begin() + hash_digits, is_word)
         && std::all_of(name.begin() + hash_digits + 1, name.end(), is_word);
}

/// For its lock, which some file systems give to writers only. Once the file is whole, it has the mode of what it
/// replaces: not everyone may write, or read, their own files.
descriptor open_left(int directory, const char* name) {
  descriptor file;
  for (const int access : {O_RDWR, O_RDONLY, O_WRONLY})
    if (!file)
      file = descriptor{::openat(directory, name, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  return file;
}

/// If it is a regular file that nobody holds.
bool remove_left(int directory, const char* name) {
  const auto file = open_left(directory, name);
  struct stat info {};
  return file && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) && lock_hidden(file)
         && ::unlinkat(directory, name, 0) == 0;
}

/// Nothing: it is not called like a journal.
std::optional<std::string> hidden_name_of(std::string_view journal_name) {
  if (!journal_name.ends_with(journal_mark))
    return std::nullopt;
  journal_name.remove_suffix(journal_mark.size());
  return is_hidden_name(journal_name) ? std::optional{std::string{journal_name}} : std::nullopt;
}

bool exists(int directory, const std::string& name) {
  struct stat info {};
  return ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/// If what it told of is gone: published by a process that died before it came to this.
void remove_orphan(int directory, const std::string& journal_name, const std::string& hidden_name) {
  struct stat info {};
  if (!exists(directory, hidden_name)
      && ::fstatat(directory, journal_name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0
      && S_ISREG(info.st_mode) && info.st_uid == ::geteuid())
    (void)::unlinkat(directory, journal_name.c_str(), 0);
}

void sweep(const descriptor& directory, const std::string& target_name, bool is_superseded) {
  for (const auto& name : list_hidden(directory, target_name)) {
    if (const auto hidden = hidden_name_of(name))
      remove_orphan(directory.get(), name, *hidden);
    else if (is_superseded || !has_name(directory, journal_name_of(name)))
      (void)remove_left(directory.get(), name.c_str());
  }
}

} // namespace

std::string hidden_prefix(const std::string& target_name) {
  return std::string{hidden_mark} + hash_of(target_name) + "-";
}

std::string journal_name_of(std::string_view hidden_name) {
  return std::string{hidden_name} + std::string{journal_mark};
}

bool has_name(const descriptor& directory, const std::string& name) noexcept {
  return exists(directory.get(), name);
}

bool lock_hidden(const descriptor& file) noexcept {
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

std::vector<std::string> list_hidden(const descriptor& directory, const std::string& target_name) {
  std::vector<std::string> result;
  auto again = open_again(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, directory_closer> listing{again ? ::fdopendir(again.get()) : nullptr};
  if (!listing)
    return result;
  (void)again.release(); // the listing's
  const auto prefix = hidden_prefix(target_name);
  while (const auto* one = ::readdir(listing.get())) {
    const std::string_view name{one->d_name};
    if (name.starts_with(prefix) && (is_hidden_name(name) || hidden_name_of(name)))
      result.emplace_back(name);
  }
  std::sort(result.begin(), result.end()); // a hidden file before its journal
  return result;
}

void sweep_leftovers(const descriptor& directory, const std::string& target_name) {
  sweep(directory, target_name, false);
}

void sweep_superseded(const descriptor& directory, const std::string& target_name) {
  sweep(directory, target_name, true);
}

std::size_t sweep_tree(const std::string& directory) {
  auto root = directory;
  char* roots[] = {root.data(), nullptr};
  const std::unique_ptr<FTS, tree_closer> tree{
    ::fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV | FTS_NOSTAT, nullptr)};
  std::size_t removed = 0;
  std::size_t entries = 0;
  while (tree && entries < most_entries) {
    const auto* one = ::fts_read(tree.get());
    if (one == nullptr)
      break;
    ++entries;
    const bool is_file = one->fts_info == FTS_F || one->fts_info == FTS_NSOK;
    if (is_file && is_hidden_name({one->fts_name, one->fts_namelen})
        && !exists(AT_FDCWD, journal_name_of(one->fts_path))
        && remove_left(AT_FDCWD, one->fts_path))
      ++removed;
  }
  return removed;
}

} // namespace fleetcast::apps
