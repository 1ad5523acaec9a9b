/// Where an agent puts what it receives. The programs bring the implementation: what may be written
/// where is their business, and they have the files.
#pragma once

#include "actors/messages/receiving.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

/// A file that appears under its name only when published. May block on the disk; one thread.
/// Destroyed unpublished, it keeps what is on the disk, for the next one for the same target to go on with.
class target_file {
public:
  template <class T>
  using result = tl::expected<T, protocol::failure>;

  target_file() = default;
  target_file(const target_file&) = delete;
  target_file& operator=(const target_file&) = delete;
  virtual ~target_file() = default;

  /// What an earlier one left in it, or the file that it will replace has, not proven.
  [[nodiscard]] virtual std::vector<byte_range> held() const = 0;

  /// Sets the size, before anything is written. What is written is kept by whole blocks of `block_bytes`.
  virtual result<void> size(std::uint64_t bytes, std::uint32_t block_bytes) = 0;

  virtual result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// What is held there is right.
  virtual void proven(std::uint64_t offset, std::uint64_t bytes) = 0;

  /// What is held, on another thread meanwhile. Nothing else may have been written there.
  virtual result<void> read_held(std::uint64_t offset, std::span<std::byte> bytes) = 0;

  /// What was written or proven.
  virtual result<void> read(std::uint64_t offset, std::span<std::byte> bytes) = 0;

  /// To stable storage.
  virtual result<void> sync() = 0;

  /// This host's own judgement of the whole, synced file.
  virtual result<void> verify() = 0;

  /// Gives it its name, in one step.
  virtual result<void> publish() = 0;

  /// Makes that stable, too.
  virtual result<void> sync_name() = 0;

  /// Nothing of it is kept.
  virtual void discard() = 0;
};

/// What is to become a copy of what.
struct target_request {
  std::string destination; ///< a file, or a directory that takes `base_name`
  std::string base_name;
  std::string server;
  std::string name_space;
  std::string object;
};

class target_files {
public:
  target_files() = default;
  target_files(const target_files&) = delete;
  target_files& operator=(const target_files&) = delete;
  virtual ~target_files() = default;

  /// Goes on with what an earlier one left for the same target. Any thread. Refuses everything outside of what this host
  /// allows, with access_denied.
  [[nodiscard]] virtual target_file::result<std::unique_ptr<target_file>>
  open(const target_request& request) = 0;
};

} // namespace fleetcast::actors::fleet
