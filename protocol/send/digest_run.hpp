/// Digests of blocks that follow one another.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/wire/block_digest.hpp"

#include <vector>

namespace fleetcast::protocol {

struct digest_run {
  block_number first = 0;
  std::vector<wire::digest> digests;

  block_number end() const noexcept { return first + static_cast<block_number>(digests.size()); }

  friend bool operator==(const digest_run&, const digest_run&) = default;
};

} // namespace fleetcast::protocol
