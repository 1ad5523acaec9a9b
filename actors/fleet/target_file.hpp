/// Where an agent puts what it receives. The programs bring the implementation: what may be written
/// where is their business, and they have the files.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace fleetcast::actors::fleet {

/// A file that appears under its name only when published. May block on the disk; one thread.
/// Destroyed unpublished, it leaves nothing.
class target_file {
public:
  template <class T>
  using result = tl::expected<T, protocol::failure>;

  target_file() = default;
  target_file(const target_file&) = delete;
  target_file& operator=(const target_file&) = delete;
  virtual ~target_file() = default;

  /// Sets the size, before anything is written.
  virtual result<void> size(std::uint64_t bytes) = 0;

  virtual result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// What was written, to compare and to sum up.
  virtual result<void> read(std::uint64_t offset, std::span<std::byte> bytes) = 0;

  /// To stable storage.
  virtual result<void> sync() = 0;

  /// This host's own judgement of the whole, synced file.
  virtual result<void> verify() = 0;

  /// Gives it its name, in one step.
  virtual result<void> publish() = 0;

  /// Makes that stable, too.
  virtual result<void> sync_name() = 0;
};

class target_files {
public:
  target_files() = default;
  target_files(const target_files&) = delete;
  target_files& operator=(const target_files&) = delete;
  virtual ~target_files() = default;

  /// `destination` is a file, or a directory that takes `base_name`. Any thread. Refuses everything
  /// outside of what this host allows, with access_denied.
  [[nodiscard]] virtual target_file::result<std::unique_ptr<target_file>>
  open(const std::string& destination, const std::string& base_name) = 0;
};

} // namespace fleetcast::actors::fleet
