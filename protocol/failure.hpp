/// Why a session or a request failed: one code for programs, one chain of sentences for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fleetcast::protocol {

/// Travels in reject and end messages: append only, never renumber.
enum class failure_code : std::uint16_t {
  none = 0,
  cancelled = 1, ///< the consumer cancelled; `detail` carries its own code, if any
  internal = 2,  ///< a defect or a dead actor on this side
  no_memory = 3,
  invalid_request = 4, ///< the peer could not make sense of the request
  unsupported_version = 5,
  namespace_unknown = 6,
  object_not_found = 7,
  invalid_name = 8, ///< the object name leaves its directory or is malformed
  access_denied = 9,
  not_authenticated = 10, ///< the server wants authentication and got none
  server_busy = 11,       ///< a limit of the server is reached
  name_unresolved = 12,
  connection_refused = 13,
  network_unreachable = 14,
  host_unreachable = 15,
  connect_timeout = 16,
  handshake_failed = 17,
  identity_changed = 18,   ///< the server's identity is not the pinned one
  connection_lost = 19,    ///< the control connection broke
  sender_silent = 20,      ///< nothing heard within the silence limit
  transmission_ended = 21, ///< the server ended the transmission
  kicked_fallback = 22,    ///< disconnected by the server; another method may be used
  kicked_abort = 23,       ///< disconnected by the server; do not come back
  object_changed = 24,     ///< the object changed while being sent
  read_fault = 25,
  write_fault = 26,
  disk_full = 27,
  content_corrupt = 28,   ///< blocks keep failing their digest
  signature_invalid = 29, ///< manifests keep failing their signature
  network_fault = 30,     ///< a socket could not be made, joined or used
  trust_store_fault = 31, ///< known_servers could not be read or written
  invalid_argument = 32,  ///< what this host's own program asked for makes no sense
  not_supported = 33,     ///< understood, but the peer cannot do it there
};

/// A failure and its story. An empty `code` (none) means "no failure".
struct failure {
  failure_code code = failure_code::none;

  /// The consumer's own code with `cancelled`, errno with system faults, else 0.
  std::uint32_t detail = 0;

  /// What was tried, what happened, what to do next; outermost context first. UTF-8.
  std::string text;

  explicit operator bool() const noexcept { return code != failure_code::none; }

  /// Puts a line of context in front: "while joining lab/image: connection refused".
  [[nodiscard]] failure in_context(std::string_view context) && {
    text = std::string{context} + ": " + text;
    return std::move(*this);
  }

  friend bool operator==(const failure&, const failure&) = default;
};

} // namespace fleetcast::protocol
