/// Manifests whose signature nobody has checked: more came than the budget allows.
///
/// A whole block without a digest knows its own: a manifest that names it is worth a check, and what a forger makes
/// up never is. Bounded; the oldest goes.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/wire/data_messages.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace fleetcast::protocol {

class manifest_pool {
public:
  void put(wire::manifest message) {
    if (pool_.size() == defaults::manifest_pool) {
      pool_.pop_front();
      has_lost_some_ = true;
    }
    pool_.push_back(std::move(message));
  }

  /// Takes out the newest that says `digest` of `block`.
  std::optional<wire::manifest> take(block_number block, const wire::digest& digest) {
    const auto i = std::find_if(pool_.rbegin(), pool_.rend(),
                                [&](const wire::manifest& m) { return says(m, block, digest); });
    if (i == pool_.rend())
      return std::nullopt;
    auto result = std::move(*i);
    pool_.erase(std::next(i).base());
    return result;
  }

  bool empty() const noexcept { return pool_.empty(); }
  std::size_t size() const noexcept { return pool_.size(); }

  /// Some were lost unchecked, perhaps genuine ones.
  bool has_lost_some() const noexcept { return has_lost_some_; }

private:
  static bool says(const wire::manifest& m, block_number block, const wire::digest& digest) {
    return block >= m.first_block && block - m.first_block < m.digests.size()
           && m.digests[block - m.first_block] == digest;
  }

  std::deque<wire::manifest> pool_;
  bool has_lost_some_ = false;
};

} // namespace fleetcast::protocol
