/// What programs call a failure: the API's codes, which lie above this layer.
#pragma once

#include "protocol/failure.hpp"

#include <cstdint>
#include <string_view>

namespace fleetcast::actors {

struct error_name {
  std::uint32_t code = 0;
  std::string_view name; ///< empty: it has none
};

using error_namer = error_name (*)(const protocol::failure&);

} // namespace fleetcast::actors
