/// An open file, socket or directory of the system, closed when nobody holds it any more.
#pragma once

#include <utility>

#include <unistd.h>

namespace fleetcast::actors::io {

/// Closes what it holds.
class file_descriptor {
public:
  explicit file_descriptor(int value = -1) noexcept : value_(value) {}
  ~file_descriptor() {
    if (value_ >= 0)
      ::close(value_);
  }

  file_descriptor(file_descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }

  int get() const noexcept { return value_; }

  /// Gives up the descriptor; the caller has to close it.
  int release() noexcept { return std::exchange(value_, -1); }
  explicit operator bool() const noexcept { return value_ >= 0; }

private:
  int value_;
};

} // namespace fleetcast::actors::io
