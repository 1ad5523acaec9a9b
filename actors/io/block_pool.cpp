#include "actors/io/block_pool.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace fleetcast::actors::io {

namespace {

/// What direct I/O and the page cache work in.
constexpr std::size_t page = huge_region::small_page;

/// Memory that is mapped at a time; a single buffer may be longer.
constexpr std::size_t slab = 8 * huge_region::huge_page;

#if defined(__SANITIZE_ADDRESS__)
// The sanitizer knows nothing of our buffers: what is none, or is free, or lies between two, must not be touched.
constexpr std::size_t gap = page;
void forbid(std::byte* memory, std::size_t size) noexcept {
  __asan_poison_memory_region(memory, size);
}
void permit(std::byte* memory, std::size_t size) noexcept {
  __asan_unpoison_memory_region(memory, size);
}
#else
constexpr std::size_t gap = 0;
void forbid(std::byte* /*memory*/, std::size_t /*size*/) noexcept {}
void permit(std::byte* /*memory*/, std::size_t /*size*/) noexcept {}
#endif

/// From one buffer to the next.
constexpr std::size_t stride(std::size_t block_size) noexcept {
  return (block_size + page - 1) / page * page + gap;
}

constexpr std::size_t buffers_in_slab(std::size_t block_size) noexcept {
  return std::max<std::size_t>(1, slab / stride(block_size));
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
  slabs_.reserve(count / buffers_in_slab(block_size) + 1);
}

block_pool::~block_pool() {
  for (const auto& each : slabs_)
    permit(each.data(), each.size()); // whoever is given these addresses next may use them
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
    buffer = make_one();
  }
  if (buffer == nullptr) {
    ++statistics_.refusals;
    return nullptr;
  }
  permit(buffer, block_size_);
  ++statistics_.allocations;
  ++statistics_.in_use;
  statistics_.most_in_use = std::max(statistics_.most_in_use, statistics_.in_use);
  return buffer;
}

std::byte* block_pool::make_one() {
  const auto step = stride(block_size_);
  if (slabs_.empty() || slabs_.back().size() - carved_ < step) {
    const auto buffers = std::min(buffers_in_slab(block_size_), capacity_ - statistics_.made);
    auto fresh = huge_region::map(buffers * step);
    if (!fresh)
      return nullptr;
    forbid(fresh->data(), fresh->size());
    slabs_.push_back(std::move(*fresh));
    carved_ = 0;
  }
  auto* const buffer = slabs_.back().data() + carved_;
  carved_ += step;
  ++statistics_.made;
  return buffer;
}

void block_pool::give_back(std::byte* buffer) noexcept {
  const std::lock_guard guard{mutex_};
  forbid(buffer, block_size_);
  free_.push_back(buffer); // within what was reserved: cannot throw
  --statistics_.in_use;
}

} // namespace fleetcast::actors::io
