#include "protocol/geometry.hpp"

namespace fleetcast::protocol {

std::optional<geometry> geometry::make(std::uint64_t object_size, std::uint16_t symbol_size,
                                       std::uint16_t source_symbols) noexcept {
  if (symbol_size == 0 || symbol_size > defaults::max_symbol_size)
    return std::nullopt;
  if (source_symbols == 0 || source_symbols >= defaults::max_encoding_symbols)
    return std::nullopt;
  const auto block_size = std::uint64_t{symbol_size} * source_symbols;
  const auto blocks = object_size / block_size + (object_size % block_size != 0 ? 1 : 0);
  if (blocks > defaults::max_blocks)
    return std::nullopt;
  return geometry{object_size, symbol_size, source_symbols, static_cast<block_number>(blocks)};
}

std::uint16_t geometry::symbols_in(std::size_t bytes) const noexcept {
  return static_cast<std::uint16_t>((bytes + symbol_size_ - 1) / symbol_size_);
}

std::uint16_t geometry::symbol_bytes(block_number block, std::uint16_t esi) const noexcept {
  const auto rest = size_of(block) - std::size_t{esi} * symbol_size_;
  return rest < symbol_size_ ? static_cast<std::uint16_t>(rest) : symbol_size_;
}

} // namespace fleetcast::protocol
