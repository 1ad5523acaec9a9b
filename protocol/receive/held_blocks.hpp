/// Blocks that the receiver's caller holds since an earlier session: there, and not proven.
///
/// The name and the times of a file prove nothing of its content. So the caller reads each of these blocks again and says
/// its digest, and a digest in a signed manifest of *this* transmission decides: the same one proves the block, another
/// one refutes it. An object that was replaced meanwhile costs bytes, and never becomes a mixture. Either may come first.
///
/// Memory is the caller's choice: a digest for each block, and two interval sets that follow what it holds. Nothing that
/// a peer says makes them grow.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"
#include "protocol/wire/block_digest.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>

namespace fleetcast::protocol {

class held_blocks {
public:
  enum class verdict : std::uint8_t {
    open, ///< the other digest is still to come
    proven,
    refuted
  };

  /// Adds [first, end), none of which is held.
  void add(block_number first, block_number end);

  /// The caller has read `block` and found `digest`. Requires is_unread. One that is proven or refuted is held no more.
  [[nodiscard]] verdict on_read(block_number block, const wire::digest& digest);

  /// The server signed `digest` of `block`. Requires is_untold. One that is proven or refuted is held no more.
  [[nodiscard]] verdict on_told(block_number block, const wire::digest& digest);

  /// `block` is held no more, if it was.
  void remove(block_number block);

  bool contains(block_number block) const noexcept { return is_unread(block) || is_untold(block); }

  /// The caller has not said its digest yet.
  bool is_unread(block_number block) const noexcept { return unread_.contains(block); }
  const interval_set& unread() const noexcept { return unread_; }

  /// No manifest has told of it yet.
  bool is_untold(block_number block) const noexcept { return untold_.contains(block); }
  const interval_set& untold() const noexcept { return untold_; }

  /// What the caller found of `block`. Requires that it did, and that no manifest has told of it yet.
  const wire::digest& digest_read(block_number block) const { return digests_.at(block); }

  std::size_t size() const noexcept { return size_; }

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const;

private:
  static constexpr std::size_t any = std::numeric_limits<std::size_t>::max();

  verdict take(interval_set& awaited, block_number block, const wire::digest& digest);

  interval_set unread_{any};
  interval_set untold_{any};
  std::size_t size_ = 0;

  /// Of blocks of which one of the two digests is known: that one.
  std::unordered_map<block_number, wire::digest> digests_;
};

} // namespace fleetcast::protocol
