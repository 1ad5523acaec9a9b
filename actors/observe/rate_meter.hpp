/// A rate measured over the last two seconds or so, from a total that only grows.
#pragma once

#include "protocol/timestamp.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fleetcast::actors {

/// In percent; 0 of nothing is nothing.
inline double share_of(std::uint64_t part, std::uint64_t whole) noexcept {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// One comparison a call while the running step lasts, so that it may sit in the datapath.
class rate_meter {
public:
  /// The total is `bytes` at `now`.
  void note(protocol::timestamp now, std::uint64_t bytes) noexcept {
    if (count_ != 0 && now - samples_[newest()].at < step)
      return;
    samples_[next_] = {now, bytes};
    next_ = (next_ + 1) % samples_.size();
    count_ = count_ < samples_.size() ? count_ + 1 : count_;
  }

  /// Bits per second from the oldest sample of the span until now; 0 without one.
  std::uint64_t bits_per_second(protocol::timestamp now, std::uint64_t bytes) const noexcept {
    for (std::size_t age = count_; age > 0; --age) {
      const auto& s = samples_[(next_ + samples_.size() - age) % samples_.size()];
      const auto took = now - s.at;
      if (took > span || took < step)
        continue;
      const auto bits = 8.0 * static_cast<double>(bytes - (bytes < s.bytes ? bytes : s.bytes));
      return static_cast<std::uint64_t>(bits * 1e9 / static_cast<double>(took.count()));
    }
    return 0;
  }

private:
  static constexpr protocol::duration step = protocol::milliseconds(250);
  static constexpr protocol::duration span = protocol::milliseconds(2500);

  struct sample {
    protocol::timestamp at{};
    std::uint64_t bytes = 0;
  };

  std::size_t newest() const noexcept { return (next_ + samples_.size() - 1) % samples_.size(); }

  std::array<sample, 9> samples_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

} // namespace fleetcast::actors
