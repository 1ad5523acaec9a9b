/// For people at a terminal: a bar on standard error, drawn over and over, which makes room for lines.
#pragma once

#include "apps/common/terminal_line.hpp"
#include "apps/fleetcast/get/line_style.hpp"
#include "apps/fleetcast/get/report_style.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace fleetcast::apps {

class bar_style final : public report_style {
public:
  /// Whether standard error is a terminal whose lines can be drawn over.
  [[nodiscard]] static bool is_possible();

  /// `results`: as for line_style.
  explicit bar_style(std::FILE* results);

  std::chrono::milliseconds interval() const override;
  void continuing(std::uint64_t bytes, std::uint64_t object_bytes) override;
  void reusing(const std::string& path, std::uint64_t bytes) override;
  void started(const std::string& target, std::uint64_t object_bytes, ULONG block_bytes) override;
  void waiting(double seconds) override;
  void progress(const transfer_figures& figures) override;
  void completed(const std::string& target, const transfer_figures& figures) override;
  void failed(const get_failure& failure) override;
  void warning(const std::string& line) override;

private:
  /// What lines are said by, once the bar is out of their way.
  line_style& lines();

  terminal_line bar_{stderr};
  line_style lines_;
};

} // namespace fleetcast::apps
