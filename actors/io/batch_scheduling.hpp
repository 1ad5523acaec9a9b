/// Threads that work in batches, and let others finish theirs.
#pragma once

#include <sched.h>
#include <unistd.h>

namespace fleetcast::actors::io {

namespace detail {

/// Refused, say in a sandbox, all works as well, with more switches.
inline void schedule_by(int policy) noexcept {
  const sched_param none{};
  (void)sched_setscheduler(0, policy, &none);
}

} // namespace detail

/// Asks the kernel to run the calling thread, and those that it will start, by SCHED_BATCH: one that wakes up
/// waits until whoever has the processor rests or has had his share, instead of interrupting him. On a busy host
/// more datagrams and blocks are then found at each wake-up; where a processor is idle nothing changes
/// (docs/decisions/0016). A thread whose policy somebody chose is left alone.
inline void schedule_in_batches() noexcept {
  if (sched_getscheduler(0) == SCHED_OTHER)
    detail::schedule_by(SCHED_BATCH);
}

/// Takes back what the calling thread inherited from one of those, for code of a program that did not ask for it; its
/// first thread tells.
inline void schedule_as_program() noexcept {
  if (sched_getscheduler(0) == SCHED_BATCH && sched_getscheduler(getpid()) == SCHED_OTHER)
    detail::schedule_by(SCHED_OTHER);
}

} // namespace fleetcast::actors::io
