/// Digests that manifests announced, until their blocks are verified.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/wire/data_messages.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <unordered_map>

namespace fleetcast::protocol {

/// Bounded: beyond `capacity` the oldest digest goes; should its block still come to completion, the
/// manifest is requested again.
class digest_store {
public:
  explicit digest_store(std::size_t capacity) : capacity_(capacity) {}

  void put(block_number block, const wire::digest& digest) {
    if (!digests_.insert_or_assign(block, digest).second)
      return;
    order_.push_back(block);
    if (order_.size() <= capacity_)
      return;
    digests_.erase(order_.front());
    order_.pop_front();
  }

  /// Null when it is not known.
  const wire::digest* find(block_number block) const {
    const auto i = digests_.find(block);
    return i == digests_.end() ? nullptr : &i->second;
  }

  void erase(block_number block) {
    if (digests_.erase(block) > 0)
      order_.erase(std::find(order_.begin(), order_.end(), block));
  }

  /// Those whose digests are known, oldest first.
  const std::deque<block_number>& blocks() const noexcept { return order_; }

  std::size_t size() const noexcept { return digests_.size(); }

private:
  std::size_t capacity_;
  std::unordered_map<block_number, wire::digest> digests_;

  /// Their blocks, oldest first.
  std::deque<block_number> order_;
};

} // namespace fleetcast::protocol
