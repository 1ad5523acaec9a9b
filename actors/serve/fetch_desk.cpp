#include "actors/serve/fetch_desk.hpp"

#include "protocol/wire/block_digest.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace fleetcast::actors {

namespace {

namespace wire = protocol::wire;

std::size_t leaves_of(const wire::fetch& asked) {
  return static_cast<std::size_t>(std::popcount(asked.leaves));
}

/// Bytes of an answer: the leaves, and another for all else.
std::size_t cost_of(const wire::fetch& asked) {
  return (leaves_of(asked) + 1) * wire::digest_leaf;
}

bool needs_block(const wire::fetch& asked) {
  return asked.leaf_digests || leaves_of(asked) > 0;
}

} // namespace

fetch_desk::decision fetch_desk::decide(protocol::timestamp now, protocol::receiver_id from,
                                        const wire::fetch& asked, const block_finder& in_memory) {
  if (!allowances_[from].take(now, cost_of(asked)))
    return {verdict::refuse, nullptr};
  if (!needs_block(asked))
    return {verdict::answer, nullptr};
  if (auto block = in_memory(asked.block))
    return {verdict::answer, std::move(block)};
  if (waiting_.size() >= most_waiting)
    return {verdict::refuse, nullptr};
  const auto is_ordered
    = std::any_of(waiting_.begin(), waiting_.end(),
                  [&](const waiting_fetch& other) { return other.asked.block == asked.block; });
  waiting_.push_back({from, asked});
  return {is_ordered ? verdict::wait : verdict::read, nullptr};
}

std::vector<fetch_desk::waiting_fetch> fetch_desk::take(protocol::block_number number) {
  const auto first = std::stable_partition(
    waiting_.begin(), waiting_.end(),
    [number](const waiting_fetch& waiting) { return waiting.asked.block != number; });
  std::vector<waiting_fetch> result(first, waiting_.end());
  waiting_.erase(first, waiting_.end());
  return result;
}

} // namespace fleetcast::actors
