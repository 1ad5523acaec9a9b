#include "api/log_delivery.hpp"

#include "actors/io/own_thread.hpp"
#include "actors/observe/log.hpp"
#include "protocol/text.hpp"

#include <spdlog/sinks/sink.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace fleetcast::api {

namespace {

thread_local bool inside_function = false;

/// What is told when nobody says how much.
constexpr ULONG default_level = FLEETCAST_LOG_WARNING;

const char* name_of(ULONG level) {
  switch (level) {
    case FLEETCAST_LOG_ERROR:
      return "error";
    case FLEETCAST_LOG_WARNING:
      return "warning";
    case FLEETCAST_LOG_INFO:
      return "info";
    default:
      return "debug";
  }
}

ULONG level_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
    case spdlog::level::err:
      return FLEETCAST_LOG_ERROR;
    case spdlog::level::warn:
      return FLEETCAST_LOG_WARNING;
    case spdlog::level::info:
      return FLEETCAST_LOG_INFO;
    default:
      return FLEETCAST_LOG_DEBUG;
  }
}

spdlog::level::level_enum to_spdlog(ULONG level) {
  switch (level) {
    case FLEETCAST_LOG_OFF:
      return spdlog::level::off;
    case FLEETCAST_LOG_ERROR:
      return spdlog::level::err;
    case FLEETCAST_LOG_WARNING:
      return spdlog::level::warn;
    case FLEETCAST_LOG_INFO:
      return spdlog::level::info;
    default:
      return spdlog::level::debug;
  }
}

/// "2024-05-01T12:00:00.250Z"
std::string in_utc(log_delivery::time_point when) {
  const auto since = when.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(since - seconds).count();
  const auto whole = static_cast<std::time_t>(seconds.count());
  struct tm parts {};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> day{};
  const auto size = std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(left));
  return std::string{day.data(), size} + fraction.data();
}

class delivery_sink final : public spdlog::sinks::sink {
public:
  explicit delivery_sink(std::shared_ptr<log_delivery> to) : to_(std::move(to)) {}

  void log(const spdlog::details::log_msg& message) override {
    to_->add(level_of(message.level),
             std::chrono::time_point_cast<log_delivery::time_point::duration>(message.time),
             {message.payload.data(), message.payload.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

private:
  std::shared_ptr<log_delivery> to_;
};

} // namespace

tl::expected<std::shared_ptr<log_delivery>, std::string>
log_delivery::start(const configuration& settings) {
  const bool is_off = settings.log_level == FLEETCAST_LOG_OFF;
  if (is_off || (settings.log_file.empty() && settings.log == nullptr))
    return nullptr;
  actors::io::file_descriptor file;
  if (!settings.log_file.empty()) {
    file = actors::io::file_descriptor{
      ::open(settings.log_file.c_str(),
             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600)};
    if (!file)
      return tl::unexpected{"could not open the log file: " + settings.log_file + ": "
                            + std::generic_category().message(errno)
                            + ". Choose another one with log_file or FLEETCAST_LOG_FILE"};
  }
  return std::make_shared<log_delivery>(std::move(file), settings.log, settings.log_context);
}

log_delivery::log_delivery(actors::io::file_descriptor file, PFN_FleetcastLog function,
                           void* context)
  : file_(std::move(file)),
    function_(function),
    context_(context) {
  thread_ = actors::io::start_thread_or_throw("the log", [this] { run(); });
}

log_delivery::~log_delivery() {
  {
    std::lock_guard guard{mutex_};
    is_ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void log_delivery::add(ULONG level, time_point when, std::string_view text) {
  std::lock_guard guard{mutex_};
  if (queue_.size() >= max_queued) {
    ++dropped_;
    return;
  }
  // Names of other people's objects may be part of it, and it may go to a terminal.
  queue_.push_back({level, when, protocol::plain_text(std::string{text}, '?')});
  changed_.notify_all();
}

void log_delivery::silence() {
  std::unique_lock guard{mutex_};
  is_silent_ = true;
  changed_.wait(guard, [this] { return !is_calling_; });
}

bool log_delivery::is_calling() noexcept {
  return inside_function;
}

void log_delivery::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    changed_.wait(guard, [this] { return is_ending_ || !queue_.empty(); });
    if (queue_.empty())
      return;
    const auto one = std::move(queue_.front());
    queue_.pop_front();
    is_calling_ = function_ != nullptr && !is_silent_;
    const bool calls = is_calling_;
    guard.unlock();
    deliver(one);
    if (calls) {
      inside_function = true;
      function_(context_, one.level, one.text.c_str());
      inside_function = false;
    }
    guard.lock();
    is_calling_ = false;
    changed_.notify_all();
    if (queue_.empty() && dropped_ != 0)
      queue_.push_back({FLEETCAST_LOG_WARNING, std::chrono::system_clock::now(),
                        std::to_string(std::exchange(dropped_, 0))
                          + " lines of the log found no room before this one"});
  }
}

void log_delivery::deliver(const line& one) {
  if (!file_)
    return;
  // A log that cannot be written is no reason to stop anything, and there is nobody to tell.
  (void)actors::io::write_all(file_.get(),
                              in_utc(one.when) + ' ' + name_of(one.level) + ": " + one.text + '\n');
}

void attach_log(const std::shared_ptr<log_delivery>& delivery, const configuration& settings) {
  auto& log = actors::log_output();
  if (!delivery) {
    actors::set_log_level(spdlog::level::off);
    log.sinks().clear();
    return;
  }
  log.sinks() = {std::make_shared<delivery_sink>(delivery)};
  actors::set_log_level(
    to_spdlog(settings.log_level == FLEETCAST_LOG_DEFAULT ? default_level : settings.log_level));
}

} // namespace fleetcast::api
