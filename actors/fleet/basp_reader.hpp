/// Reads values from a payload as CAF's binary serializer wrote them.
///
/// Never reads past the end. The first value that does not fit makes the reader bad for good; numbers are 0
/// from then on and texts empty, so that callers check once, at the end.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fleetcast::actors::fleet::basp {

using bytes_view = std::span<const std::uint8_t>;

/// A process, as CAF names it: of a kind that its first bytes tell (is_node_id).
using node_id = std::array<std::uint8_t, 32>;

class reader {
public:
  explicit reader(bytes_view bytes) noexcept : left_(bytes) {}

  /// Everything fitted, and nothing is left.
  bool is_at_end() const noexcept { return good_ && left_.empty(); }

  template <std::unsigned_integral T>
  T number() noexcept {
    std::uint64_t value = 0;
    for (const auto byte : take(sizeof(T)))
      value = (value << 8U) | byte;
    return static_cast<T>(value);
  }

  /// 0 or 1; no other byte stands for a truth value.
  void flag() noexcept {
    if (number<std::uint8_t>() > 1)
      good_ = false;
  }

  /// A count, seven bits a byte, the low ones first. CAF writes the shortest form, so no other is read.
  std::uint32_t count() noexcept {
    constexpr unsigned longest = 28; // the fifth group of a 32-bit number
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift <= longest; shift += 7) {
      const auto byte = number<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) != 0)
        continue;
      if (value > 0xFFFFFFFFU || (byte == 0 && shift > 0))
        break;
      return good_ ? static_cast<std::uint32_t>(value) : 0;
    }
    good_ = false;
    return 0;
  }

  std::string_view text() noexcept {
    const auto bytes = take(count());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  node_id node() noexcept {
    node_id result{};
    const auto bytes = take(result.size());
    std::copy(bytes.begin(), bytes.end(), result.begin());
    return result;
  }

private:
  bytes_view take(std::size_t size) noexcept {
    if (!good_ || size > left_.size()) {
      good_ = false;
      return {};
    }
    const auto result = left_.first(size);
    left_ = left_.subspan(size);
    return result;
  }

  bytes_view left_;
  bool good_ = true;
};

} // namespace fleetcast::actors::fleet::basp
