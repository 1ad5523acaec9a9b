/// Where `fleetcast bench` puts its files: a directory of its own, which goes with the object.
#pragma once

#include "apps/common/staged_file.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <filesystem>

namespace fleetcast::apps {

class bench_directory {
public:
  /// Makes one below `parent`, which must have room for `bytes`; where files live in memory, the memory
  /// must be free, too.
  [[nodiscard]] static tl::expected<bench_directory, file_failure>
  create(const std::filesystem::path& parent, std::uint64_t bytes);

  ~bench_directory();

  bench_directory(bench_directory&& other) noexcept;
  bench_directory& operator=(bench_directory&&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

  /// A file of random bytes.
  [[nodiscard]] tl::expected<void, file_failure> fill(const std::filesystem::path& file,
                                                      std::uint64_t bytes) const;

private:
  explicit bench_directory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

/// Whether both hold the same bytes. False when one cannot be read.
[[nodiscard]] bool same_bytes(const std::filesystem::path& one, const std::filesystem::path& other);

} // namespace fleetcast::apps
