/// Hidden files of transfers, and what is left of them when a process is killed.
///
/// As long as its process lives, a hidden file is locked (flock): one that can be locked is nobody's.
#pragma once

#include "apps/common/descriptor.hpp"

#include <cstddef>
#include <string>

namespace fleetcast::apps {

/// Random letters behind hidden_prefix.
constexpr std::size_t random_letters = 6;

/// ".fleetcast-HASH-": for a target of this name. Short whatever a target is called.
[[nodiscard]] std::string hidden_prefix(const std::string& target_name);

/// False: it belongs to a process that lives.
[[nodiscard]] bool lock_hidden(const descriptor& file) noexcept;

/// Removes what was left in `directory` of transfers to `target_name`.
void sweep_leftovers(const descriptor& directory, const std::string& target_name);

/// Removes what was left of any transfer in `directory` and below. Does not leave the file system, nor follow links, and
/// stops after a bounded number of entries. Returns how many files it removed.
std::size_t sweep_tree(const std::string& directory);

} // namespace fleetcast::apps
