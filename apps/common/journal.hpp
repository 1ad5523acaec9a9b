/// What of a file that is not whole yet is on the disk for good, so that the next process can go on from there.
///
/// Lies beside the staged file (staged_file.hpp) and is written by appending alone, in this order:
///
///     the header, and the file's name, are made stable before any record;
///     a record of blocks is written only once they are stable, and is then made stable itself.
///
/// So whatever moment the power fails at, a record that can be read tells of blocks that are there. A torn record is cut off
/// with what follows; a torn header means that there is nothing. Records begin at multiples of a sector, and a sector holds
/// one record at most: a torn one takes no other with it.
///
/// It says what is worth reading again, and proves nothing: blocks count once a digest that the server signed says so. One
/// that such a digest refuted is written again, and what its record says is not true meanwhile; so its digest refutes it
/// once more, should that be all that is left.
///
///     header   "fleetcast.jrnl\n" 1, u64 id, u64 object size, u32 block size, u32 permissions, version (32 bytes),
///              server, namespace, object (each u32 length and bytes), zeros, u32 CRC
///     record   "rec" 1, u32 bytes of the record, u64 id, u64 number from 0, u32 ranges, (u32 first, u32 count) …, zeros,
///              u32 CRC
///
/// Integers are little-endian, a CRC (CRC-32C) covers what is before it. The id is drawn at random: what a disk held before
/// is no record of this journal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace fleetcast::apps {

/// Blocks that follow one another.
struct block_span {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  friend bool operator==(const block_span&, const block_span&) = default;
};

/// What is copied, as it was asked for.
struct copy_source {
  std::string server;
  std::string name_space;
  std::string object;

  friend bool operator==(const copy_source&, const copy_source&) = default;
};

/// Of what the staged file will be a copy.
struct journal_identity {
  copy_source source;
  std::uint64_t object_size = 0;
  std::uint32_t block_size = 0;
  mode_t permissions = 0;              ///< those that the staged file was made with
  std::array<std::byte, 32> version{}; ///< of the object, as the server tells; zeros: it does not

  friend bool operator==(const journal_identity&, const journal_identity&) = default;
};

/// What a journal tells.
struct journal_story {
  journal_identity identity;
  std::uint64_t id = 0;
  std::vector<block_span> blocks; ///< in ascending order, none touches the next
  std::uint64_t records = 0;
  std::uint64_t size = 0; ///< bytes of header and whole records; what lies behind is torn

  /// Bytes of the object in `blocks`.
  std::uint64_t bytes() const noexcept;
};

/// Nothing: `contents` begins with no whole header.
[[nodiscard]] std::optional<journal_story> read_journal(std::span<const std::byte> contents);

/// The file that a journal lies in. Calls return 0 or errno.
class journal_file {
public:
  virtual ~journal_file() = default;

  /// All of `bytes`.
  [[nodiscard]] virtual int write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual int truncate(std::uint64_t size) = 0;

  /// What was written, and the size, to stable storage.
  [[nodiscard]] virtual int sync() = 0;

  /// The file's name to stable storage.
  [[nodiscard]] virtual int sync_directory() = 0;
};

/// `written` on the thread that writes the data, `checkpoint` on one that may wait for the disk.
class journal {
public:
  explicit journal(std::unique_ptr<journal_file> file) : file_(std::move(file)) {}

  /// Begins an empty one, `id` being drawn at random. 0 or errno; after an error there is no journal.
  [[nodiscard]] int begin(const journal_identity& identity, std::uint64_t id);

  /// Goes on with one that told `story`: what is torn is cut off. 0 or errno.
  [[nodiscard]] int resume(const journal_story& story);

  /// Blocks were written to the data's file.
  void written(block_span blocks);

  /// Makes data stable by `flush`, which returns 0 or errno, and then records what was written before. Returns what `flush`
  /// did. What it failed for is never recorded: the next flush may succeed without it.
  [[nodiscard]] int checkpoint(const std::function<int()>& flush);

  /// Why nothing is recorded any more, errno; 0: it is.
  int error() const;

private:
  std::vector<block_span> take_unrecorded();
  int append(const std::vector<block_span>& blocks);

  std::unique_ptr<journal_file> file_;
  std::uint64_t id_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t size_ = 0;

  mutable std::mutex mutex_; ///< of what follows
  std::vector<block_span> unrecorded_;
  int error_ = 0;
};

} // namespace fleetcast::apps
