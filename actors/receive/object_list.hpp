/// Asks a server what it offers: the caller waits on its own thread, which also carries the connection, around a
/// conversation (protocol/control/lister.hpp). No actor, and no thread.
///
/// Who the server must be, and who asks, is as for a session (server_trust.hpp).
#pragma once

#include "actors/kit/control_limits.hpp"
#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace fleetcast::actors {

struct list_question {
  std::string server;
  std::uint16_t port = 0;
  std::string fingerprint;   ///< that the server must have; empty: the pinned one
  std::string known_servers; ///< file; empty: the user's own
  std::string identity;      ///< file; empty: the user's own
  bool authenticate = false;

  /// Asks no server that is new, and pins none: for questions that nobody put deliberately.
  bool only_known = false;

  std::string name_space; ///< empty: which namespaces there are
  std::string prefix;
};

/// Takes a page; false: no more of them.
using page_taker = std::function<bool(const protocol::wire::listing&)>;

/// Blocks until every page was taken, or one with false: none then. Else why not; pages may have come before. Names in pages
/// are the server's, any bytes but zero and slash.
[[nodiscard]] protocol::failure list_objects(const list_question& asked, const page_taker& take,
                                             const control_limits& limits = {});

} // namespace fleetcast::actors
