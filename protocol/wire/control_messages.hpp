/// Messages of the control plane as plain values. Encoding: control_codec.hpp; meaning of each
/// field: fleetcast.capnp.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/data_messages.hpp"
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
constexpr std::size_t max_sources = 4;
constexpr std::size_t max_listed = 512;                  ///< entries of one page
constexpr std::size_t max_listed_name_bytes = 32 * 1024; ///< of all its entries together
constexpr std::size_t max_cursor_size = 255;

using transmission_id = std::array<std::byte, 16>;
using public_key = std::array<std::byte, 32>;

/// What one end can beyond version 1: bits of `features`.
enum class feature : std::uint64_t {
  feedback_state = 1U << 0U, ///< the client takes feedback_state
  fetch = 1U << 1U,          ///< the server answers fetch
  anchors = 1U << 2U,        ///< the server sends anchors
};

/// A set of features. What a peer offered may hold bits of later versions.
struct feature_set {
  std::uint64_t bits = 0;

  constexpr bool has(feature f) const noexcept {
    return (bits & static_cast<std::uint64_t>(f)) != 0;
  }
  constexpr feature_set with(feature f) const noexcept {
    return {bits | static_cast<std::uint64_t>(f)};
  }

  friend bool operator==(const feature_set&, const feature_set&) = default;
};

struct session_request {
  std::uint16_t version = protocol_version;
  std::string name_space; ///< the schema's `namespace`
  std::string object;
  std::vector<seal_suite> suites;
  std::string host_name;
  std::uint32_t cache_blocks = 0;
  feature_set features;
  bool resume = false; ///< it holds blocks of an earlier session

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
  feature_set features;
  std::vector<std::vector<std::byte>>
    sources;            ///< each 4 or 16 bytes in network order; empty: not told
  std::uint8_t ttl = 0; ///< of the group's datagrams; 0: not told
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

/// "Send me these parts of a block over this connection."
struct fetch {
  block_number block = 0;
  bool manifest = false;
  bool leaf_digests = false;
  std::uint16_t leaves = 0; ///< bit n: leaf n

  friend bool operator==(const fetch&, const fetch&) = default;
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

/// "Your feedback arrives", or does not.
struct feedback_state {
  std::uint32_t unheard_milliseconds = 0; ///< 0: it arrives
  std::uint64_t heard_packet = 0;         ///< the first that arrived; 0: none is named

  friend bool operator==(const feedback_state&, const feedback_state&) = default;
};

struct fetched_nothing {
  friend bool operator==(const fetched_nothing&, const fetched_nothing&) = default;
};

struct fetched_leaf {
  std::uint8_t index = 0;
  std::vector<std::byte> bytes; ///< 1 to digest_leaf

  friend bool operator==(const fetched_leaf&, const fetched_leaf&) = default;
};

using leaf_digests = std::vector<digest>; ///< 1 to max_leaves

/// "Here is what you asked for", one part in each.
struct fetched {
  block_number block = 0;
  std::variant<fetched_nothing, manifest, leaf_digests, fetched_leaf> part;

  friend bool operator==(const fetched&, const fetched&) = default;
};

/// "What do you offer me?", one page of it.
struct list_request {
  std::uint16_t version = protocol_version;
  std::string name_space; ///< empty: which namespaces there are
  std::string prefix;     ///< a directory, up to the last slash, and how names in it begin
  std::string cursor;     ///< any bytes: `next` of the page before; empty: from the beginning
  std::string host_name;

  friend bool operator==(const list_request&, const list_request&) = default;
};

enum class listed_kind : std::uint8_t { object, directory, name_space };

struct listed {
  std::string name;
  listed_kind kind = listed_kind::object;
  std::uint64_t size = 0;    ///< of an object, bytes
  std::int64_t modified = 0; ///< of an object: seconds since 1970, UTC; 0: not told
  bool is_listable = true;   ///< of a namespace

  friend bool operator==(const listed&, const listed&) = default;
};

struct listing {
  std::vector<listed> entries;
  std::string next; ///< empty: this is the last page

  friend bool operator==(const listing&, const listing&) = default;
};

using client_message = std::variant<session_request, receipt, leave, fetch, list_request>;
using server_message = std::variant<session_accept, session_reject, session_ended, receipt_noted,
                                    feedback_state, fetched, listing>;

} // namespace fleetcast::protocol::wire
