/// Where the files of a digest cache lie: what digest_cache needs of a directory. Real in digest_directory.hpp; in tests,
/// whatever can go wrong.
#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fleetcast::actors {

/// Why something could not be done with a file.
struct store_fault {
  int error = 0; ///< errno

  /// Not empty: what has the file's name is not ours, and was left alone. Why, in words for people.
  std::string foreign;
};

using store_outcome = tl::expected<void, store_fault>;

/// All calls may wait for a disk. Names are plain file names.
class digest_store {
public:
  virtual ~digest_store() = default;

  /// For people: "/var/lib/fleetcast/digests".
  [[nodiscard]] virtual std::string name() const = 0;

  /// Files that may be ours, the one that was used longest ago first.
  struct found {
    std::string name;
    std::uint64_t size = 0; ///< bytes
  };
  [[nodiscard]] virtual tl::expected<std::vector<found>, store_fault> list() = 0;

  /// All of a file of at most `most` bytes (EFBIG beyond), which counts as use. Only of one that could be written, too.
  [[nodiscard]] virtual tl::expected<std::vector<std::byte>, store_fault>
  read(const std::string& file, std::uint64_t most) = 0;

  /// A file with these bytes, in place of one that is there.
  [[nodiscard]] virtual store_outcome create(const std::string& file,
                                             std::span<const std::byte> bytes)
    = 0;

  /// Behind what is there (ENOENT: nothing is), which counts as use. After a failure a part may have been written.
  [[nodiscard]] virtual store_outcome append(const std::string& file,
                                             std::span<const std::byte> bytes)
    = 0;

  /// Cuts off what is behind `size` bytes.
  [[nodiscard]] virtual store_outcome cut(const std::string& file, std::uint64_t size) = 0;

  /// ENOENT: it was gone.
  [[nodiscard]] virtual store_outcome remove(const std::string& file) = 0;
};

} // namespace fleetcast::actors
