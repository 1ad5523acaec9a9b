/// Tells clients what they may have of what is offered, for the control_servers of a listener: a namespace if its list of
/// clients lets them in, and what is in it. On a thread of its own, beside the content_opener's: a directory that takes
/// its time delays those who list, not those who join.
///
/// One request waits for each connection that has asked at most, so the mailbox is bounded by
/// `control_limits::connections`, and each takes bounded time (content_catalog::list). A crash of this actor refuses later
/// requests with `internal`.
#pragma once

#include "actors/kit/status.hpp"
#include "actors/messages/control.hpp"
#include "actors/messages/vocabulary.hpp"
#include "actors/serve/offer.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace fleetcast::actors {

struct listed_content {
  failure reason; ///< none: this is the page
  protocol::wire::listing page;
};

/// What the client asks for, and its fingerprint; empty: it did not say.
using content_lister_actor = caf::typed_actor<
  caf::replies_to<list_atom, protocol::wire::list_request, std::string>::with<listed_content>,
  caf::replies_to<status_atom>::with<status_snapshot>>;

struct content_lister_state {
  static inline const char* name = "content_lister";

  vitals alive;
  std::uint64_t pages = 0;
  std::uint64_t refused = 0;
};

/// To be spawned on a thread of its own.
content_lister_actor::behavior_type
content_lister(content_lister_actor::stateful_pointer<content_lister_state> self,
               std::shared_ptr<const offer> offered);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::listed_content)
