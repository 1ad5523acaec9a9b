/// How much of a listing one control message has room for.
#pragma once

#include "protocol/wire/control_messages.hpp"

#include <cstddef>

namespace fleetcast::protocol::wire {

class listing_room {
public:
  /// Whether the page has room for this entry, too; then it is taken up.
  [[nodiscard]] bool take(const listed& entry) noexcept {
    const auto size = size_of(entry);
    if (size > bytes_ || entries_ == 0)
      return false;
    bytes_ -= size;
    --entries_;
    return true;
  }

private:
  /// Its fixed part with two pointers, and its name with a zero byte, filled up to whole words.
  static constexpr std::size_t size_of(const listed& entry) noexcept {
    constexpr std::size_t fixed = 48;
    constexpr std::size_t word = 8;
    return fixed + (entry.name.size() / word + 1) * word;
  }

  /// For the cursor and all that is around a list.
  static constexpr std::size_t around = 1024;

  std::size_t bytes_ = max_control_message - around;
  std::size_t entries_ = max_listed;
};

} // namespace fleetcast::protocol::wire
