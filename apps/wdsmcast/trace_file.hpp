/// What happened, line by line, with the time: for those who look into a transfer afterwards.
#pragma once

#include "apps/common/staged_file.hpp"

#include <tl/expected.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace fleetcast::apps {

/// A text file; each line is out before the next call returns, so that a killed program leaves what it
/// knew.
class trace_file {
public:
  /// Makes or empties the file.
  [[nodiscard]] static tl::expected<trace_file, file_failure> open(const std::string& path);

  /// Puts `2024-05-31T12:00:00.123Z text`, the time in UTC. What cannot be written is lost.
  void write(std::string_view text);

  /// Some line was lost: the disk is full, or similar.
  bool incomplete() const noexcept { return incomplete_; }

private:
  struct closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };

  explicit trace_file(std::FILE* file) noexcept : file_(file) {}

  std::unique_ptr<std::FILE, closer> file_;
  bool incomplete_ = false;
};

} // namespace fleetcast::apps
