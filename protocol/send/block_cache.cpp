#include "protocol/send/block_cache.hpp"

#include "protocol/require.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::protocol {

const_block_buffer block_cache::find(block_number block) {
  const auto i = entries_.find(block);
  if (i == entries_.end())
    return nullptr;
  uses_.splice(uses_.begin(), uses_, i->second.use);
  return i->second.bytes;
}

bool block_cache::holds(block_number block) const {
  const auto i = entries_.find(block);
  return i != entries_.end() && i->second.bytes;
}

bool block_cache::reserve(block_number block, bool pinned) {
  REQUIRE(!knows(block), block);
  if (entries_.size() >= capacity_ && !make_room())
    return false;
  uses_.push_front(block);
  entries_.emplace(block, entry{nullptr, pinned, uses_.begin()});
  ++pending_;
  return true;
}

void block_cache::put(block_number block, const_block_buffer bytes) {
  const auto i = entries_.find(block);
  if (i == entries_.end() || i->second.bytes)
    return;
  i->second.bytes = std::move(bytes);
  --pending_;
}

bool block_cache::make_room() {
  const auto victim = std::find_if(uses_.rbegin(), uses_.rend(), [this](block_number block) {
    const auto& e = entries_.at(block);
    return e.bytes && !e.pinned;
  });
  if (victim == uses_.rend())
    return false;
  entries_.erase(*victim);
  uses_.erase(std::next(victim).base());
  return true;
}

void block_cache::set_pinned(block_number block, bool pinned) {
  if (const auto i = entries_.find(block); i != entries_.end())
    i->second.pinned = pinned;
}

bool block_cache::validate() const {
  const auto pending = std::count_if(entries_.begin(), entries_.end(),
                                     [](const auto& e) { return e.second.bytes == nullptr; });
  const auto in_order = std::all_of(uses_.begin(), uses_.end(), [this](block_number b) {
    const auto i = entries_.find(b);
    return i != entries_.end() && *i->second.use == b;
  });
  return in_order && uses_.size() == entries_.size() && entries_.size() <= capacity_
         && static_cast<std::size_t>(pending) == pending_;
}

} // namespace fleetcast::protocol
