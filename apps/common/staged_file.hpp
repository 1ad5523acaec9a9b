/// A file that appears under its name only when it is whole.
///
/// Bytes go to a hidden file beside the target, `.fleetcast-HASH-XXXXXX` (HASH: of the target's name); `publish` renames it,
/// which replaces what was there in one step. Whatever happens before leaves the target as it was, and the
/// hidden file goes with the object. One that a killed process has left is removed by the next one for the same target:
/// as long as its process lives, a hidden file is locked (flock).
///
/// An older copy may serve as a source (older_copy.hpp): what has not changed is taken from there. What is read for its digest
/// is what is written, so whatever happens to it meanwhile is never in the copy.
///
/// One that was made by `create_kept` has a journal beside it (staged_journal.hpp) as soon as it may have contents, and
/// both stay until the copy is published: the next transfer to the same target continues it.
///
/// A stream has no name: bytes go to an unlinked file, and from there, in their order, to standard output.
#pragma once

#include "apps/common/background_flush.hpp"
#include "apps/common/descriptor.hpp"
#include "apps/common/direct_output.hpp"
#include "apps/common/file_failure.hpp"
#include "apps/common/older_copy.hpp"
#include "apps/common/ordered_output.hpp"
#include "apps/common/owned_name.hpp"
#include "apps/common/staged_journal.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/uio.h>

namespace fleetcast::apps {

/// Where a copy of an object named `base_name` goes: `destination` itself, or into it if it is a directory;
/// empty: the current one. A symbolic link is followed, so that what it points to is replaced, unless a stranger
/// may have put it there (followed_path.hpp). Refused are directories that do not exist and targets that are no regular files.
[[nodiscard]] tl::expected<std::string, file_failure> resolve_target(const std::string& destination,
                                                                     const std::string& base_name);

/// What stays of a copy that did not get whole.
struct kept_part {
  std::string path;        ///< of the hidden file
  std::uint64_t bytes = 0; ///< of the object that the next transfer finds there

  /// Why there is not more.
  std::optional<file_failure> unrecorded;
};

/// `write`, `proven`, `size` and what follows it on one thread, `read_held` on another one meanwhile; the rest when these are done.
class staged_file {
public:
  template <class T>
  using result = tl::expected<T, file_failure>;

  /// Makes the hidden file; fails when the directory is missing or not writable, or the name cannot be given
  /// (place.hpp).
  [[nodiscard]] static result<staged_file> create(const std::string& target);

  /// As `create`, for a copy of `source` of which is kept what is on the disk. Continues one that was kept (kept_copy.hpp),
  /// unless `fresh`; `remarks` gets what is to be said of others.
  [[nodiscard]] static result<staged_file> create_kept(const std::string& target,
                                                       const copy_source& source, bool fresh,
                                                       std::vector<std::string>& remarks);

  /// The same as `create` for the file `name` of an open directory; `target` is how messages call it.
  [[nodiscard]] static result<staged_file> create_in(descriptor directory, const std::string& name,
                                                     const std::string& target);

  /// `create_kept` for the file `name` of an open directory; never starts over.
  [[nodiscard]] static result<staged_file>
  create_kept_in(descriptor directory, const std::string& name, const std::string& target,
                 const copy_source& source, std::vector<std::string>& remarks);

  /// For standard output. Bytes that come before their turn wait in a file of `directory` that has no name.
  [[nodiscard]] static result<staged_file> create_stream(const std::string& directory, int output);

  /// As `keep`, unless it was published.
  ~staged_file();

  staged_file(staged_file&&) noexcept = default;
  staged_file& operator=(staged_file&&) = delete;

  /// The object may be mostly zeros, which take no room: `size` does not ask for room for all of it.
  void expect_holes() noexcept { expects_holes_ = true; }

  /// Before `held`: an older copy of the object, or of anything, and what messages call it; `reuse_replaced`: the file that this
  /// one will replace, if it is there and can be read. Bytes that it gives.
  std::uint64_t reuse(descriptor older, std::string path = {});
  std::uint64_t reuse_replaced();

  /// Sets the size, before anything is written: what is never written stays a hole of zeros. Fails if the file system
  /// has not as much room.
  [[nodiscard]] result<void> size(std::uint64_t bytes);

  /// What an earlier transfer left in it, or the older copy has, not proven: bytes of the object at the same offsets.
  [[nodiscard]] std::vector<byte_span> held() const;

  /// Of that, what an earlier transfer left.
  std::uint64_t held_bytes() const noexcept { return journal_ ? journal_->held_bytes() : 0; }

  /// Size of the object as that transfer knew it; 0: nothing is held.
  std::uint64_t held_object_bytes() const noexcept {
    return journal_ ? journal_->held_object_bytes() : 0;
  }

  /// After `size`, for a copy that is kept: whole blocks of `block_bytes` will be written, and recorded once they are on
  /// the disk.
  void keep_blocks(std::uint32_t block_bytes);

  /// From now on what is written is made stable piece by piece (background_flush.hpp), and recorded if it is kept.
  void flush_in_background();

  /// The same, and blocks of whole pages go past the page cache while that pays (direct_output.hpp). For a file that is not
  /// read soon.
  void bypass_page_cache();

  /// Blocks of zeros are left out: `size` put them there. What was written goes on its way to the disk
  /// soon, not all of it at `sync`; so a disk that is too slow is felt here.
  [[nodiscard]] result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);

  /// The same for blocks that follow one another in the file.
  [[nodiscard]] result<void> write(std::uint64_t offset, std::span<const iovec> blocks);

  /// What is held there is right.
  void proven(std::uint64_t offset, std::uint64_t bytes);

  /// What is held there. Bytes of the older copy are written at the same time, so nothing else may be there yet.
  [[nodiscard]] result<void> read_held(std::uint64_t offset, std::span<std::byte> bytes);

  /// What was written before, or proven.
  [[nodiscard]] result<void> read(std::uint64_t offset, std::span<std::byte> bytes);

  /// To stable storage. May take long.
  [[nodiscard]] result<void> sync();

  /// Renames, and makes the rename itself stable. After `sync`. The file gets mode, owner and access list of the one it
  /// replaces, as far as this process may give them. A stream is published once all of it was written.
  [[nodiscard]] result<void> publish();

  /// The two halves of `publish`: others see the file from the first one on.
  [[nodiscard]] result<void> rename();
  [[nodiscard]] result<void> sync_name();

  /// Records what was written, and leaves the hidden file for the next transfer if that finds anything in it; otherwise,
  /// and if it is not one that is kept, removes it. May take long.
  std::optional<kept_part> keep() noexcept;

  /// The same with what is recorded already; safe while another thread is inside `sync`.
  std::optional<kept_part> keep_recorded() noexcept;

  /// Removes the hidden file; safe while another thread is inside `sync`.
  void discard() noexcept;

  const std::string& target() const noexcept { return target_; }

  /// The hidden file, for tests and messages.
  [[nodiscard]] std::string staged_path() const;

private:
  staged_file(std::string target, std::string name, descriptor directory, descriptor file,
              std::string staged_name);

  /// One that is kept; `fresh`: whatever there was.
  static result<staged_file> make_kept(descriptor directory, const std::string& name,
                                       const std::string& target, const copy_source& source,
                                       bool fresh, std::vector<std::string>& remarks);

  /// The hidden file, with the permissions of any new one.
  static result<staged_file> make(descriptor directory, const std::string& name,
                                  const std::string& target);

  /// From the older copy.
  result<void> take_over(std::uint64_t offset, std::span<std::byte> bytes);

  /// An earlier transfer left all of it.
  bool was_kept(std::uint64_t offset, std::uint64_t bytes) const noexcept;

  /// What was written, on its way to standard output.
  result<void> pass_on(std::uint64_t offset, std::uint64_t bytes);

  /// Zeros there, where something else may be.
  result<void> clear(std::uint64_t offset, std::span<const iovec> zeros);

  /// What is not left out.
  result<void> put(std::uint64_t offset, std::span<const iovec> blocks);

  /// The same, by way of the page cache.
  result<void> put(std::uint64_t offset, std::span<const std::byte> bytes);

  /// What was not written yet may be anything, not only zeros.
  bool may_hold_bytes() const noexcept { return is_continued_ || older_.has_value(); }

  void start_write_back() noexcept;
  file_failure failed(const std::string& what, int error) const;
  file_failure failed_rename(int error) const;

  /// False: another directory has the path now, or none.
  bool is_in_place() const;

  std::string target_;
  std::string name_; ///< in the directory
  descriptor directory_;
  std::string directory_name_; ///< its path; empty: known by `directory_` only
  descriptor file_;
  direct_output direct_;
  std::optional<older_copy> older_;
  std::unique_ptr<staged_journal> journal_; ///< none: it is not kept
  std::vector<byte_span> kept_;             ///< what an earlier transfer left, in ascending order
  std::unique_ptr<background_flush> flush_; ///< none: all is left to `sync`
  owned_name staged_name_;                  ///< empty once published, kept or removed
  std::uint64_t unstarted_ = 0;             ///< bytes whose way to the disk has not begun
  bool drops_behind_ = false;               ///< keeps nothing in the page cache that is on the disk
  bool expects_holes_ = false;
  bool is_continued_ = false; ///< an earlier transfer wrote to it
  std::uint64_t size_ = 0;
  std::optional<ordered_output> stream_; ///< none: it gets a name
};

} // namespace fleetcast::apps
