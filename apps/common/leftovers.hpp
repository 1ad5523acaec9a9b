/// Hidden files of transfers, and what is left of them when a process is killed.
///
/// As long as its process lives, a hidden file is locked (flock): one that can be locked is nobody's. A journal beside it
/// (journal.hpp) says that it is kept, for the next transfer to the same target to continue it (kept_copy.hpp).
#pragma once

#include "apps/common/descriptor.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::apps {

/// Random letters behind hidden_prefix.
constexpr std::size_t random_letters = 6;

/// ".fleetcast-HASH-": for a target of this name. Short whatever a target is called.
[[nodiscard]] std::string hidden_prefix(const std::string& target_name);

/// Of the journal beside a hidden file.
[[nodiscard]] std::string journal_name_of(std::string_view hidden_name);

/// The hidden files in `directory` of transfers to `target_name`, and their journals.
[[nodiscard]] std::vector<std::string> list_hidden(const descriptor& directory,
                                                   const std::string& target_name);

[[nodiscard]] bool has_name(const descriptor& directory, const std::string& name) noexcept;

/// False: it belongs to a process that lives.
[[nodiscard]] bool lock_hidden(const descriptor& file) noexcept;

/// Removes what was left in `directory` of transfers to `target_name`, but nothing that is kept.
void sweep_leftovers(const descriptor& directory, const std::string& target_name);

/// The same once the target is whole: kept copies, too.
void sweep_superseded(const descriptor& directory, const std::string& target_name);

/// Removes what was left of any transfer in `directory` and below, but nothing that is kept. Does not leave the file system,
/// nor follow links, and stops after a bounded number of entries. Returns how many files it removed.
std::size_t sweep_tree(const std::string& directory);

} // namespace fleetcast::apps
