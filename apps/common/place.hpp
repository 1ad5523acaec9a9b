/// Whether a name in a directory can be given to a file: what would stop the last step of a transfer, found before the
/// first.
#pragma once

#include "apps/common/descriptor.hpp"
#include "apps/common/file_failure.hpp"

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace fleetcast::apps {

/// A rename to `name` would fail: something other than a regular file has it, a flag of the file or of the directory forbids it
/// (chattr +i, +a), it is a mount point, or somebody else's in a sticky directory. `target` is how messages call it.
[[nodiscard]] std::optional<file_failure>
refusal_of_name(const descriptor& directory, const std::string& name, const std::string& target);

/// The file system of `file` has less to give than `bytes` and what the file takes up already. Nothing if it does not say.
[[nodiscard]] std::optional<file_failure>
refusal_of_size(const descriptor& file, std::uint64_t bytes, const std::string& target);

/// Mode (without set-id bits), owner and access list of the regular file that has `name`, if one has, are given to
/// `file`, as far as this process may; and its owner gets `permissions` of the mode in any case.
void take_over_access(const descriptor& directory, const std::string& name, const descriptor& file,
                      mode_t permissions = 0) noexcept;

} // namespace fleetcast::apps
