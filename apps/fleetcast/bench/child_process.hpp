/// A program that this one runs and listens to. It never outlives its object, nor this process.
#pragma once

#include "apps/common/staged_file.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// How a program ended.
struct child_end {
  int code = 0;                 ///< its exit code; 128 and the signal's number if one ended it
  std::uint64_t peak_bytes = 0; ///< of memory
  double cpu_seconds = 0;       ///< of user and system
  std::chrono::steady_clock::time_point at{};
};

/// For programs with one thread. Standard output comes here, standard error goes where ours goes.
class child_process {
public:
  /// Throws std::system_error when there can be no more processes. A program that cannot be run ends
  /// with 127.
  explicit child_process(const std::vector<std::string>& command);

  /// Kills it if it runs, and waits for that.
  ~child_process();

  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&&) = delete;

  /// What `read` reads from: something is there, or it has ended.
  int output() const noexcept { return output_.get(); }

  /// Whether it may still say something; false: it has ended, or is about to.
  bool talks() const noexcept { return static_cast<bool>(output_); }

  /// Takes what it has said. Does not block.
  void read();

  /// Whole lines read so far; at most the last `most_lines`.
  const std::vector<std::string>& lines() const noexcept { return lines_; }

  /// Asks it to end.
  void terminate() noexcept;

  /// Waits for its end.
  child_end wait();

  static constexpr std::size_t most_lines = 1000;

private:
  void take(const char* text, std::size_t size);

  int pid_ = -1; ///< -1: waited for
  descriptor output_;
  std::string rest_;
  std::vector<std::string> lines_;
};

} // namespace fleetcast::apps
