/// The room for entries in one page of a listing, which is one control message.
#pragma once

#include "protocol/wire/control_messages.hpp"

#include <cstddef>

namespace fleetcast::protocol::wire {

class listing_room {
public:
  /// Reserves room for an entry with a name of this many bytes. False: the page is full.
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
