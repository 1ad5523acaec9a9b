/// When a receiver may ask for manifests of blocks that it holds unproven.
///
/// The server may have to read a block before it can tell its digest, which takes longer than a round trip: asked again at
/// that pace, thousands that come back after an outage would flood it. So nothing more is asked for while answers come,
/// and less and less often when none does.
///
/// Nor is more asked for than the receiver may check: each manifest has a signature (signature_budget.hpp).
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>

namespace fleetcast::protocol {

class proof_pace {
public:
  /// `holdoff`: how long any answer may take.
  bool may_ask(timestamp now, duration holdoff) const noexcept {
    if (now < checked_at_)
      return false;
    return open_ == 0 || now >= heard_at_ + (holdoff + defaults::proof_patience) * (1U << unheard_);
  }

  /// Digests of `blocks` blocks were asked for; they come in `manifests` manifests.
  void on_asked(timestamp now, std::uint64_t blocks, std::int64_t manifests) noexcept {
    constexpr duration each = duration{seconds(1)} / defaults::signatures_per_second;
    unheard_ = is_heard_ ? 0 : std::min(unheard_ + 1, defaults::max_proof_doublings);
    is_heard_ = false;
    open_ = blocks;
    heard_at_ = now;
    checked_at_ = now + manifests * each;
  }

  /// The digest of a block came.
  void on_answer(timestamp now) noexcept {
    open_ -= open_ > 0 ? 1 : 0;
    unheard_ = 0;
    is_heard_ = true;
    heard_at_ = now;
  }

private:
  std::uint64_t open_ = 0;        ///< blocks that were asked for and not answered yet
  bool is_heard_ = true;          ///< something came since the last question
  unsigned unheard_ = 0;          ///< questions in a row, before the last one, that nothing came of
  timestamp heard_at_{};          ///< of the last question or answer
  timestamp checked_at_ = -never; ///< by then what was asked for can have been checked
};

} // namespace fleetcast::protocol
