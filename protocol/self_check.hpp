/// Looks over a machine's invariants as it runs, in builds with assertions.
#pragma once

#include "protocol/require.hpp"

#include <cstdint>

namespace fleetcast::protocol {

/// A member of a machine that has `validate`, called at the end of its steps. Looks after each of the first steps, where
/// everything begins, and then after every so many: a look at ten thousand receivers takes as long as thousands of steps.
/// Without assertions it does nothing.
class self_check {
public:
  static constexpr std::uint32_t first_steps = 256;
  static constexpr std::uint32_t interval = 64;

  template <class Machine>
  void operator()([[maybe_unused]] const Machine& machine) {
#ifndef NDEBUG
    if (is_due())
      ENSURE(machine.validate());
#endif
  }

  /// One more step was made; whether to look at it.
  bool is_due() noexcept {
    return ++steps_ <= first_steps || steps_ % interval == 0;
  }

private:
  std::uint32_t steps_ = 0;
};

} // namespace fleetcast::protocol
