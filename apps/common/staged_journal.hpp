/// The journal of one staged file: begun once the object's size is known, kept while the file is written, removed with it.
///
/// A journal that an earlier transfer left goes on if the object has the same size and blocks. Otherwise its blocks are
/// no longer the file's, so a new one takes its place, and what turns out to be there is recorded anew.
///
/// A journal that cannot be written keeps nothing from being transferred: the copy cannot be continued then, or not from
/// as far, and `failure` says why.
#pragma once

#include "apps/common/descriptor.hpp"
#include "apps/common/file_failure.hpp"
#include "apps/common/journal.hpp"
#include "apps/common/kept_copy.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// Of a file.
struct byte_span {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  friend bool operator==(const byte_span&, const byte_span&) = default;
};

/// `begin`, `written` and `proven` on the thread that writes the file, `checkpoint` on one that may wait for the disk; the rest
/// when both are done.
class staged_journal {
public:
  /// Of the file `hidden_name` in `directory`, which becomes a copy of `source`. `earlier`: the journal that was found beside it.
  staged_journal(copy_source source, descriptor directory, const std::string& hidden_name,
                 std::unique_ptr<disk_journal> earlier = {},
                 std::optional<journal_story> story = {});

  /// What was there before this transfer, not proven. In ascending order.
  [[nodiscard]] std::vector<byte_span> held() const;
  std::uint64_t held_bytes() const noexcept { return story_ ? story_->bytes() : 0; }

  /// As the earlier transfer knew it; 0: there was none.
  std::uint64_t held_object_bytes() const noexcept {
    return story_ ? story_->identity.object_size : 0;
  }

  /// The file was given its size; `permissions` are those that it has.
  void begin(std::uint64_t object_size, std::uint32_t block_size, mode_t permissions);

  /// Whole blocks were written there.
  void written(std::uint64_t offset, std::uint64_t bytes);

  /// The same of blocks that were there before.
  void proven(std::uint64_t offset, std::uint64_t bytes);

  /// As journal::checkpoint.
  [[nodiscard]] int checkpoint(const std::function<int()>& flush);

  /// Bytes that the next transfer would find, as the journal's file says.
  [[nodiscard]] std::uint64_t recorded_bytes() const;

  /// Why nothing, or nothing more, is recorded. Nothing: it is.
  [[nodiscard]] std::optional<file_failure> failure() const;

  void remove() noexcept;

private:
  bool fits(const journal_identity& identity) const;
  [[nodiscard]] std::optional<file_failure> begin_anew(const journal_identity& identity);

  copy_source source_;
  descriptor directory_;
  std::string name_;
  std::unique_ptr<disk_journal> earlier_;
  std::optional<journal_story> story_; ///< of the earlier one
  bool is_anew_ = true;                ///< nothing of an earlier transfer is recorded
  std::uint32_t block_size_ = 0;
  std::optional<file_failure> refused_; ///< why there is no journal
  std::unique_ptr<journal> journal_;    ///< none before `begin`
};

} // namespace fleetcast::apps
