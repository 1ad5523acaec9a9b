#include "actors/io/block_pool.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

namespace fleetcast::actors::io {

namespace {

/// What direct I/O and the page cache work in.
constexpr std::size_t page = 4096;

constexpr std::size_t whole_pages(std::size_t size) noexcept {
  return (size + page - 1) / page * page;
}

} // namespace

std::shared_ptr<block_pool> block_pool::make(std::size_t block_size, std::size_t count) {
  return std::shared_ptr<block_pool>{new block_pool{block_size, count}};
}

block_pool::block_pool(std::size_t block_size, std::size_t count)
  : block_size_(block_size),
    capacity_(count) {
  assert(block_size > 0 && count > 0);
  free_.reserve(count);
}

block_pool::~block_pool() {
  for (auto* buffer : free_)
    std::free(buffer);
}

protocol::block_buffer block_pool::allocate() {
  auto* buffer = take();
  if (buffer == nullptr)
    return nullptr;
  // Should the control block find no memory, shared_ptr calls the deleter before it throws.
  return protocol::block_buffer{
    buffer, [pool = shared_from_this()](std::byte* returned) { pool->give_back(returned); }};
}

std::size_t block_pool::available() const noexcept {
  const std::lock_guard guard{mutex_};
  return capacity_ - statistics_.in_use;
}

block_pool::statistics block_pool::snapshot() const {
  const std::lock_guard guard{mutex_};
  return statistics_;
}

std::byte* block_pool::take() {
  const std::lock_guard guard{mutex_};
  std::byte* buffer = nullptr;
  if (!free_.empty()) {
    buffer = free_.back();
    free_.pop_back();
  } else if (statistics_.made < capacity_) {
    buffer = static_cast<std::byte*>(std::aligned_alloc(page, whole_pages(block_size_)));
    statistics_.made += buffer == nullptr ? 0 : 1;
  }
  if (buffer == nullptr) {
    ++statistics_.refusals;
    return nullptr;
  }
  ++statistics_.allocations;
  ++statistics_.in_use;
  statistics_.most_in_use = std::max(statistics_.most_in_use, statistics_.in_use);
  return buffer;
}

void block_pool::give_back(std::byte* buffer) noexcept {
  const std::lock_guard guard{mutex_};
  free_.push_back(buffer); // within what was reserved: cannot throw
  --statistics_.in_use;
}

} // namespace fleetcast::actors::io
