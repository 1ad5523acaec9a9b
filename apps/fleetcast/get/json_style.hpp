/// Events for programs, one JSON object a line on standard output (docs/json.md). Failures and warnings are said on
/// standard error, too.
#pragma once

#include "apps/fleetcast/get/report_style.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace fleetcast::apps {

class json_style final : public report_style {
public:
  /// `address`: of the object, as it was given.
  explicit json_style(std::string address);

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
  std::string address_;
};

} // namespace fleetcast::apps
