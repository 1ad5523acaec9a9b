/// Numbers, bytes and texts one after the other, numbers with their least byte first.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

template <std::unsigned_integral Integer>
void put(std::vector<std::byte>& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

inline void put(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

inline void put(std::vector<std::byte>& out, std::string_view text) {
  put(out, std::as_bytes(std::span{text}));
}

} // namespace fleetcast::actors
