/// Messages of the control plane as plain values. Encoding: control_codec.hpp; meaning of each
/// field: fleetcast.capnp.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/wire/seal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace fleetcast::protocol::wire {

/// Longest control message accepted, bytes.
constexpr std::size_t max_control_message = 64 * 1024;

constexpr std::size_t max_namespace_size = 255;
constexpr std::size_t max_object_size = 4096;
constexpr std::size_t max_host_name_size = 255;

/// Of an object's metadata: each receiver gets them over its own connection, so they stay small beside
/// what a whole control message may be.
constexpr std::size_t max_metadata_size = 32 * 1024;
constexpr std::size_t max_suites = 8;
constexpr std::size_t max_failure_text = 1024;

using transmission_id = std::array<std::byte, 16>;
using public_key = std::array<std::byte, 32>;

struct session_request {
  std::uint16_t version = protocol_version;
  std::string name_space; ///< the schema's `namespace`
  std::string object;
  std::vector<seal_suite> suites;
  std::string host_name;
  std::uint32_t cache_blocks = 0;

  friend bool operator==(const session_request&, const session_request&) = default;
};

struct endpoint {
  std::vector<std::byte> address; ///< 4 or 16 bytes in network order, or empty
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct session_accept {
  std::uint32_t session_tag = 0;
  transmission_id transmission{};
  std::uint32_t receiver_id = 0;
  std::uint16_t lane = 0;
  seal_suite suite = seal_suite::none;
  direction_key group_key;
  direction_key receiver_key;
  endpoint group;
  endpoint feedback;
  std::uint64_t object_size = 0;
  std::uint16_t symbol_size = 0;
  std::uint16_t source_symbols = 0;
  public_key signing_key{};
  std::vector<std::byte> metadata; ///< opaque; empty: none
  bool unverified = false;         ///< no manifests come: blocks are not compared with digests
};

struct receipt {
  std::uint64_t object_size = 0;
  std::uint64_t nanoseconds = 0;
  std::uint64_t repaired_symbols = 0;

  friend bool operator==(const receipt&, const receipt&) = default;
};

/// "The receiver stops before the end, and why."
struct leave {
  failure reason;
};

/// "Your request is refused, and why."
struct session_reject {
  failure reason;
};

/// "The session ends now, and why."
struct session_ended {
  failure reason;
};

/// "Your receipt arrived."
struct receipt_noted {};

using client_message = std::variant<session_request, receipt, leave>;
using server_message = std::variant<session_accept, session_reject, session_ended, receipt_noted>;

} // namespace fleetcast::protocol::wire
