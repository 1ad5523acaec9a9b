#include "protocol/receive/block_mend.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <cstring>

namespace fleetcast::protocol {

std::optional<wire::fetch> block_mend::ask(timestamp now) {
  if (now < due_ || is_done())
    return std::nullopt;
  due_ = now + defaults::fetch_patience;
  if (leaves_.empty())
    return wire::fetch{block_, false, true, 0};
  return wire::fetch{block_, false, false, wrong_};
}

bool block_mend::take(timestamp now, const wire::leaf_digests& leaves,
                      std::span<const std::byte> block) {
  due_ = now;
  if (leaves.size() != leaf_count() || wire::digest_of_leaves(size_, leaves) != expected_)
    return false;
  const auto own = wire::leaf_digests_of(block.first(size_));
  leaves_ = leaves;
  wrong_ = 0;
  for (std::size_t i = 0; i < own.size(); ++i)
    if (own[i] != leaves_[i])
      wrong_ = static_cast<std::uint16_t>(wrong_ | 1U << i);
  return true;
}

bool block_mend::take(const wire::fetched_leaf& leaf, std::span<std::byte> block) {
  const auto is_asked = leaf.index < leaves_.size() && (wrong_ >> leaf.index & 1U) != 0;
  // One that came twice is no harm.
  if (!is_asked)
    return leaf.index < leaves_.size();
  if (leaf.bytes.size() != leaf_size(leaf.index)
      || wire::leaf_digests_of(leaf.bytes) != wire::leaf_digests{leaves_[leaf.index]})
    return false;
  std::memcpy(block.data() + leaf.index * wire::digest_leaf, leaf.bytes.data(), leaf.bytes.size());
  wrong_ = static_cast<std::uint16_t>(wrong_ & ~(1U << leaf.index));
  return true;
}

void block_mend::take(timestamp now, wire::fetched_nothing) noexcept {
  due_ = now + defaults::fetch_pause;
}

std::size_t block_mend::leaf_count() const noexcept {
  return (size_ + wire::digest_leaf - 1) / wire::digest_leaf;
}

std::size_t block_mend::leaf_size(std::size_t index) const noexcept {
  return std::min(wire::digest_leaf, size_ - index * wire::digest_leaf);
}

} // namespace fleetcast::protocol
