/// What this host's file system refused.
#pragma once

#include "api/fleetcast_ext.h"

#include <string>

namespace fleetcast::apps {

/// The sentence says what was tried and what to do.
struct file_failure {
  int error = 0; ///< errno
  std::string text;

  /// No room: ENOSPC, or a quota that is used up.
  [[nodiscard]] bool disk_full() const noexcept;

  /// The Win32 error that says the same to programs.
  [[nodiscard]] DWORD code() const noexcept;
};

/// "WHAT: MESSAGE", and what to do about it.
[[nodiscard]] file_failure make_file_failure(const std::string& what, int error);

} // namespace fleetcast::apps
