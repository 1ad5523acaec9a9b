/// How an object is cut into source blocks and symbols (RFC 5052's partitioning, with equal blocks
/// and a shorter last one).
#pragma once

#include "protocol/defaults.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

/// Number of a source block: SBN.
using block_number = std::uint32_t;

/// Immutable arithmetic over one object's partitioning. All sizes in bytes.
class geometry {
public:
  /// Checks what a peer announced. Nothing if the symbol size is 0 or beyond `max_symbol_size`, k is
  /// 0 or leaves no repair symbol, or the object has more than `max_blocks` blocks.
  [[nodiscard]] static std::optional<geometry>
  make(std::uint64_t object_size, std::uint16_t symbol_size, std::uint16_t source_symbols) noexcept;

  std::uint64_t object_size() const noexcept { return object_size_; }
  std::uint16_t symbol_size() const noexcept { return symbol_size_; }

  /// k of a full block.
  std::uint16_t source_symbols() const noexcept { return source_symbols_; }

  /// Size of a full block: the unit of memory, credit and verification.
  std::size_t block_size() const noexcept { return std::size_t{symbol_size_} * source_symbols_; }

  /// Number of blocks; 0 for an empty object.
  block_number block_count() const noexcept { return block_count_; }

  /// Where block `block` begins in the object.
  std::uint64_t offset_of(block_number block) const noexcept {
    return std::uint64_t{block} * block_size();
  }

  /// Bytes of the object in block `block`: `block_size()` but for the last.
  std::size_t size_of(block_number block) const noexcept {
    return is_full(block) ? block_size()
                          : static_cast<std::size_t>(object_size_ - offset_of(block));
  }

  /// k of block `block`. Asked several times for each datagram, so that only the last block takes a division.
  std::uint16_t source_symbols_of(block_number block) const noexcept {
    return is_full(block) ? source_symbols_ : symbols_in(size_of(block));
  }

  /// Bytes of source symbol `esi` of block `block` that belong to the object: `symbol_size()` but
  /// for the object's very last symbol. The rest of that symbol counts as zeros in the erasure code
  /// and never travels.
  std::uint16_t symbol_bytes(block_number block, std::uint16_t esi) const noexcept;

  friend bool operator==(const geometry&, const geometry&) = default;

private:
  geometry(std::uint64_t object_size, std::uint16_t symbol_size, std::uint16_t source_symbols,
           block_number block_count) noexcept
    : object_size_(object_size),
      symbol_size_(symbol_size),
      source_symbols_(source_symbols),
      block_count_(block_count) {}

  bool is_full(block_number block) const noexcept {
    return object_size_ - offset_of(block) >= block_size();
  }
  std::uint16_t symbols_in(std::size_t bytes) const noexcept;

  std::uint64_t object_size_;
  std::uint16_t symbol_size_;
  std::uint16_t source_symbols_;
  block_number block_count_;
};

} // namespace fleetcast::protocol
