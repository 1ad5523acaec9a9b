/// Lines for logs, on standard error.
#pragma once

#include "apps/fleetcast/get/report_style.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace fleetcast::apps {

class line_style final : public report_style {
public:
  /// `results`: gets the last line of a transfer that succeeded.
  explicit line_style(std::FILE* results);

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
  std::FILE* results_;
};

} // namespace fleetcast::apps
