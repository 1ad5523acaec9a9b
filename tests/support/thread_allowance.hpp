/// A limit on the threads of this process: for statements of death tests.
#pragma once

#include <cstdlib>
#include <iostream>

#include <sys/resource.h>
#include <unistd.h>

namespace fleetcast::actors::testing {

/// Allows this process `count` threads, its own one among them, until it is called again. The limit does not hold for
/// root, and it counts all threads of a user: the process changes to a user of its own, for good.
inline void allow_threads(rlim_t count) {
  // As the script for whole programs, from another range.
  const auto nobody = static_cast<uid_t>(1'500'000'000 + ::getpid());
  if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0)
    std::abort();
  rlimit limit{};
  getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = count;
  if (setrlimit(RLIMIT_NPROC, &limit) != 0)
    std::abort();
}

/// Ends a death test's child with success if `good`. No sanitizer looks for leaks, which takes a thread.
[[noreturn]] inline void end_with(bool good, const char* what) {
  if (!good)
    std::cerr << "not so: " << what << std::endl;
  ::_exit(good ? 0 : 1);
}

} // namespace fleetcast::actors::testing
