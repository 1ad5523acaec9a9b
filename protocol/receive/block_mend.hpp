/// A whole block that fails its digest, on its way to being right: which of its leaves are wrong, and those leaves
/// from the server itself, over a connection that nobody else can speak on.
///
/// In the group one forged symbol is enough to spoil a block, as often as it is sent. So the block is not asked for
/// there again. The list of its leaves' digests proves itself by the block's digest, which the server signed; each
/// leaf proves itself by that list.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/control_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fleetcast::protocol {

class block_mend {
public:
  /// `expected`: the block's digest, as a manifest says. `size`: bytes of the object in the block.
  block_mend(block_number block, std::size_t size, const wire::digest& expected)
    : block_(block),
      size_(size),
      expected_(expected) {}

  /// What to ask for now; nothing while an answer is awaited.
  std::optional<wire::fetch> ask(timestamp now);

  /// When `ask` should be called again, if no answer comes.
  timestamp due() const noexcept { return due_; }

  /// Returns false when this is no list of the block's leaves. `block`: its bytes, as they are.
  [[nodiscard]] bool take(timestamp now, const wire::leaf_digests& leaves,
                          std::span<const std::byte> block);

  /// Puts the leaf where it belongs in `block`. Returns false when it is not what the list says.
  [[nodiscard]] bool take(const wire::fetched_leaf& leaf, std::span<std::byte> block);

  /// The server has nothing now: it is asked again later.
  void take(timestamp now, wire::fetched_nothing) noexcept;

  /// Every leaf is as the list says.
  bool is_done() const noexcept { return !leaves_.empty() && wrong_ == 0; }

private:
  std::size_t leaf_count() const noexcept;
  std::size_t leaf_size(std::size_t index) const noexcept;

  block_number block_;
  std::size_t size_;
  wire::digest expected_;
  wire::leaf_digests leaves_; ///< empty: not known yet
  std::uint16_t wrong_ = 0;   ///< bit n: leaf n
  timestamp due_ = -never;
};

} // namespace fleetcast::protocol
