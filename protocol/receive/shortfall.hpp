/// What a receiver lacks, and what of that it may ask for.
///
/// Four things can be lacking: symbols of a block that the sender has moved past, blocks that it passed before this
/// receiver came and does not mean to send again (*wanted* ones), manifests of whole blocks, and manifests of blocks that
/// are held since an earlier session. Nothing is asked for that the sender has announced, nor again before an answer can
/// have come (nack_timer.hpp: holdoff; proof_pace.hpp).
///
/// Pure: time is a parameter; what is held is the caller's, and looked at in each call.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"
#include "protocol/position.hpp"
#include "protocol/receive/assembly.hpp"
#include "protocol/receive/digest_store.hpp"
#include "protocol/receive/heard_heartbeat.hpp"
#include "protocol/receive/proof_pace.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstddef>
#include <vector>

namespace fleetcast::protocol {

class shortfall {
public:
  /// What the receiver holds and knows.
  struct holdings {
    const assemblies& begun;
    const interval_set& untouched; ///< blocks of which nothing is held
    const interval_set&
      untold; ///< blocks held since an earlier session, of which no manifest told yet
    const digest_store& digests;
    const heard_heartbeat& beat;
    position room; ///< the receiver's limit: beyond it there is no room
  };

  shortfall() : scheduled_(wire::max_scheduled_ranges) {}

  /// What the sender says that it will send whole, of an object of so many blocks.
  void on_heartbeat(const wire::heartbeat& message, block_number blocks);

  /// The sender takes blocks off its schedule as it starts them, and has come from `from` to `block`: so does this copy
  /// of it, without waiting for the next heartbeat.
  void on_passed(block_number from, block_number block) { scheduled_.erase(from, block + 1); }

  /// Whether there is anything to ask for when the sender is at `at`.
  bool lacks_anything(timestamp now, position at, const holdings& have) const;

  /// Whether some of it was asked for once already.
  bool asks_again(timestamp now, position at, const holdings& have) const;

  /// A manifest told of a block that is held.
  void on_proof(timestamp now) noexcept { proofs_.on_answer(now); }

  /// Ranges of whole blocks whose manifests are lacking.
  std::vector<wire::block_range> lacking_manifests(timestamp now, const holdings& have) const;

  /// What to fetch of manifests where those that come down the group get lost unchecked.
  std::vector<wire::block_range> manifests_to_fetch(timestamp now, const holdings& have) const;

  /// Puts into `message` what to ask for of that which the sender had passed at `passed`, at most `most` entries in each
  /// list, and remembers in `begun`, which is that of `have`, that it was asked for. False: there is nothing.
  bool ask(timestamp now, position passed, const holdings& have, assemblies& begun,
           std::size_t most, wire::feedback& message);

private:
  bool comes_whole(block_number block, const holdings& have) const;
  bool lacks_symbols(timestamp now, position at, const holdings& have, block_number block,
                     const assembly& a) const;
  std::vector<wire::block_range> not_coming(const interval_set& blocks, std::size_t most) const;
  std::vector<wire::block_range> wanted(timestamp now, const holdings& have) const;
  std::vector<wire::block_range> lacking_proofs(timestamp now, const holdings& have,
                                                std::size_t most) const;
  void ask_for_manifests(timestamp now, const holdings& have, std::size_t most,
                         wire::feedback& message);

  /// What the last heartbeat said will be sent whole, less what was started since, and where that list was cut off; before
  /// the first one nothing is known of any block.
  interval_set scheduled_;
  block_number schedule_known_to_ = 0;

  timestamp wanted_asked_at_ = -never;
  timestamp manifests_asked_at_ = -never;
  proof_pace proofs_;
};

/// The first blocks that are not complete, in ranges, at most so many.
[[nodiscard]] std::vector<wire::block_range>
missing_blocks(const interval_set& untouched, const assemblies& begun, std::size_t max_ranges);

} // namespace fleetcast::protocol
