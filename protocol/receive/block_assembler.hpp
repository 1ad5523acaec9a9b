/// One block in assembly: k slots, filled with whatever different symbols of the block arrive.
///
/// A source symbol goes to the slot of its own number, so a block without losses is in order when it
/// is whole. A repair symbol takes the lowest empty slot; when the source symbol of that slot arrives
/// after all, the repair symbol moves on. No memory beyond the block's own.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/defaults.hpp"
#include "protocol/fec.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fleetcast::protocol {

class block_assembler {
public:
  /// `memory` holds k x symbol_size bytes.
  block_assembler(block_buffer memory, std::uint16_t k, std::uint16_t symbol_size);

  /// Where symbol `id` shall be written (symbol_size bytes), or an empty span when it is held
  /// already. Nothing is held until `commit`. Requires !whole() and id < 255.
  [[nodiscard]] std::span<std::byte> place(symbol_id id);

  /// The first `size` bytes at `place(id)` were written and are authentic.
  void commit(symbol_id id, std::size_t size);

  bool holds(symbol_id id) const noexcept { return held_[id]; }

  /// Symbols held.
  std::uint16_t count() const noexcept { return count_; }

  /// Symbols lacking.
  std::uint16_t need() const noexcept { return static_cast<std::uint16_t>(k_ - count_); }

  bool whole() const noexcept { return count_ == k_; }

  /// Puts all source symbols in place. Returns how many had to be rebuilt. Requires whole().
  std::uint16_t restore(fec_decoder& decoder);

  /// Forgets all symbols and keeps the memory.
  void reset() noexcept;

  const block_buffer& memory() const noexcept { return memory_; }

  [[nodiscard]] bool validate() const noexcept;

private:
  static constexpr symbol_id empty = UINT16_MAX;

  std::byte* slot(std::size_t index) const noexcept { return memory_.get() + index * symbol_size_; }
  std::size_t lowest_empty() noexcept;

  block_buffer memory_;
  std::uint16_t k_;
  std::uint16_t symbol_size_;
  std::uint16_t count_ = 0;

  /// No slot below this is empty.
  std::uint16_t filled_below_ = 0;

  /// Slot that `place` chose for the symbol to be committed.
  std::size_t placed_ = 0;

  std::array<symbol_id, defaults::max_encoding_symbols> ids_;
  std::bitset<defaults::max_encoding_symbols> held_;
};

} // namespace fleetcast::protocol
