/// When a client whose server went away asks it again, and when it gives up.
///
///     on_lost ─> wait until due, and dial ─> on_lost again … ─> on_back, or it is over
///
/// Each pause is random, up to an eighth of the time that the server has been away; that bound is never below 0.2 s nor above
/// 5 s. So hundreds of clients do not dial a restarted server at once, yet come back close together: a client that is late
/// has missed what the others got, and the server has to send it again.
///
/// Patience runs from the moment when the object stopped coming. A verified block restarts it; a server that accepts and
/// then sends nothing does not.
///
/// Pure: time is a parameter.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <random>

namespace fleetcast::protocol::control {

/// Whether waiting may cure what a connection or a reception that worked before ended with. What the server said about
/// this client or this object, and whatever is wrong with this host, is final.
bool may_pass(failure_code code) noexcept;

class reconnection {
public:
  /// `patience` 0: gives up at once.
  reconnection(duration patience, std::uint64_t seed) : patience_(patience), random_(seed) {}

  /// The connection or the reception broke at `now`, or an attempt to make a new one did, while `blocks` were verified. When
  /// to dial next; nothing: it is over.
  std::optional<timestamp> on_lost(timestamp now, std::uint64_t blocks);

  /// The server accepted again. How long it was away.
  duration on_back(timestamp now) noexcept;

  /// Waiting for the server since; nothing: not waiting.
  std::optional<timestamp> waiting_since() const noexcept { return waiting_since_; }

  /// What is left of the patience while waiting.
  duration left(timestamp now) const noexcept;

  /// How often the server came back.
  std::uint32_t count() const noexcept { return count_; }

private:
  duration pause(timestamp now);

  duration patience_;
  std::mt19937_64 random_;
  std::optional<timestamp> waiting_since_;
  std::optional<timestamp> deadline_; ///< of the whole trouble: kept while it gets on no further
  std::uint64_t blocks_ = 0;          ///< when the deadline was set
  std::uint32_t count_ = 0;
};

} // namespace fleetcast::protocol::control
