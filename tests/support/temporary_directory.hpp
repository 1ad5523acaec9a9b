/// A directory for the files of one test.
#pragma once

#include <filesystem>

namespace fleetcast::actors::testing {

/// Goes with its owner, and all that is in it. A test whose actors write there makes it before their
/// actor system, so that it outlives them.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();

  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace fleetcast::actors::testing
