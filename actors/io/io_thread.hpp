/// The thread on which every Asio operation of a process completes.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <string>
#include <thread>

namespace fleetcast::actors::io {

/// Runs one io_context on one thread. All signals are blocked there, so a signal always reaches a
/// thread of the program that embeds us. Handlers must neither block nor throw; one that throws is
/// logged to the standard error stream and the thread goes on, since every session depends on it.
///
/// Any thread may use `context()` to post; the objects made on it belong to the I/O thread.
class io_thread {
public:
  /// `name` is what `ps -L` and debuggers show; the kernel keeps 15 characters of it. Throws
  /// thread_refused when the process may have no more threads.
  explicit io_thread(std::string name = "fleetcast-io");

  /// Stops. Not to be destroyed on the thread itself.
  ~io_thread();

  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  boost::asio::io_context& context() noexcept { return context_; }

  /// Ends the thread and waits for it; what is still pending is destroyed with the context and never
  /// called. Idempotent, but not from two threads at once and not on the I/O thread.
  void stop();

private:
  void run() noexcept;

  std::string name_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

} // namespace fleetcast::actors::io
