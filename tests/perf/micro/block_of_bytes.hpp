/// What the benchmarks work on: one block of the size that travels by default.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/defaults.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace fleetcast::perf {

constexpr std::uint16_t symbol_bytes = protocol::defaults::symbol_size;
constexpr std::uint16_t source_symbols = protocol::defaults::source_symbols;
constexpr std::size_t block_bytes = std::size_t{symbol_bytes} * source_symbols;

inline std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937_64 random{4711};
  std::vector<std::byte> result(size);
  std::generate(result.begin(), result.end(), [&] { return static_cast<std::byte>(random()); });
  return result;
}

inline protocol::block_buffer empty_block() {
  return {new std::byte[block_bytes]{}, std::default_delete<std::byte[]>{}};
}

} // namespace fleetcast::perf
