/// Looks whether a client may have an object, and opens it, for the control_servers of a listener. On a
/// thread of its own: a disk that hangs
/// delays those who want to join, not the actors that share CAF's workers.
///
/// One request waits for each connection that has asked at most, so the mailbox is bounded by
/// `control_limits::connections`. A crash of this actor refuses later requests with `internal`.
#pragma once

#include "actors/kit/status.hpp"
#include "actors/messages/vocabulary.hpp"
#include "actors/serve/content_provider.hpp"
#include "actors/serve/offer.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace fleetcast::actors {

struct opened_content {
  failure reason; ///< none: opened
  std::shared_ptr<content> object;
};

/// Namespace and object, as the client gave them, and its fingerprint; empty: it did not say.
using content_opener_actor = caf::typed_actor<
  caf::replies_to<open_atom, std::string, std::string, std::string>::with<opened_content>,
  caf::replies_to<status_atom>::with<status_snapshot>>;

struct content_opener_state {
  static inline const char* name = "content_opener";

  vitals alive;
  std::uint64_t opened = 0;
  std::uint64_t refused = 0;
};

/// To be spawned on a thread of its own, the only one that asks what is offered.
content_opener_actor::behavior_type
content_opener(content_opener_actor::stateful_pointer<content_opener_state> self,
               std::shared_ptr<const offer> offered);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::opened_content)
