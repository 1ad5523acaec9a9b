/// What keeps a transfer from going faster.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fleetcast::protocol {

/// As the receiver reports it of itself and the sender concludes for the whole transmission. The numbers
/// travel: append, never renumber.
enum class limiting_factor : std::uint8_t {
  unknown, ///< too early to tell
  sender,  ///< said by a receiver: it takes all that comes, and could take more
  network, ///< datagrams are lost, or queue, on the way to a receiver
  host,    ///< the host is too busy: its kernel drops datagrams, or the sender cannot keep its rate
  consumer, ///< a receiver's cache is full of blocks that its disk, or its program, is not done with
  content,  ///< said by the sender: its content is not read fast enough
  rate,     ///< said by the sender: it was told to go no faster
  silent,   ///< said by the sender: nothing was heard from a receiver lately
  pause,    ///< said by the sender: it was told to pause
};

constexpr std::size_t limiting_factor_count = 9;

constexpr const char* to_string(limiting_factor factor) noexcept {
  constexpr std::array<const char*, limiting_factor_count> names{
    "unknown", "sender", "network", "host", "consumer", "content", "rate", "silent", "pause"};
  const auto index = static_cast<std::size_t>(factor);
  return index < names.size() ? names[index] : names[0];
}

/// The factor that a peer names; any other word is `unknown`.
constexpr limiting_factor limiting_factor_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < limiting_factor_count; ++i)
    if (const auto factor = static_cast<limiting_factor>(i); name == to_string(factor))
      return factor;
  return limiting_factor::unknown;
}

} // namespace fleetcast::protocol
