/// An object as a stream: verified blocks, which arrive in any order, leave in the order of their offsets.
#pragma once

#include "apps/common/descriptor.hpp"
#include "apps/common/file_failure.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <map>

namespace fleetcast::apps {

class ordered_output {
public:
  /// Writes to `to`, which outlives it, what lies in `file`, and gives that space back.
  explicit ordered_output(int to) noexcept : to_(to) {}

  /// Bytes [offset, offset + size) of `file` are there now. Writes what is complete from the front on; waits for a
  /// reader that is slow. Each byte comes once.
  [[nodiscard]] tl::expected<void, file_failure> advance(const descriptor& file,
                                                         std::uint64_t offset, std::uint64_t size);

  /// Bytes that left.
  std::uint64_t written() const noexcept { return next_; }

private:
  tl::expected<void, file_failure> write_up_to(const descriptor& file, std::uint64_t end);

  int to_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::uint64_t>
    ahead_; ///< offset and end of what waits for what is before it
};

} // namespace fleetcast::apps
