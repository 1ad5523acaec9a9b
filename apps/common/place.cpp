#include "apps/common/place.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

constexpr const char* access_list = "system.posix_acl_access";

/// The largest value of an attribute that the kernel hands out.
constexpr std::size_t most_attribute_bytes = 65'536;

struct entry {
  struct statx info {};
  bool is_there = false;
};

/// Of the name itself, not of what a link points to; an empty name: of the directory.
entry look_at(const descriptor& directory, const std::string& name) {
  entry result;
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.empty() ? AT_EMPTY_PATH : 0);
  result.is_there
    = ::statx(directory.get(), name.c_str(), flags, STATX_BASIC_STATS, &result.info) == 0;
  return result;
}

bool has(const entry& of, std::uint64_t attribute) {
  return of.is_there && (of.info.stx_attributes & of.info.stx_attributes_mask & attribute) != 0;
}

/// In a sticky directory a file's owner, the directory's, and root may take its name away.
bool is_anothers(const entry& file, const entry& directory) {
  const auto me = ::geteuid();
  return (directory.info.stx_mode & S_ISVTX) != 0 && me != 0 && file.info.stx_uid != me
         && directory.info.stx_uid != me;
}

file_failure refused(int error, const std::string& target, const std::string& why) {
  return {error, "cannot replace " + target + ": " + why};
}

} // namespace

std::optional<file_failure> refusal_of_name(const descriptor& directory, const std::string& name,
                                            const std::string& target) {
  const auto around = look_at(directory, {});
  if (has(around, STATX_ATTR_IMMUTABLE) || has(around, STATX_ATTR_APPEND))
    return file_failure{EPERM,
                        "cannot make " + target
                          + ": its directory is immutable or append-only (lsattr -d shows it); "
                            "`chattr -i -a` the directory or choose another destination"};
  const auto old = look_at(directory, name);
  if (!old.is_there)
    return std::nullopt;
  if (!S_ISREG(old.info.stx_mode) && !S_ISLNK(old.info.stx_mode))
    return file_failure{EEXIST,
                        target + " exists and is not a regular file; choose another destination"};
  if (has(old, STATX_ATTR_IMMUTABLE))
    return refused(EPERM, target, "it is immutable; `chattr -i` it or choose another destination");
  if (has(old, STATX_ATTR_APPEND))
    return refused(EPERM, target,
                   "it is append-only; `chattr -a` it or choose another destination");
  if (has(old, STATX_ATTR_MOUNT_ROOT))
    return refused(EBUSY, target,
                   "it is a mount point; unmount it, or choose the file that is mounted there");
  if (is_anothers(old, around))
    return refused(EPERM, target,
                   "it belongs to user " + std::to_string(old.info.stx_uid)
                     + ", and its directory is sticky; choose another destination");
  return std::nullopt;
}

std::optional<file_failure> refusal_of_size(const descriptor& file, std::uint64_t bytes,
                                            const std::string& target) {
  struct statvfs system {};
  if (::fstatvfs(file.get(), &system) != 0 || system.f_blocks == 0)
    return std::nullopt;
  const auto blocks = ::geteuid() == 0 ? system.f_bfree : system.f_bavail;
  struct stat info {};
  const auto taken = ::fstat(file.get(), &info) == 0 ? std::uint64_t(info.st_blocks) * 512 : 0;
  const auto room = std::uint64_t{blocks} * system.f_frsize + taken;
  if (bytes <= room)
    return std::nullopt;
  return file_failure{ENOSPC, "the object has " + std::to_string(bytes)
                                + " bytes, and the file system of " + target + " has room for "
                                + std::to_string(room)
                                + " (disk full); make room or choose another destination"};
}

void take_over_access(const descriptor& directory, const std::string& name, const descriptor& file,
                      mode_t permissions) noexcept {
  // By an open file, so that it stays the same one. Who may not read it cannot ask for its list, but for its mode.
  const auto old = look_at(directory, name);
  if (!old.is_there || !S_ISREG(old.info.stx_mode))
    return;
  // Refused to all but root, where it is another's; then the copy stays ours, as any copy would.
  (void)!::fchown(file.get(), old.info.stx_uid, old.info.stx_gid);
  constexpr mode_t taken_over = 0777; // a program that was replaced is not the one that was trusted
  const mode_t mode = (old.info.stx_mode & taken_over) | permissions;
  (void)::fchmod(file.get(), mode);
  const descriptor opened{
    ::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  std::array<char, most_attribute_bytes> list{};
  const auto size = opened ? ::fgetxattr(opened.get(), access_list, list.data(), list.size()) : -1;
  if (size > 0)
    (void)::fsetxattr(file.get(), access_list, list.data(), static_cast<std::size_t>(size), 0);
  else if (opened && errno == ENODATA) // as the directory's default, or as an earlier file had one
    (void)::fremovexattr(file.get(), access_list);
  (void)::fchmod(file.get(), mode); // a list has the owner's permissions, too
}

} // namespace fleetcast::apps
