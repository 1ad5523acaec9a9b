/// Reused, page-aligned memory for blocks.
#pragma once

#include "actors/io/huge_region.hpp"
#include "protocol/block_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace fleetcast::actors::io {

/// A bounded number of equal buffers. Memory is taken from the system only when first needed, and the
/// buffer returned last is handed out first: touching fresh memory costs more than anything that is
/// done with it, and the last one is still in the cache. They lie side by side in huge pages: direct I/O pins
/// and maps a block as one piece, not page by page (docs/decisions/0015).
///
/// Any thread may allocate and any thread may let a buffer go. Buffers keep the pool alive, so they
/// may outlive whoever made it.
class block_pool final : public protocol::block_allocator,
                         public std::enable_shared_from_this<block_pool> {
public:
  struct statistics {
    std::uint64_t allocations = 0; ///< buffers handed out so far
    std::uint64_t refusals = 0;    ///< asked while all were in use, or the system had no memory
    std::size_t in_use = 0;
    std::size_t most_in_use = 0;
    std::size_t made = 0; ///< buffers that exist; their memory comes by huge pages
  };

  /// A pool of at most `count` buffers of `block_size` bytes; both at least 1. Buffers are aligned to
  /// pages; what `block_size` lacks to whole pages lies behind the buffer, unused.
  [[nodiscard]] static std::shared_ptr<block_pool> make(std::size_t block_size, std::size_t count);

  ~block_pool() override;

  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  [[nodiscard]] protocol::block_buffer allocate() override;
  [[nodiscard]] std::size_t available() const noexcept override;
  [[nodiscard]] std::size_t capacity() const noexcept override { return capacity_; }

  std::size_t block_size() const noexcept { return block_size_; }
  statistics snapshot() const;

private:
  block_pool(std::size_t block_size, std::size_t count);

  std::byte* take();
  std::byte* make_one();
  void give_back(std::byte* buffer) noexcept;

  std::size_t block_size_;
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::vector<huge_region> slabs_; ///< reserved for all
  std::size_t carved_ = 0;         ///< bytes of the last slab that are buffers
  std::vector<std::byte*> free_;   ///< reserved for all: giving back never allocates
  statistics statistics_;
};

} // namespace fleetcast::actors::io
