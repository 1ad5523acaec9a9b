/// What a transmission has to do with the digest keeper: asks it once for what is known, tells it what was hashed, and takes
/// back what is not true.
///
/// Digests go in batches, so that the keeper wakes twice in a hundred blocks and not a hundred times. While several are
/// unanswered, its disk does not keep up: what comes meanwhile is not kept, rather than waiting in memory.
///
/// Part of the session's state: called on its thread. Does nothing without a keeper.
#pragma once

#include "actors/messages/serving.hpp"
#include "actors/serve/digest_keeper.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace fleetcast::actors {

class digest_ledger {
public:
  /// Digests in a batch, and how long the first of them waits for the others.
  static constexpr std::size_t batch = 64;
  static constexpr protocol::duration patience = protocol::seconds(1);

  /// Batches that wait for an answer at most.
  static constexpr std::size_t most_under_way = 4;

  /// `blocks`: of the whole object. Batches go out in the name of `self`.
  digest_ledger(steered_send_session_actor::pointer self, digest_keeper_actor keeper,
                const digest_key& key, protocol::block_number blocks);

  /// Asks what is known, and hands it to `found`, on the session's thread, some time later. Never, if nothing is known.
  void ask(std::function<void(const std::vector<protocol::digest_run>&)> found);

  /// Block `number` was read and has this digest.
  void note(protocol::timestamp now, protocol::block_number number,
            const protocol::wire::digest& digest);

  /// Sends what waits: nothing more will come.
  void flush();

  /// What the keeper knows is not true. Ends all there is to do with it.
  void drop();

private:
  void skip(const std::vector<protocol::digest_run>& known);

  steered_send_session_actor::pointer self_;
  digest_keeper_actor keeper_; ///< null: no more
  digest_key key_;
  std::vector<bool> is_kept_; ///< at the keeper, or on the way there
  std::map<protocol::block_number, protocol::wire::digest> waiting_;
  protocol::timestamp waiting_since_{};
  std::size_t under_way_ = 0;
};

} // namespace fleetcast::actors
