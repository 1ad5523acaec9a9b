/// When a client whose server went away asks it again, and when it gives up.
///
///     on_lost ─> wait until due ─> (dial) ─> on_lost ─> … ─> on_back, or is_over
///
/// A pause is drawn at random between nothing and an eighth of the time that the server is away by then, but at least 0.2
/// and at most 5 s. So hundreds of clients of a server that starts again do not come at once; and they come close enough
/// together, for whoever comes late has missed what was sent to the others, and makes the server send it again. Patience is counted from the moment when nothing more
/// came: a server that accepts and then sends nothing does not start it anew, a verified block does.
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
