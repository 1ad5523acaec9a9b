/// Threads that take no signals.
#pragma once

#include <csignal>
#include <initializer_list>

namespace fleetcast::actors::io {

/// Threads inherit the signal mask of the thread that starts them. While this lives, what is started takes
/// no signal from its first instruction on, so that those sent to the process reach a thread of the
/// program. Faults are not blocked: the kernel would end the process without asking its handlers.
class signals_blocked {
public:
  signals_blocked() noexcept {
    sigset_t others;
    sigfillset(&others);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
      sigdelset(&others, fault);
    pthread_sigmask(SIG_BLOCK, &others, &before_);
  }

  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_{};
};

} // namespace fleetcast::actors::io
