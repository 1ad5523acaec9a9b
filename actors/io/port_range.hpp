/// UDP ports to choose from.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::actors::io {

/// Both ends belong to it. {0, 0}: any port that the kernel chooses.
struct port_range {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  friend bool operator==(const port_range&, const port_range&) = default;

  /// Reads "PORT" or "PORT-PORT". Fails with invalid_argument.
  [[nodiscard]] static tl::expected<port_range, protocol::failure> parse(std::string_view text);

  /// As it is parsed.
  std::string to_string() const;
};

} // namespace fleetcast::actors::io
