#include "apps/fleetcast/simulate/run_watcher.hpp"

#include "apps/common/say.hpp"

namespace fleetcast::apps {

namespace {

constexpr std::chrono::milliseconds look_interval{100};
constexpr std::chrono::seconds line_interval{10};

} // namespace

bool run_watcher::look(const std::function<std::string()>& text) {
  const auto now = clock::now();
  if (now - looked_at_ < look_interval)
    return true;
  looked_at_ = now;
  if (signals_.wait(nothing_, std::chrono::milliseconds{0}) == signal_events::woken_by::signal) {
    line_.clear();
    return false;
  }
  show(now, text());
  return true;
}

void run_watcher::show(clock::time_point now, const std::string& text) {
  if (line_.possible()) {
    line_.draw(text.substr(0, line_.columns()));
  } else if (now - said_at_ >= line_interval) {
    said_at_ = now;
    say(stderr, "{}\n", text);
  }
}

} // namespace fleetcast::apps
