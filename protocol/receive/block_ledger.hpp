/// Where each block of an object stands with its receiver, and the digest that it must have.
///
/// Every block is in exactly one of four places:
///
///     untouched   nothing of it is here
///     begun       in assembly: it has memory, and some symbols or all of them
///     held        the receiver's caller has held it since an earlier session, and it is unproven (held_blocks.hpp)
///     completed   verified, or not wanted; it never leaves this place
///
/// The receiver decides when a block moves and what follows from it; only the functions below move it, and each says from
/// where to where.
///
/// The digest that a manifest announced is known of untouched and begun blocks only. held_blocks compares that of a held
/// one. That of a completed one is kept if the ledger keeps digests: the receiver of the next transmission of the same
/// object can then carry the block over, and holds it until it is proven again.
///
/// Memory: two bits a block, a bounded interval set, the digests, and the blocks begun, whose buffers come from the caller.
/// What is asked for each symbol is inline and allocates nothing.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"
#include "protocol/receive/assembly.hpp"
#include "protocol/receive/digest_store.hpp"
#include "protocol/receive/held_blocks.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace fleetcast::protocol {

class block_ledger {
public:
  /// All blocks are untouched, and wanted. No more than `max_digests` announced digests are known at a time.
  block_ledger(const geometry& layout, std::size_t max_digests, bool keeps_digests);

  // -- where blocks stand -----------------------------------------------------------------------

  const interval_set& untouched() const noexcept { return untouched_; }
  const assemblies& begun() const noexcept { return begun_; }

  /// For changing what is known of each; only the moves below change which blocks are begun.
  assemblies& begun() noexcept { return begun_; }

  const held_blocks& held() const noexcept { return held_; }
  bool is_completed(block_number block) const { return completed_[block]; }
  block_number completed_count() const noexcept { return completed_count_; }
  bool all_completed() const noexcept { return completed_count_ == layout_.block_count(); }

  /// The blocks outside of it are completed, whether they ever came or not.
  const wire::block_range& wanted() const noexcept { return wanted_; }

  /// An earlier receiver handed it out. Stays true once it is proven or refuted; false if it is held anew after that.
  bool is_carried_over(block_number block) const { return !carried_.empty() && carried_[block]; }

  /// Blocks carried over that are still held.
  block_number unproven_count() const noexcept { return unproven_count_; }

  // -- their digests ----------------------------------------------------------------------------

  /// Those that were announced.
  const digest_store& digests() const noexcept { return digests_; }

  /// Whether a manifest would say anything new about `block`.
  bool is_news(block_number block) const;

  /// The server signed this digest of `block`, which is untouched or begun.
  void announce(block_number block, const wire::digest& digest);

  // -- moves ------------------------------------------------------------------------------------

  /// Whether one more block may be begun. It may split an interval of the untouched ones, and each block held may yet come
  /// back to them as an interval of its own.
  bool may_begin() const noexcept { return untouched_.room() > held_.size(); }

  /// Untouched -> begun, in `memory`, a buffer for one block. Ask may_begin first.
  assemblies::iterator begin(block_number block, block_buffer memory);

  /// Begun -> untouched, with its memory gone. There is a place for it if nothing has moved since, or if may_begin.
  void abandon(assemblies::iterator block);

  /// Begun -> completed. It is whole, and has the digest that was announced, if any.
  void complete(assemblies::iterator block);

  /// Untouched -> held: those of `blocks` that are. Announced digests of them are forgotten, and have to come again.
  void hold(wire::block_range blocks);

  /// The receiver's caller has read `block` again and found this digest; nothing: it is not there. Held -> completed if
  /// that proves it, held -> untouched if that refutes it. Requires held().is_unread(block).
  [[nodiscard]] held_blocks::verdict on_read(block_number block,
                                             const std::optional<wire::digest>& found);

  /// The server signed this digest of `block`. Moves it as on_read does. Requires held().is_untold(block).
  [[nodiscard]] held_blocks::verdict on_told(block_number block, const wire::digest& digest);

  /// Wherever it is -> completed: each block outside of `blocks`. They are not wanted any more.
  void require(wire::block_range blocks);

  /// Untouched -> held: the wanted blocks that `earlier` completed or held. Requires that all are untouched yet, that
  /// `earlier` keeps digests, and layouts that differ in the size of symbols at most.
  void carry_over(const block_ledger& earlier);

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const;

private:
  bool is_wanted(block_number block) const noexcept {
    return block >= wanted_.first && block - wanted_.first < wanted_.count;
  }
  held_blocks::verdict settle(block_number block, held_blocks::verdict verdict,
                              const wire::digest& digest);
  void put_back(block_number block);
  void mark_completed(block_number block);
  void keep_digest(block_number block, const wire::digest& digest);
  void dismiss(block_number block);
  void carry_over(const block_ledger& earlier, block_number block);

  bool is_each_in_one_place() const;
  bool counts_fit() const;
  bool digests_fit() const;

  geometry layout_;
  interval_set untouched_;
  assemblies begun_;
  held_blocks held_;
  std::vector<bool> completed_;
  block_number completed_count_ = 0;
  wire::block_range wanted_;

  std::vector<bool> carried_; ///< empty: none
  block_number unproven_count_ = 0;

  digest_store digests_;
  std::unique_ptr<wire::digest[]>
    kept_digests_; ///< of completed blocks that are wanted; null: not kept
};

} // namespace fleetcast::protocol
