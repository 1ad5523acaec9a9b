/// A journal's file on the disk, and whether one that was found there may be used.
#pragma once

#include "apps/common/descriptor.hpp"
#include "apps/common/file_failure.hpp"
#include "apps/common/journal.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace fleetcast::apps {

/// Why `file`, which was found under a name that a stranger may have given, is left alone; nothing: it is a regular file of
/// this user's with one name, which nobody may do more with than `most` says.
[[nodiscard]] std::optional<std::string> refusal_of_found(const descriptor& file, mode_t most);

class disk_journal final : public journal_file {
public:
  /// Nobody else reads which objects this host gets, or writes what it goes on from.
  static constexpr mode_t permissions = 0600;

  struct found {
    std::unique_ptr<disk_journal> file;
    std::vector<std::byte> contents;
  };

  /// Makes the file `name` in `directory`; fails if there is one.
  [[nodiscard]] static tl::expected<std::unique_ptr<disk_journal>, file_failure>
  create(const descriptor& directory, const std::string& name);

  /// Opens and reads the one that is there. A link is not followed. Fails with the reason if it may not be used.
  [[nodiscard]] static tl::expected<found, file_failure> open(const descriptor& directory,
                                                              const std::string& name);

  [[nodiscard]] int write(std::uint64_t offset, std::span<const std::byte> bytes) override;
  [[nodiscard]] int truncate(std::uint64_t size) override;
  [[nodiscard]] int sync() override;
  [[nodiscard]] int sync_directory() override;

private:
  disk_journal(descriptor directory, descriptor file)
    : directory_(std::move(directory)),
      file_(std::move(file)) {}

  descriptor directory_;
  descriptor file_;
};

} // namespace fleetcast::apps
