/// How much of a listing one control message has room for.
#pragma once

#include "protocol/wire/control_messages.hpp"

#include <cstddef>

namespace fleetcast::protocol::wire {

class listing_room {
public:
  /// Whether the page has room for an entry of this name, too; then it is taken up.
  [[nodiscard]] bool take(std::size_t name_size) noexcept {
    if (entries_ == 0 || name_size > name_bytes_)
      return false;
    --entries_;
    name_bytes_ -= name_size;
    return true;
  }

private:
  std::size_t entries_ = max_listed;
  std::size_t name_bytes_ = max_listed_name_bytes;
};

} // namespace fleetcast::protocol::wire
