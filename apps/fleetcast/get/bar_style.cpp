#include "apps/fleetcast/get/bar_style.hpp"

namespace fleetcast::apps {

bool bar_style::is_possible() {
  return terminal_line{stderr}.possible();
}

bar_style::bar_style(std::FILE* results) : lines_(results) {}

std::chrono::milliseconds bar_style::interval() const {
  return std::chrono::milliseconds{200}; // often enough to look alive
}

line_style& bar_style::lines() {
  bar_.clear();
  return lines_;
}

void bar_style::continuing(std::uint64_t bytes, std::uint64_t object_bytes) {
  lines().continuing(bytes, object_bytes);
}

void bar_style::reusing(const std::string& path, std::uint64_t bytes) {
  lines().reusing(path, bytes);
}

void bar_style::started(const std::string&, std::uint64_t, ULONG) {
  // The bar says the size, too.
}

void bar_style::waiting(double seconds) {
  bar_.draw(format_waiting(seconds));
}

void bar_style::progress(const transfer_figures& figures) {
  bar_.draw(format_bar(figures, bar_.columns()));
}

void bar_style::completed(const std::string& target, const transfer_figures& figures) {
  lines().completed(target, figures);
}

void bar_style::failed(const get_failure& failure) {
  lines().failed(failure);
}

void bar_style::warning(const std::string& line) {
  lines().warning(line);
}

} // namespace fleetcast::apps
