#include "apps/common/followed_path.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

namespace fs = std::filesystem;

using tl::unexpected;

/// The kernel's own bound.
constexpr int max_links = 40;

/// Of the current directory, which an empty path stands for.
const char* name_of(const fs::path& directory) {
  return directory.empty() ? "." : directory.c_str();
}

bool is_trusted(const struct stat& link, const struct stat& directory) {
  const auto is_shared = (directory.st_mode & S_ISVTX) != 0 && (directory.st_mode & S_IWOTH) != 0;
  return !is_shared || link.st_uid == ::geteuid() || link.st_uid == directory.st_uid;
}

unfollowed_link unfollowed(const fs::path& link, int error) {
  return {error, "cannot follow the symbolic link " + link.string() + ": "
                   + std::system_category().message(error)};
}

unfollowed_link distrusted(const fs::path& link, const fs::path& directory, uid_t owner) {
  return {EACCES, "will not follow the symbolic link " + link.string() + ": it belongs to user "
                    + std::to_string(owner) + ", and everybody can put links into "
                    + name_of(directory)
                    + ". Remove it, or name the file that you mean, not a link to it"};
}

} // namespace

tl::expected<followed_path, unfollowed_link> follow(const fs::path& path) {
  std::deque<fs::path> ahead{path.begin(), path.end()};
  followed_path result;
  auto own_ahead = ahead.size(); // components of `path` itself: at the end of what is ahead
  for (int links = 0; !ahead.empty();) {
    const auto is_own = ahead.size() == own_ahead;
    const auto component = std::move(ahead.front());
    ahead.pop_front();
    own_ahead = std::min(own_ahead, ahead.size());
    const auto directory = result.path;
    const auto here = directory / component;
    struct stat info {};
    if (::lstat(name_of(here), &info) != 0 || !S_ISLNK(info.st_mode)) {
      result.path = here;
      continue;
    }
    struct stat around {};
    std::error_code error;
    const auto leads_to = fs::read_symlink(here, error);
    if (error || ::stat(name_of(directory), &around) != 0)
      return unexpected{unfollowed(here, error ? error.value() : errno)};
    if (!is_trusted(info, around))
      return unexpected{distrusted(here, directory, info.st_uid)};
    if (++links > max_links)
      return unexpected{unfollowed(here, ELOOP)};
    result.last_was_link = result.last_was_link || (is_own && own_ahead == 0);
    ahead.insert(ahead.begin(), leads_to.begin(), leads_to.end());
    if (leads_to.is_absolute())
      result.path.clear();
  }
  return result;
}

} // namespace fleetcast::apps
