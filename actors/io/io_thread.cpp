#include "actors/io/io_thread.hpp"

#include "actors/io/batch_scheduling.hpp"
#include "actors/io/own_thread.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

#include <pthread.h>

namespace fleetcast::actors::io {

namespace {

/// The kernel refuses longer thread names instead of cutting them.
constexpr std::size_t max_thread_name = 15;

} // namespace

io_thread::io_thread(std::string name)
  : name_(std::move(name)),
    context_(1),
    work_(boost::asio::make_work_guard(context_)) {
  name_.resize(std::min(name_.size(), max_thread_name));
  thread_ = start_thread_or_throw("the I/O", [this] { run(); });
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
  schedule_in_batches();
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
