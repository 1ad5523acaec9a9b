/// Tells new packet numbers from replayed ones, and counts the lost.
///
/// A sliding window of `defaults::replay_window` packet numbers below the highest one: a bit each.
/// Whatever lies further back counts as replayed. Rules and shape of RFC 4303 section 3.4.3.
#pragma once

#include "protocol/defaults.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fleetcast::protocol {

class replay_guard {
public:
  replay_guard() : bits_(defaults::replay_window / word_bits) {}

  /// Whether `packet` was not accepted before and is not too old to tell. Changes nothing, so that
  /// it can be asked before the datagram's seal was checked.
  [[nodiscard]] bool is_new(std::uint64_t packet) const noexcept {
    if (packet > highest_ || received_ == 0)
      return true;
    return highest_ - packet < defaults::replay_window && !test(packet);
  }

  /// Notes an authentic datagram. Requires is_new(packet).
  void accept(std::uint64_t packet) noexcept {
    if (received_ == 0) {
      first_ = packet;
      highest_ = packet;
    } else if (packet > highest_) {
      advance(packet);
    } else if (packet < first_) {
      first_ = packet;
    }
    set(packet);
    ++received_;
  }

  /// Highest packet number accepted; 0 before the first.
  std::uint64_t highest() const noexcept { return highest_; }

  std::uint64_t received() const noexcept { return received_; }

  /// Packet numbers between the lowest and the highest accepted one that never came.
  std::uint64_t lost() const noexcept {
    return received_ == 0 ? 0 : highest_ - first_ + 1 - received_;
  }

private:
  static constexpr std::size_t word_bits = 64;

  void advance(std::uint64_t packet) noexcept {
    if (packet - highest_ >= defaults::replay_window)
      bits_.assign(bits_.size(), 0);
    else
      for (auto p = highest_ + 1; p != packet; ++p)
        clear(p);
    highest_ = packet;
  }

  static std::size_t word(std::uint64_t packet) noexcept {
    return packet % defaults::replay_window / word_bits;
  }
  static std::uint64_t mask(std::uint64_t packet) noexcept {
    return std::uint64_t{1} << packet % word_bits;
  }

  bool test(std::uint64_t packet) const noexcept {
    return (bits_[word(packet)] & mask(packet)) != 0;
  }
  void set(std::uint64_t packet) noexcept { bits_[word(packet)] |= mask(packet); }
  void clear(std::uint64_t packet) noexcept { bits_[word(packet)] &= ~mask(packet); }

  std::vector<std::uint64_t> bits_;
  std::uint64_t first_ = 0;
  std::uint64_t highest_ = 0;
  std::uint64_t received_ = 0;
};

} // namespace fleetcast::protocol
