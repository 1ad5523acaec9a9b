/// Where a path leads, symbolic links followed, but none that a stranger may have planted.
///
/// In a directory that everybody can write and that keeps each one's files apart (sticky, as /tmp) only links that belong
/// to us or to the directory's owner are followed, wherever on the way they are: the kernel's own rule
/// (fs.protected_symlinks), which it applies where it follows links itself, if it is switched on.
#pragma once

#include <tl/expected.hpp>

#include <filesystem>
#include <string>

namespace fleetcast::apps {

struct followed_path {
  std::filesystem::path path; ///< without links, as far as it exists
  bool last_was_link = false; ///< the last component of what was asked for
};

struct unfollowed_link {
  int error = 0; ///< errno
  std::string text;
};

/// Relative paths begin at the current directory, and stay relative.
[[nodiscard]] tl::expected<followed_path, unfollowed_link>
follow(const std::filesystem::path& path);

} // namespace fleetcast::apps
