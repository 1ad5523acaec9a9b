#include "protocol/receive/block_assembler.hpp"

#include "protocol/require.hpp"

#include <cassert>
#include <cstring>
#include <utility>

namespace fleetcast::protocol {

block_assembler::block_assembler(block_buffer memory, std::uint16_t k, std::uint16_t symbol_size)
  : memory_(std::move(memory)),
    k_(k),
    symbol_size_(symbol_size) {
  REQUIRE(memory_ != nullptr);
  REQUIRE(k > 0 && k <= defaults::max_encoding_symbols, k);
  ids_.fill(empty);
}

std::size_t block_assembler::lowest_empty() noexcept {
  while (ids_[filled_below_] != empty)
    ++filled_below_;
  return filled_below_;
}

std::span<std::byte> block_assembler::place(symbol_id id) {
  assert(!whole() && id < defaults::max_encoding_symbols);
  if (held_[id])
    return {};
  if (id >= k_) {
    placed_ = lowest_empty();
  } else {
    placed_ = id;
    if (ids_[id] != empty) {
      // A repair symbol sits here: it moves, even if the newcomer turns out to be forged.
      const auto to = lowest_empty();
      std::memcpy(slot(to), slot(id), symbol_size_);
      ids_[to] = std::exchange(ids_[id], empty);
      filled_below_ = std::min(filled_below_, id);
    }
  }
  return {slot(placed_), symbol_size_};
}

void block_assembler::commit(symbol_id id, std::size_t size) {
  assert(ids_[placed_] == empty && !held_[id]);
  std::memset(slot(placed_) + size, 0, symbol_size_ - size);
  ids_[placed_] = id;
  held_[id] = true;
  ++count_;
}

std::uint16_t block_assembler::restore(fec_decoder& decoder) {
  REQUIRE(whole(), count_, k_);
  std::uint16_t rebuilt = 0;
  for (std::size_t i = 0; i < k_; ++i)
    rebuilt = static_cast<std::uint16_t>(rebuilt + (ids_[i] != i ? 1 : 0));
  if (rebuilt > 0)
    decoder.decode({memory_.get(), std::size_t{k_} * symbol_size_}, {ids_.data(), k_});
  return rebuilt;
}

void block_assembler::reset() noexcept {
  ids_.fill(empty);
  held_.reset();
  count_ = 0;
  filled_below_ = 0;
}

bool block_assembler::validate() const noexcept {
  std::size_t filled = 0;
  for (std::size_t i = 0; i < k_; ++i) {
    if (ids_[i] == empty)
      continue;
    ++filled;
    if (!held_[ids_[i]] || (ids_[i] < k_ && ids_[i] != i))
      return false;
  }
  return filled == count_ && held_.count() == count_;
}

} // namespace fleetcast::protocol
