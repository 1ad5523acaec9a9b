/// Memory of one block, shared by whoever still needs it.
///
/// Written by one owner while a block is being assembled or read; immutable from the moment it is
/// handed on. The last holder's release gives the memory back to where it came from, from any
/// thread: allocators must expect that.
#pragma once

#include <cstddef>
#include <memory>

namespace fleetcast::protocol {

/// `geometry::block_size()` bytes, page aligned where the allocator says so.
using block_buffer = std::shared_ptr<std::byte>;

/// The same bytes once they may no longer change.
using const_block_buffer = std::shared_ptr<const std::byte>;

/// A fixed number of equal buffers, whoever keeps them.
class block_allocator {
public:
  virtual ~block_allocator() = default;

  /// A buffer, or null when all are in use. Contents are unspecified.
  [[nodiscard]] virtual block_buffer allocate() = 0;

  /// Buffers that `allocate` could hand out now.
  [[nodiscard]] virtual std::size_t available() const noexcept = 0;

  /// Buffers in all.
  [[nodiscard]] virtual std::size_t capacity() const noexcept = 0;
};

} // namespace fleetcast::protocol
