#include "api/library.hpp"

#include "actors/io/own_thread.hpp"
#include "api/api_actor.hpp"
#include "api/session_record.hpp"

#include <atomic>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>

namespace fleetcast::api {

namespace {

/// This process's; never destroyed once made, see above.
std::atomic<library*> the_library{nullptr};

/// In a child of fork() the parent's, if it was in use: only its settings are of any use here.
library* left_behind = nullptr;

/// Locked by this thread while it forks.
thread_local library* held_for_fork = nullptr;

/// Runs `work` on a thread made for it, and waits. The actor system goes up and comes down on such
/// threads: it leaves references to itself in thread-local memory of the thread that makes it, and would
/// wait for ever for those of a program's thread that still lives.
template <class Work>
void run_aside(Work work) {
  std::exception_ptr problem;
  actors::io::start_thread_or_throw("starting or ending the library", [&] {
    try {
      work();
    } catch (...) {
      problem = std::current_exception();
    }
  }).join();
  if (problem)
    std::rethrow_exception(problem);
}

/// Whether this thread is the program's inside of a call of ours, which Shutdown waits for.
bool is_in_callback() noexcept {
  return callback_scope::current() != nullptr || log_delivery::is_calling();
}

} // namespace

library& library::instance() {
  [[maybe_unused]] static const int watched
    = pthread_atfork(&library::before_fork, &library::in_parent, &library::in_child);
  auto* known = the_library.load(std::memory_order_acquire);
  if (known == nullptr) {
    auto fresh = std::unique_ptr<library>{new library};
    if (left_behind != nullptr)
      fresh->settings_ = left_behind->settings_;
    if (the_library.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel))
      known = fresh.release();
  }
  return *known;
}

void library::before_fork() {
  held_for_fork = the_library.load(std::memory_order_acquire);
  if (held_for_fork != nullptr)
    held_for_fork->mutex_.lock();
}

void library::in_parent() {
  if (held_for_fork != nullptr)
    held_for_fork->mutex_.unlock();
  held_for_fork = nullptr;
}

void library::in_child() {
  auto* parents = std::exchange(held_for_fork, nullptr);
  if (parents == nullptr)
    return;
  if (parents->phase_ == phase::down) { // settings at most, and they are whole
    parents->mutex_.unlock();
    return;
  }
  left_behind = parents;
  the_library.store(nullptr, std::memory_order_release);
}

DWORD library::initialize() {
  lock guard{mutex_};
  if ((phase_ == phase::stopping || phase_ == phase::ending) && is_in_callback())
    return ERROR_SHUTDOWN_IN_PROGRESS; // Shutdown waits for this very callback
  changed_.wait(guard, [this] { return phase_ == phase::down || phase_ == phase::up; });
  if (phase_ == phase::down)
    if (auto error = bring_up(guard); error != ERROR_SUCCESS)
      return error;
  ++users_;
  return ERROR_SUCCESS;
}

DWORD library::shutdown() {
  {
    lock guard{mutex_};
    if (is_in_callback())
      return ERROR_POSSIBLE_DEADLOCK;
    if (phase_ != phase::up)
      return ERROR_NOT_READY;
    if (users_ > 1) {
      --users_;
      return ERROR_SUCCESS;
    }
    users_ = 0;
    phase_ = phase::stopping;
  }
  if (log_)
    log_->silence();
  end_sessions();
  take_down();
  return ERROR_SUCCESS;
}

void library::configure(configuration settings) {
  std::lock_guard guard{mutex_};
  settings_ = std::move(settings);
}

configuration library::settings() const {
  std::lock_guard guard{mutex_};
  return layered(settings_, surroundings_);
}

tl::expected<configuration, DWORD> library::current_settings() {
  auto read = read_configuration(process_environment(), usual_configuration_files());
  if (!read)
    return tl::unexpected{refuse_configuration(std::move(read.error()))};
  std::lock_guard guard{mutex_};
  configuration_error_.clear();
  return layered(settings_, *read);
}

std::string library::configuration_error() const {
  std::lock_guard guard{mutex_};
  return configuration_error_;
}

void library::note_configuration_error(std::string story) {
  std::lock_guard guard{mutex_};
  configuration_error_ = std::move(story);
}

DWORD library::refuse_configuration(std::string story) {
  note_configuration_error(std::move(story));
  return ERROR_BAD_CONFIGURATION;
}

void library::replace_engine(engine_factory factory) {
  std::lock_guard guard{mutex_};
  factory_ = std::move(factory);
}

// -- inside a call ------------------------------------------------------------------------------------

DWORD library::open_session(actors::receive_request request, void* caller_data, HANDLE& key) {
  auto number = next_session_key();
  auto session = std::make_shared<session_record>(session_environment{sessions_, buffers_}, number,
                                                  std::move(request), caller_data);
  // Under the lock, so that Shutdown either finds the session or keeps it from being made.
  std::lock_guard guard{mutex_};
  if (phase_ != phase::up)
    return ERROR_SHUTDOWN_IN_PROGRESS;
  sessions_.add(number, std::move(session));
  key = to_handle(number);
  return ERROR_SUCCESS;
}

DWORD library::start_session(const std::shared_ptr<session_record>& session) {
  // The port does not change while a call is under way.
  if (auto error = session->start(port_); error != ERROR_SUCCESS)
    return error;
  try {
    auto refused = port_->launch(session);
    if (!refused)
      return ERROR_SUCCESS;
    session->withdraw_start(std::move(refused.text));
    return ERROR_NO_SYSTEM_RESOURCES;
  } catch (const std::bad_alloc&) {
    session->withdraw_start({}); // nothing was started (R-START-8)
    throw;
  }
}

// -- going up and down ---------------------------------------------------------------------------------------

DWORD library::bring_up(lock& guard) {
  const auto factory = factory_;
  const auto own = settings_;
  enter(phase::starting);
  guard.unlock();
  DWORD error = ERROR_SUCCESS;
  try {
    run_aside([&] { error = make_world(factory, own); });
  } catch (const actors::io::thread_refused& refused) {
    note_configuration_error(refused.what());
    error = ERROR_NO_SYSTEM_RESOURCES;
  } catch (const std::system_error&) {
    error = ERROR_NO_SYSTEM_RESOURCES;
  } catch (const std::bad_alloc&) {
    error = ERROR_NOT_ENOUGH_MEMORY;
  } catch (...) {
    error = ERROR_GEN_FAILURE;
  }
  guard.lock();
  enter(error == ERROR_SUCCESS ? phase::up : phase::down);
  return error;
}

DWORD library::make_world(const engine_factory& factory, const configuration& own) {
  auto read = read_configuration(process_environment(), usual_configuration_files());
  if (!read)
    return refuse_configuration(std::move(read.error()));
  const auto settings = layered(own, *read);
  auto log = log_delivery::start(settings);
  if (!log)
    return refuse_configuration(std::move(log.error()));
  attach_log(*log, settings); // before there are threads that log
  try {
    auto made = factory ? factory(settings.worker_threads)
                        : make_runtime_engine(settings.worker_threads,
                                              settings.console == FLEETCAST_CONSOLE_ON);
    port_ = spawn_api_actor(*made);
    engine_ = std::move(made);
  } catch (...) {
    attach_log(nullptr, {});
    throw;
  }
  log_ = *std::move(log);
  const std::lock_guard guard{mutex_};
  configuration_error_.clear();
  surroundings_ = *std::move(read);
  return ERROR_SUCCESS;
}

void library::end_sessions() {
  auto sessions = sessions_.all();
  for (const auto& session : sessions)
    session->begin_shutdown();
  for (const auto& session : sessions)
    session->await_end();
}

void library::take_down() {
  {
    lock guard{mutex_};
    changed_.wait(guard, [this] { return calls_ == 0; });
    enter(phase::ending);
  }
  // From here on nobody is inside, and nobody gets in.
  sessions_.clear();
  buffers_.clear();
  port_->stop();
  port_ = nullptr;
  try {
    run_aside([this] { engine_.reset(); });
  } catch (const actors::io::thread_refused&) { // then here
    engine_.reset();
  }
  attach_log(nullptr, {});
  log_.reset(); // what waits is written before
  lock guard{mutex_};
  enter(phase::down);
}

void library::enter(phase next) {
  phase_ = next;
  changed_.notify_all();
}

// -- call ---------------------------------------------------------------------------------------------

library::call::call(library& owner) : owner_(owner) {
  std::lock_guard guard{owner_.mutex_};
  admitted_ = owner_.phase_ == phase::up || owner_.phase_ == phase::stopping;
  if (admitted_)
    ++owner_.calls_;
}

library::call::~call() {
  if (!admitted_)
    return;
  std::lock_guard guard{owner_.mutex_};
  if (--owner_.calls_ == 0)
    owner_.changed_.notify_all();
}

} // namespace fleetcast::api
