/// What the server has to give, and what a session must get of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fleetcast::walker {

/// Small symbols: few bytes make many blocks.
constexpr std::uint16_t symbol_size = 512;
constexpr std::uint16_t source_symbols = 16;
constexpr std::uint32_t block_size = std::uint32_t{symbol_size} * source_symbols;

struct object {
  std::string name;
  std::vector<std::byte> content;
  std::vector<std::byte> metadata; ///< empty: none

  std::size_t blocks() const noexcept { return (content.size() + block_size - 1) / block_size; }
  std::uint32_t size_of(std::size_t block) const noexcept;
  bool has(std::uint64_t offset, std::span<const std::byte> bytes) const noexcept;
};

/// From nothing to a few MiB, at and around the borders of blocks; some with metadata.
std::vector<object> make_objects(std::uint64_t seed);

/// Where a server finds them.
void write_objects(const std::vector<object>& objects, const std::filesystem::path& directory);

} // namespace fleetcast::walker
