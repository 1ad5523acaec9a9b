/// The name of a file that its owner has to rename or remove; empty once nobody has to.
///
/// A move hands the duty over: what was moved from is empty, which a std::string need not be.
#pragma once

#include <string>
#include <utility>

namespace fleetcast::apps {

class owned_name {
public:
  explicit owned_name(std::string name) noexcept : name_(std::move(name)) {}

  owned_name(owned_name&& other) noexcept : name_(std::exchange(other.name_, {})) {}
  owned_name& operator=(owned_name&&) = delete;

  bool empty() const noexcept { return name_.empty(); }
  const std::string& get() const noexcept { return name_; }

  /// It was renamed or removed, or is somebody else's to.
  void clear() noexcept { name_.clear(); }

private:
  std::string name_;
};

} // namespace fleetcast::apps
