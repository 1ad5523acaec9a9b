/// What a process has of the system: to see that it is as it was.
#pragma once

#include <cstddef>
#include <ostream>

namespace fleetcast::actors::testing {

struct process_state {
  std::size_t threads = 0;
  std::size_t descriptors = 0;
  /// Memory of its own. Not pages of programs and libraries: how many of those are mapped with one that was
  /// needed depends on how the page cache came to hold them.
  std::size_t resident_bytes = 0;

  /// As it is now.
  static process_state now();

  /// As it is once there are no more threads and descriptors than in `wanted`, or after some 10 s: the
  /// kernel lists a thread for a moment longer than anybody can wait for it, and tells nobody when it
  /// is gone.
  static process_state settled_at(const process_state& wanted);

  bool same_threads_and_descriptors(const process_state& other) const noexcept {
    return threads == other.threads && descriptors == other.descriptors;
  }
};

std::ostream& operator<<(std::ostream& out, const process_state& state);

/// Under a sanitizer memory is kept on purpose: its size says nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool resident_bytes_mean_something = false;
#else
constexpr bool resident_bytes_mean_something = true;
#endif

} // namespace fleetcast::actors::testing
