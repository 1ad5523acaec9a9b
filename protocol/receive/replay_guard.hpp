/// Tells new packet numbers from replayed ones, and counts the lost.
///
/// A sliding window of `defaults::replay_window` packet numbers below the highest one: a bit each.
/// Whatever lies further back counts as replayed. Rules and shape of RFC 4303 section 3.4.3.
///
/// Any holder of the group key can invent packet numbers. So where the sender signs its own from time to time
/// (an anchor), `settle` takes back what lies beyond, and nothing counts that is half a window ahead of it.
#pragma once

#include "protocol/defaults.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fleetcast::protocol {

/// What a receiver reports of packet numbers, since it joined.
struct packet_counts {
  std::uint64_t highest = 0; ///< 0: none came
  std::uint64_t received = 0;
  std::uint64_t lost = 0; ///< between the first and the highest one

  friend bool operator==(const packet_counts&, const packet_counts&) = default;
};

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

  /// Notes an authentic datagram, if its number is new and plausible.
  void accept(std::uint64_t packet) noexcept {
    if (!is_plausible(packet) || !is_new(packet))
      return;
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

  /// The sender signed that it had used the numbers up to `packet`, and later ones can only have overtaken that word.
  /// Returns false when there were others: they are forgotten. Requires that `packet` is none of an older word.
  bool settle(std::uint64_t packet) noexcept {
    const auto tolerance
      = std::clamp<std::uint64_t>((packet - settled_.highest) / 8, min_overtaking, max_overtaking);
    const auto is_honest = received_ == 0 || highest_ <= packet + tolerance;
    if (!is_honest)
      forget_beyond(packet);
    is_settled_ = true;
    settled_ = counts_up_to(packet);
    return is_honest;
  }

  /// As of the last datagram.
  packet_counts counts() const noexcept {
    return {highest_, received_, received_ == 0 ? 0 : highest_ - first_ + 1 - received_};
  }

  /// As of the last signed word: what nobody but the sender can have moved forward.
  const packet_counts& settled() const noexcept { return settled_; }

private:
  static constexpr std::size_t word_bits = 64;

  /// Datagrams that may overtake a signed word without suspicion: an eighth of those between two, within these.
  static constexpr std::uint64_t min_overtaking = 64;
  static constexpr std::uint64_t max_overtaking = 1024;

  /// Datagrams that may overtake the first one.
  static constexpr std::uint64_t max_before_first = 1024;

  bool is_plausible(std::uint64_t packet) const noexcept {
    if (is_settled_ && packet > settled_.highest
        && packet - settled_.highest > defaults::replay_window / 2)
      return false;
    return received_ == 0 || packet >= first_
           || (!is_settled_ && first_ - packet <= max_before_first);
  }

  void forget_beyond(std::uint64_t packet) noexcept {
    const auto is_far = highest_ - packet >= defaults::replay_window;
    for (auto p = packet + 1; !is_far && p <= highest_; ++p) {
      received_ -= test(p) ? 1 : 0;
      clear(p);
    }
    // The jump has wiped the window. What came counts as all there was.
    if (is_far)
      bits_.assign(bits_.size(), 0);
    received_ = std::min(received_, packet);
    highest_ = packet;
    if (is_far || first_ > packet)
      first_ = packet + 1 - received_;
  }

  packet_counts counts_up_to(std::uint64_t packet) const noexcept {
    if (received_ == 0 || first_ > packet)
      return {packet, 0, 0};
    auto received = received_;
    for (auto p = packet + 1; p <= highest_; ++p)
      received -= test(p) ? 1 : 0;
    return {packet, received, packet - first_ + 1 - received};
  }

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
  bool is_settled_ = false;
  packet_counts settled_;
};

} // namespace fleetcast::protocol
