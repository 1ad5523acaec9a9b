#include "protocol/receive/held_blocks.hpp"

#include "protocol/require.hpp"

#include <algorithm>

namespace fleetcast::protocol {

void held_blocks::add(block_number first, block_number end) {
  const auto fits = unread_.insert(first, end) && untold_.insert(first, end);
  ENSURE(fits, first, end);
  size_ += end - first;
}

held_blocks::verdict held_blocks::on_read(block_number block, const wire::digest& digest) {
  REQUIRE(is_unread(block), block);
  return take(unread_, block, digest);
}

held_blocks::verdict held_blocks::on_told(block_number block, const wire::digest& digest) {
  REQUIRE(is_untold(block), block);
  return take(untold_, block, digest);
}

held_blocks::verdict held_blocks::take(interval_set& awaited, block_number block,
                                       const wire::digest& digest) {
  const auto [other, is_first] = digests_.try_emplace(block, digest);
  if (is_first) {
    awaited.erase(block, block + 1);
    return verdict::open;
  }
  const auto result = other->second == digest ? verdict::proven : verdict::refuted;
  remove(block);
  return result;
}

void held_blocks::remove(block_number block) {
  size_ -= contains(block) ? 1 : 0;
  unread_.erase(block, block + 1);
  untold_.erase(block, block + 1);
  digests_.erase(block);
}

bool held_blocks::validate() const {
  // Of each block at least one digest is awaited, and the other one is here or awaited, too.
  const auto both_awaited = static_cast<std::size_t>(unread_.size() + untold_.size()) - size_;
  return unread_.validate() && untold_.validate() && digests_.size() + both_awaited == size_
         && std::all_of(digests_.begin(), digests_.end(), [this](const auto& entry) {
              return is_unread(entry.first) != is_untold(entry.first);
            });
}

} // namespace fleetcast::protocol
