/// The one actor of a server that has its digest cache: on a thread of its own, since it waits for a disk that no
/// transmission should wait for.
///
/// While its disk hangs, a transmission leaves six messages in its mailbox at most (digest_ledger.hpp): then it waits for
/// answers, and drops what comes meanwhile. Nobody waits for an answer with anything else.
///
/// Supervision: nobody's. If it dies, or its directory cannot be used, the server goes on without a cache; the log says so.
/// It ends with a stop_atom, after what was sent to it before.
#pragma once

#include "actors/kit/status.hpp"
#include "actors/messages/vocabulary.hpp"
#include "actors/serve/digest_cache.hpp"
#include "actors/trust/openssl_thread.hpp"
#include "protocol/send/digest_run.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace fleetcast::actors {

/// What is known of this version?
struct find_digests {
  digest_key key;
};

/// All of it, in ascending order.
struct known_digests {
  std::vector<protocol::digest_run> runs;
};

/// More of it. The answer says only that the next may come.
struct keep_digests {
  digest_key key;
  std::vector<protocol::digest_run> runs;
};

/// It is not true.
struct drop_digests {
  digest_key key;
};

using digest_keeper_actor
  = caf::typed_actor<caf::replies_to<find_digests>::with<known_digests>,
                     caf::reacts_to<keep_digests>, caf::reacts_to<drop_digests>,
                     caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

struct digest_keeper_state {
  static inline const char* name = "digest_keeper";

  /// Why there is none is in the log.
  void open(const std::filesystem::path& directory);

  [[nodiscard]] status_snapshot status() const;

  io::openssl_thread openssl;
  vitals alive;
  std::optional<digest_cache> cache; ///< none: its directory cannot be used
};

/// Spawn it on a thread of its own.
digest_keeper_actor::behavior_type
digest_keeper(digest_keeper_actor::stateful_pointer<digest_keeper_state> self,
              const std::filesystem::path& directory);

/// In `directory`, on a thread of its own. Null if there is no thread for it; the log says so.
[[nodiscard]] digest_keeper_actor start_digest_keeper(caf::actor_system& system,
                                                      const std::filesystem::path& directory);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::find_digests)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::known_digests)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::keep_digests)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::drop_digests)
