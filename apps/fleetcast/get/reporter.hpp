/// Tells people and programs how a `fleetcast get` goes, each in its style.
///
/// Any thread: warnings come on one of the library's.
#pragma once

#include "apps/common/transfer.hpp"
#include "apps/fleetcast/get/report_style.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace fleetcast::apps {

class reporter final : public transfer_observer {
public:
  explicit reporter(std::unique_ptr<report_style> style);

  /// As report_style.
  std::chrono::milliseconds interval() const;
  void continuing(std::uint64_t bytes, std::uint64_t object_bytes);
  void reusing(const std::string& path, std::uint64_t bytes);
  void completed(const std::string& target, const transfer_figures& figures);
  void failed(const get_failure& failure);
  void warn(const std::string& line);

  void started(const std::string& target, const reception& session) override;
  void waiting(double seconds) override;
  void progress(const transfer_figures& figures) override;
  int exit_code_of(int signal) override;

  /// For the library's log; `self` is the reporter. Errors are told as the end of the transfer.
  static VOID CALLBACK take_log(PVOID self, ULONG level, const char* line);

private:
  std::mutex mutex_;
  std::unique_ptr<report_style> style_;
};

} // namespace fleetcast::apps
