/// Finds out what a sender's time goes into: sending, or waiting, and for what.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

enum class send_activity : std::uint8_t {
  pacing,  ///< it sends as fast as the rate lets it
  drained, ///< all was sent; receivers may still ask for repairs
  window,  ///< it may not: some receiver has no room
  content, ///< it cannot: the next block is not read yet
  busy,    ///< it may, but what is sent already has not left yet
};

constexpr std::size_t send_activity_count = 5;

/// Splits time into spans and says of the last whole one what most of it was waited for.
class send_limit_meter {
public:
  /// From `now` on the sender does this. True when a span ended with it.
  bool enter(timestamp now, send_activity activity) noexcept {
    if (!span_began_at_)
      span_began_at_ = entered_at_ = now;
    spent(activity_) += now - entered_at_;
    activity_ = activity;
    entered_at_ = now;
    const auto span = now - *span_began_at_;
    if (span < defaults::limit_span)
      return false;
    verdict_ = judge(span);
    times_ = {};
    span_began_at_ = now;
    return true;
  }

  /// Of the last whole span: the wait, the longest one, that took a quarter of it; else `pacing`.
  send_activity verdict() const noexcept { return verdict_; }

private:
  duration& spent(send_activity a) noexcept { return times_[static_cast<std::size_t>(a)]; }

  send_activity judge(duration span) noexcept {
    using enum send_activity;
    auto longest = drained;
    for (const auto wait : {window, content, busy})
      if (spent(wait) > spent(longest))
        longest = wait;
    return spent(longest) >= span / 4 ? longest : pacing;
  }

  std::array<duration, send_activity_count> times_{};
  send_activity activity_ = send_activity::drained;
  timestamp entered_at_{};
  std::optional<timestamp> span_began_at_; ///< nothing: nothing was done yet
  send_activity verdict_ = send_activity::pacing;
};

} // namespace fleetcast::protocol
