/// Which delivered buffers somebody may still look at.
///
/// Two kinds of holders, counted apart so that a consumer's surplus ReleaseBuffer never frees what the
/// library itself still promised: the library's (the callback that runs, the block not completed yet)
/// and the consumer's (AddRefBuffer).
#pragma once

#include "api/wdstci.h"
#include "protocol/block_buffer.hpp"

#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace fleetcast::api {

/// Any thread. Memory is given back outside the lock.
class buffer_registry {
public:
  /// One more promise of the library; the first makes the buffer known.
  void hold(const protocol::const_block_buffer& buffer);

  /// One promise less.
  void drop(const void* buffer) noexcept;

  /// The consumer's AddRefBuffer and ReleaseBuffer.
  [[nodiscard]] DWORD add_reference(const void* buffer) noexcept;
  [[nodiscard]] DWORD release_reference(const void* buffer) noexcept;

  /// Forgets all: the consumer's references end with Shutdown (R-BUF-9).
  void clear() noexcept;

  /// Buffers known.
  std::size_t size() const;

private:
  struct entry {
    protocol::const_block_buffer buffer;
    std::size_t promises = 0;
    std::size_t references = 0;
  };

  using table = std::unordered_map<const void*, entry>;

  protocol::const_block_buffer take_if_unused(table::iterator position) noexcept;

  mutable std::mutex mutex_;
  table entries_;
};

} // namespace fleetcast::api
