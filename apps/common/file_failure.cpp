#include "apps/common/file_failure.hpp"

#include <cerrno>
#include <system_error>

namespace fleetcast::apps {

namespace {

std::string remedy_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; this user needs read, write and search permission for the directory, and search "
             "permission for those above it; or choose another destination";
    case EROFS:
      return "; the file system is read-only, choose another destination";
    case ENOENT:
      return "; make the directory or choose another destination";
    case ENOTDIR:
      return "; a part of the path is a file, choose another destination";
    case ENOSPC:
    case EDQUOT:
      return " (disk full); make room or choose another destination";
    case EFBIG:
      return "; the file is larger than the file system or a limit (ulimit -f) allows";
    default:
      return "";
  }
}

} // namespace

bool file_failure::disk_full() const noexcept {
  return error == ENOSPC || error == EDQUOT;
}

DWORD file_failure::code() const noexcept {
  if (disk_full())
    return ERROR_DISK_FULL;
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return ERROR_ACCESS_DENIED;
    case EEXIST:
      return ERROR_FILE_EXISTS;
    default:
      return ERROR_WRITE_FAULT;
  }
}

file_failure make_file_failure(const std::string& what, int error) {
  return {error, what + ": " + std::system_category().message(error) + remedy_for(error)};
}

} // namespace fleetcast::apps
