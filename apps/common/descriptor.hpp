/// Owns an open file or directory.
#pragma once

#include <utility>

namespace fleetcast::apps {

class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int number) noexcept : number_(number) {}
  ~descriptor();

  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int get() const noexcept { return number_; }

  /// It is the caller's to close from here on.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

  explicit operator bool() const noexcept { return number_ >= 0; }

private:
  int number_ = -1;
};

/// The same file opened once more, with `flags` of open(2). Not by its name, which others may have given to another
/// file meanwhile. Invalid where the system refuses; errno says why.
[[nodiscard]] descriptor open_again(const descriptor& file, int flags);

} // namespace fleetcast::apps
