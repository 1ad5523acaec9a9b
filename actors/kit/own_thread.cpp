#include "actors/kit/own_thread.hpp"

#include <utility>

namespace fleetcast::actors {

tl::expected<waiting_thread, protocol::failure> waiting_thread::start(std::string_view purpose) {
  promise job;
  auto thread = io::start_thread(purpose, [known = job.get_future()]() mutable {
    if (auto* const told = known.get())
      caf::detail::private_thread::exec(told);
  });
  if (!thread)
    return tl::unexpected{std::move(thread.error())};
  thread->detach(); // the actor system waits for it, as for those that CAF starts
  return waiting_thread{std::move(job)};
}

waiting_thread::waiting_thread(waiting_thread&& other) noexcept
  : job_(std::move(other.job_)),
    is_waiting_(std::exchange(other.is_waiting_, false)) {}

waiting_thread::~waiting_thread() {
  if (is_waiting_)
    run(nullptr);
}

void waiting_thread::run(caf::detail::private_thread* job) {
  is_waiting_ = false;
  job_.set_value(job);
}

} // namespace fleetcast::actors
