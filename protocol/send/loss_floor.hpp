/// What a path loses however slowly one sends: the loss that going slower does not lower.
///
/// Sending C / (1 - f) into a link of C loses exactly f, for every f: so loss seen at full speed must never raise the
/// floor, or floor and rate would confirm each other. It is learnt while the path is calm, from datagrams that were
/// sent so slowly that no queue can have grown. What is lost at any speed bounds it from above.
#pragma once

#include "protocol/send/loss_count.hpp"

namespace fleetcast::protocol {

class loss_floor {
public:
  /// Sent slowly enough that no queue can have grown.
  void add_calm(const loss_count& count) noexcept;

  /// Sent at any speed: takes effect if it lost less than the floor, and not by chance.
  void bound(const loss_count& count) noexcept;

  /// The path has become another, and lost this while it was calm.
  void restart(const loss_count& calm) noexcept { calm_ = calm; }

  /// The floor, 0 to 1; 0 while nothing is known.
  double share() const noexcept { return calm_.share(); }

  /// What it is at least: less by a standard deviation.
  double sure_share() const noexcept;

  /// Datagrams that it was learnt from.
  double known_from() const noexcept { return calm_.sent(); }

  /// How much more was lost than the floor and chance explain, as a share; not above 0: nothing.
  double excess(const loss_count& count) const noexcept;

private:
  loss_count calm_;
};

} // namespace fleetcast::protocol
