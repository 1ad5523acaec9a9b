/// What earlier transfers to a target left of it: finds the one to continue.
///
/// Continued is a hidden file with a journal (journal.hpp) that both belong to this user, have one name each, and nobody
/// may do more with than with what was made. Whatever else has such a name, a stranger may have put there: it is left
/// alone, and named. What this user left and cannot be continued is removed, and named, too. A hidden file that another
/// process holds is that one's.
///
/// Nothing of this proves a byte: digests do (fleetcast_ext.h: FleetcastHold).
#pragma once

#include "apps/common/descriptor.hpp"
#include "apps/common/disk_journal.hpp"
#include "apps/common/journal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::apps {

struct kept_copy {
  descriptor file; ///< the hidden one, locked
  std::string hidden_name;
  std::unique_ptr<disk_journal> journal;
  journal_story story;
};

struct kept_search {
  std::optional<kept_copy> found;   ///< the one with the most bytes
  std::vector<std::string> remarks; ///< what was left alone or removed, and why: sentences
};

/// In `directory`, for a copy of `wanted` as `target_name`. The server may be another one than it was: it may have moved.
/// `fresh`: none is continued, all are removed.
[[nodiscard]] kept_search find_kept(const descriptor& directory, const std::string& target_name,
                                    const copy_source& wanted, bool fresh);

} // namespace fleetcast::apps
