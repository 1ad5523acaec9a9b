/// Failures only, on standard error.
#pragma once

#include "apps/fleetcast/get/report_style.hpp"
#include "apps/fleetcast/get/report_text.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace fleetcast::apps {

class quiet_style final : public report_style {
public:
  std::chrono::milliseconds interval() const override { return std::chrono::milliseconds{1000}; }
  void continuing(std::uint64_t, std::uint64_t) override {}
  void reusing(const std::string&, std::uint64_t) override {}
  void started(const std::string&, std::uint64_t, ULONG) override {}
  void waiting(double) override {}
  void progress(const transfer_figures&) override {}
  void completed(const std::string&, const transfer_figures&) override {}
  void failed(const get_failure& failure) override { say_failure(failure); }
  void warning(const std::string&) override {}
};

} // namespace fleetcast::apps
