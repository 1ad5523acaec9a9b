/// How `fleetcast get` tells how it goes: one style for each kind of reader. `json_style` is for programs, `bar_style` for
/// people at a terminal, `line_style` for logs, `quiet_style` for scripts.
///
/// One thread at a time calls; reporter.hpp sees to that. A reader that has gone is no failure (say.hpp).
#pragma once

#include "api/fleetcast_ext.h"
#include "apps/common/progress.hpp"
#include "apps/fleetcast/get/get_failure.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace fleetcast::apps {

class report_style {
public:
  virtual ~report_style() = default;

  /// How often `progress` and `waiting` are wanted.
  virtual std::chrono::milliseconds interval() const = 0;

  /// An earlier transfer left `bytes` of the object, which had `object_bytes` then.
  virtual void continuing(std::uint64_t bytes, std::uint64_t object_bytes) = 0;

  /// The older copy at `path` has `bytes`.
  virtual void reusing(const std::string& path, std::uint64_t bytes) = 0;

  virtual void started(const std::string& target, std::uint64_t object_bytes, ULONG block_bytes)
    = 0;

  /// The session has not begun after `seconds`.
  virtual void waiting(double seconds) = 0;

  virtual void progress(const transfer_figures& figures) = 0;

  virtual void completed(const std::string& target, const transfer_figures& figures) = 0;

  virtual void failed(const get_failure& failure) = 0;

  virtual void warning(const std::string& line) = 0;
};

} // namespace fleetcast::apps
