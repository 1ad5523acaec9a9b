#include "apps/fleetcast/get/reporter.hpp"

#include "apps/fleetcast/exit_code.hpp"

#include <utility>

namespace fleetcast::apps {

reporter::reporter(std::unique_ptr<report_style> style) : style_(std::move(style)) {}

std::chrono::milliseconds reporter::interval() const {
  return style_->interval();
}

void reporter::continuing(std::uint64_t bytes, std::uint64_t object_bytes) {
  const std::lock_guard guard{mutex_};
  style_->continuing(bytes, object_bytes);
}

void reporter::reusing(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard guard{mutex_};
  style_->reusing(path, bytes);
}

void reporter::completed(const std::string& target, const transfer_figures& figures) {
  const std::lock_guard guard{mutex_};
  style_->completed(target, figures);
}

void reporter::failed(const get_failure& failure) {
  const std::lock_guard guard{mutex_};
  style_->failed(failure);
}

void reporter::warn(const std::string& line) {
  const std::lock_guard guard{mutex_};
  style_->warning(line);
}

void reporter::started(const std::string& target, const reception& session) {
  const std::lock_guard guard{mutex_};
  style_->started(target, session.object_bytes(), session.block_bytes());
}

void reporter::waiting(double seconds) {
  const std::lock_guard guard{mutex_};
  style_->waiting(seconds);
}

void reporter::progress(const transfer_figures& figures) {
  const std::lock_guard guard{mutex_};
  style_->progress(figures);
}

int reporter::exit_code_of(int signal) {
  return exit_code::signal_base + signal;
}

VOID CALLBACK reporter::take_log(PVOID self, ULONG level, const char* line) {
  if (level == FLEETCAST_LOG_WARNING)
    static_cast<reporter*>(self)->warn(line);
}

} // namespace fleetcast::apps
