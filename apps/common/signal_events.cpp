#include "apps/common/signal_events.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

descriptor checked(int number, const char* what) {
  if (number < 0)
    throw std::system_error{errno, std::system_category(), what};
  return descriptor{number};
}

/// Whoever started the program had this signal ignored: nohup, a shell's job in the background. Once blocked
/// it would be queued all the same, and signalfd would give it to us.
bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t ending_signals() {
  sigset_t result;
  sigemptyset(&result);
  for (auto signal : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(signal))
      sigaddset(&result, signal);
  return result;
}

descriptor make_signal_file(const sigset_t& ending) {
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  for (auto signal : {SIGPIPE, SIGXFSZ})
    std::signal(signal, SIG_IGN);
  return checked(signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

} // namespace

event_flag::event_flag() : file_(checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

void event_flag::set() noexcept {
  // The descriptor wakes who waits, but the language knows no order between its write and their poll.
  is_set_.store(true, std::memory_order_release);
  std::uint64_t one = 1;
  // Fails only when it is set already, over and over.
  [[maybe_unused]] auto written = ::write(file_.get(), &one, sizeof(one));
}

signal_events::signal_events() : ending_(ending_signals()), file_(make_signal_file(ending_)) {}

signal_events::woken_by signal_events::wait(const event_flag& event,
                                            std::chrono::milliseconds timeout) {
  const auto number = event.number();
  const auto woken = wait(std::span{&number, 1}, timeout);
  return woken == woken_by::event && !event.is_set() ? woken_by::timeout : woken;
}

signal_events::woken_by signal_events::wait(std::span<const int> files,
                                            std::chrono::milliseconds timeout) {
  std::vector<pollfd> watched{{file_.get(), POLLIN, 0}};
  for (const auto file : files)
    watched.push_back({file, POLLIN, 0});
  const auto ready = ::poll(watched.data(), watched.size(), static_cast<int>(timeout.count()));
  if (ready > 0 && take_signal())
    return woken_by::signal;
  return ready > 0 ? woken_by::event : woken_by::timeout;
}

void signal_events::let_go() noexcept {
  pthread_sigmask(SIG_UNBLOCK, &ending_, nullptr);
}

bool signal_events::take_signal() noexcept {
  signalfd_siginfo info{};
  if (::read(file_.get(), &info, sizeof(info)) != sizeof(info))
    return false;
  last_signal_ = static_cast<int>(info.ssi_signo);
  return true;
}

} // namespace fleetcast::apps
