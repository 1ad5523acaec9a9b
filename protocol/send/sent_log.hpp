/// When each of the last datagrams left, and how many bytes had left by then: what turns "I have seen
/// packet n" into a rate.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace fleetcast::protocol {

/// Datagrams that leave together, with the same time, make one entry. Memory is bounded; what is older
/// than its oldest entry is forgotten.
class sent_log {
public:
  struct entry {
    std::uint64_t packet = 0;
    timestamp at{};          ///< when it left
    std::uint64_t bytes = 0; ///< that left before it; of those that left together, in proportion
  };

  /// `packet` grows from call to call, `now` does not fall.
  void add(timestamp now, std::uint64_t packet, std::size_t bytes);

  /// What `packet` left with; nothing if that was too long ago, or is to come.
  [[nodiscard]] std::optional<entry> find(std::uint64_t packet) const;

  std::uint64_t last_packet() const noexcept { return last_packet_; }

  /// Of all that ever left.
  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  std::deque<entry> entries_; ///< of each batch the first one
  std::uint64_t last_packet_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace fleetcast::protocol
