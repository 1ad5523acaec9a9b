#include "actors/io/io_thread.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

#include <pthread.h>
#include <signal.h>

namespace fleetcast::actors::io {

namespace {

/// Blocks all signals of the calling thread while it lives: a thread started meanwhile inherits that
/// from its first instruction, which blocking them inside the thread could not give.
class signals_blocked {
public:
  signals_blocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }

  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_{};
};

/// The kernel refuses longer thread names instead of cutting them.
constexpr std::size_t max_thread_name = 15;

} // namespace

io_thread::io_thread(std::string name)
  : name_(std::move(name)),
    context_(1),
    work_(boost::asio::make_work_guard(context_)) {
  name_.resize(std::min(name_.size(), max_thread_name));
  signals_blocked guard;
  thread_ = std::thread{[this] { run(); }};
}

io_thread::~io_thread() {
  stop();
}

void io_thread::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable())
    thread_.join();
}

void io_thread::run() noexcept {
  pthread_setname_np(pthread_self(), name_.c_str());
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: a handler threw, going on: %s\n", name_.c_str(), error.what());
    } catch (...) {
      std::fprintf(stderr, "%s: a handler threw something unknown, going on\n", name_.c_str());
    }
  }
}

} // namespace fleetcast::actors::io
