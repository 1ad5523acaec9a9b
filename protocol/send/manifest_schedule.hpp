/// Which manifests go out, and when.
///
/// The blocks of a run are announced together, before the first of them. Where datagrams get lost the manifests of a run
/// are repeated during it: a receiver that misses one must keep sixteen whole blocks. A receiver that lacks one asks for
/// it, even for blocks that it has held since an earlier session and that have not been read in this one. Those are read
/// for their digest alone, unless their digests are known from before.
///
/// Knows the digest of each block from its first reading on, if not before: 33 bytes a block of the object.
///
/// Pure: manifests come out signed and encoded; to send them is the caller's.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"
#include "protocol/position.hpp"
#include "protocol/send/digest_run.hpp"
#include "protocol/send/recent_starts.hpp"
#include "protocol/wire/data_messages.hpp"
#include "protocol/wire/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace fleetcast::protocol {

class manifest_schedule {
public:
  /// An encoded manifest; several datagrams may carry it.
  using body = std::shared_ptr<const wire::message_bytes>;

  /// Of an object of so many blocks. `signer` must outlive this.
  manifest_schedule(block_number blocks, const wire::manifest_signer& signer)
    : signer_(signer),
      digests_(blocks),
      is_known_(blocks),
      wanted_(defaults::max_schedule_intervals),
      unread_(defaults::max_schedule_intervals) {}

  /// Block `block` was read. False, changing nothing, when its digest differs from an earlier reading.
  [[nodiscard]] bool learn(block_number block, const wire::digest& digest);

  /// Digests of an earlier transmission of the same object. False, changing nothing, when one differs from a reading. All
  /// blocks are of the object.
  [[nodiscard]] bool know(std::span<const digest_run> runs);

  // -- requests ---------------------------------------------------------------------------------

  /// Takes in which manifests `message` asks for; all its blocks are of the object. Those in `schedule` that were not
  /// read yet are not looked at: their manifests will precede them. Returns how often too many were wanted already, so
  /// that part of it is ignored.
  [[nodiscard]] std::size_t request(const wire::feedback& message, const interval_set& schedule);

  /// Blocks to be read since somebody asked for their manifests, lowest first. Each is given out once, and comes back by
  /// `learn`; never more than `most_under_way` are out.
  [[nodiscard]] std::vector<block_number> take_reads(std::size_t most_under_way);

  /// A manifest that was asked for, which goes as packet `packet`; null when there is none.
  [[nodiscard]] body take_requested(std::uint64_t packet);

  // -- runs -------------------------------------------------------------------------------------

  /// Whether manifests announced the block that is met at `at`.
  bool is_announced(position at) const noexcept { return at < announced_to_; }

  /// Whether the digests are known of all blocks in `schedule` from `block` to the end of its run.
  bool is_run_known(block_number block, const interval_set& schedule) const;

  /// The manifests that announce the blocks in `schedule` from `at` to the end of its run. Requires is_run_known.
  [[nodiscard]] std::span<const body> announce(position at, const interval_set& schedule);

  /// The same once more, if the walk that is at `at` has come so far that it is time for it, and it is worth it:
  /// datagrams are known to get lost, or nobody of a large group can have said so yet.
  [[nodiscard]] std::span<const body> take_repeats(position at, std::size_t group_size,
                                                   bool is_lossy);

  // -- any time ---------------------------------------------------------------------------------

  /// The manifest of `block`'s run, or of that part of it around the block whose digests are known; nothing when
  /// the block's is not.
  std::optional<wire::manifest> find(block_number block) const;

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const;

private:
  std::size_t want(block_number first, block_number end, const interval_set& schedule);
  bool want_read(block_number first, block_number end, const interval_set& schedule);
  void want_run_of(block_number block);
  block_number run_end(block_number block) const noexcept;
  block_number known_end(block_number first, block_number end) const;
  wire::manifest make(block_number first, block_number end) const;
  body encoded(block_number first, block_number end) const;

  const wire::manifest_signer& signer_;
  std::vector<wire::digest> digests_;
  std::vector<bool> is_known_;

  /// Blocks whose manifest somebody lacks; the digests of all are known.
  interval_set wanted_;
  recent_starts recent_;

  /// Blocks whose manifest somebody lacks, to be read first; and those being read for that, a few.
  interval_set unread_;
  std::set<block_number> being_read_;

  /// Blocks before this were announced in this pass.
  position announced_to_;

  /// The manifests of the run being sent, at most one a block, and how often they are still to be repeated.
  std::vector<body> run_;
  std::size_t repeats_left_ = 0;
};

} // namespace fleetcast::protocol
