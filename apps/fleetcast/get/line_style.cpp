#include "apps/fleetcast/get/line_style.hpp"

#include "apps/common/say.hpp"
#include "apps/fleetcast/get/report_text.hpp"

namespace fleetcast::apps {

line_style::line_style(std::FILE* results) : results_(results) {}

std::chrono::milliseconds line_style::interval() const {
  return std::chrono::milliseconds{1000}; // does not flood a log
}

void line_style::continuing(std::uint64_t bytes, std::uint64_t object_bytes) {
  say(stderr, "{}\n", format_continuing(bytes, object_bytes));
}

void line_style::reusing(const std::string& path, std::uint64_t bytes) {
  say(stderr, "{}\n", format_reusing(path, bytes));
}

void line_style::started(const std::string&, std::uint64_t, ULONG) {
  // The lines that follow say the size, too.
}

void line_style::waiting(double seconds) {
  say(stderr, "{}\n", format_waiting(seconds));
}

void line_style::progress(const transfer_figures& figures) {
  say(stderr, "{}\n", format_line(figures));
}

void line_style::completed(const std::string& target, const transfer_figures& figures) {
  say(results_, "{}\n", format_result(target, figures));
}

void line_style::failed(const get_failure& failure) {
  say_failure(failure);
}

void line_style::warning(const std::string& line) {
  say_warning(line);
}

} // namespace fleetcast::apps
