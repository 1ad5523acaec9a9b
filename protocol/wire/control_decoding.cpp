/// The decoding half of control_codec.hpp.
#include "protocol/geometry.hpp"
#include "protocol/text.hpp"
#include "protocol/wire/capnp_support.hpp"
#include "protocol/wire/control_codec.hpp"
#include "protocol/wire/fleetcast.capnp.h"
#include "protocol/wire/listing_room.hpp"
#include "protocol/wire/manifest_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleetcast::protocol::wire {

namespace {

/// Remembers the first thing in a message that is not as the schema says.
class field_check {
public:
  template <class... Ts>
  void require(bool holds, fmt::format_string<Ts...> otherwise, Ts&&... values) {
    if (!holds && problem_.empty())
      problem_ = fmt::format(otherwise, std::forward<Ts>(values)...);
  }

  const std::string& problem() const noexcept { return problem_; }

private:
  std::string problem_;
};

std::string read_name(capnp::Text::Reader from, std::string_view what, std::size_t max,
                      field_check& check) {
  std::string to{from.begin(), from.size()};
  check.require(!to.empty(), "the {} is empty", what);
  check.require(to.size() <= max, "the {} is {} bytes long and may be {}", what, to.size(), max);
  check.require(to.find('\0') == std::string::npos, "the {} contains a zero byte", what);
  return to;
}

/// A text that is only ever shown to people.
std::string read_text(capnp::Text::Reader from, std::string_view what, std::size_t max,
                      field_check& check) {
  std::string to{from.begin(), from.size()};
  check.require(to.size() <= max, "the {} is {} bytes long and may be {}", what, to.size(), max);
  return plain_text(std::move(to), ' ');
}

template <std::size_t Size>
void read_fixed(capnp::Data::Reader from, std::string_view what, std::array<std::byte, Size>& to,
                field_check& check) {
  check.require(from.size() == Size, "the {} is {} bytes long instead of {}", what, from.size(),
                Size);
  if (from.size() == Size)
    std::memcpy(to.data(), from.begin(), Size);
}

std::vector<std::byte> read_bytes(capnp::Data::Reader from, std::string_view what, std::size_t max,
                                  field_check& check) {
  check.require(from.size() <= max, "the {} are {} bytes long and may be {}", what, from.size(),
                max);
  const auto* bytes = reinterpret_cast<const std::byte*>(from.begin());
  return {bytes, bytes + std::min(from.size(), max)};
}

bool is_known(schema::Suite suite) noexcept {
  switch (suite) {
    case schema::Suite::NONE:
    case schema::Suite::CHACHA20_POLY1305:
    case schema::Suite::AES256_GCM:
      return true;
  }
  return false;
}

std::vector<seal_suite> read_suites(capnp::List<schema::Suite>::Reader from, field_check& check) {
  std::vector<seal_suite> to;
  check.require(from.size() >= 1 && from.size() <= max_suites,
                "{} suites are offered instead of 1 to {}", from.size(), max_suites);
  if (from.size() > max_suites)
    return to;
  for (const auto suite : from)
    if (is_known(suite))
      to.push_back(static_cast<seal_suite>(suite));
  check.require(!to.empty(), "none of the {} suites it offers is known here", from.size());
  return to;
}

/// Codes are appended, never renumbered: up to the last one all are known.
failure_code read_code(std::uint16_t code) noexcept {
  constexpr auto last = static_cast<std::uint16_t>(failure_code::not_supported);
  if (code == 0 || code > last)
    return failure_code::internal;
  return static_cast<failure_code>(code);
}

failure read(schema::Failure::Reader from, field_check& check) {
  return {read_code(from.getCode()), 0,
          read_text(from.getText(), "reason", max_failure_text, check)};
}

void read(schema::DirectionKey::Reader from, direction_key& to, field_check& check) {
  read_fixed(from.getKey(), "key", to.key, check);
  read_fixed(from.getSalt(), "salt", to.salt, check);
}

constexpr std::size_t ipv4_size = 4;
constexpr std::size_t ipv6_size = 16;

std::vector<std::byte> read_address(capnp::Data::Reader from, std::string_view what,
                                    field_check& check) {
  check.require(from.size() == ipv4_size || from.size() == ipv6_size,
                "the {} address is {} bytes long instead of 4 or 16", what, from.size());
  const auto* bytes = reinterpret_cast<const std::byte*>(from.begin());
  return {bytes, bytes + std::min(from.size(), ipv6_size)};
}

/// Its address may be empty.
endpoint read(schema::Endpoint::Reader from, std::string_view what, field_check& check) {
  check.require(from.getPort() != 0, "the {} port is 0", what);
  const auto address = from.getAddress();
  return {address.size() == 0 ? std::vector<std::byte>{} : read_address(address, what, check),
          from.getPort()};
}

std::vector<std::vector<std::byte>> read_sources(capnp::List<capnp::Data>::Reader from,
                                                 field_check& check) {
  std::vector<std::vector<std::byte>> to;
  check.require(from.size() <= max_sources, "{} source addresses are named and {} may be",
                from.size(), max_sources);
  if (from.size() > max_sources)
    return to;
  for (const auto address : from)
    to.push_back(read_address(address, "source", check));
  return to;
}

session_request read(schema::SessionRequest::Reader from, field_check& check) {
  session_request to;
  to.version = from.getVersion();
  to.name_space = read_name(from.getNamespace(), "namespace", max_namespace_size, check);
  to.object = read_name(from.getObject(), "object name", max_object_size, check);
  to.suites = read_suites(from.getSuites(), check);
  to.host_name = read_text(from.getHostName(), "host name", max_host_name_size, check);
  to.cache_blocks = from.getCacheBlocks();
  to.features = {from.getFeatures()};
  to.resume = from.getResume();
  return to;
}

fetch read(schema::Fetch::Reader from, field_check& check) {
  check.require(from.getLeaves() < 1U << max_leaves, "a leaf is asked for that no block has");
  return {from.getBlock(), from.getManifest(), from.getLeafDigests(),
          static_cast<std::uint16_t>(from.getLeaves())};
}

receipt read(schema::Receipt::Reader from) {
  return {from.getObjectSize(), from.getNanoseconds(), from.getRepairedSymbols()};
}

session_accept read(schema::SessionAccept::Reader from, field_check& check) {
  session_accept to;
  to.session_tag = from.getSessionTag();
  read_fixed(from.getTransmissionId(), "transmission id", to.transmission, check);
  to.receiver_id = from.getReceiverId();
  check.require(to.receiver_id != 0, "the receiver id is 0");
  to.lane = from.getLane();
  check.require(is_known(from.getSuite()), "suite {} is not known here",
                static_cast<unsigned>(from.getSuite()));
  to.suite = static_cast<seal_suite>(from.getSuite());
  read(from.getGroupKey(), to.group_key, check);
  read(from.getReceiverKey(), to.receiver_key, check);
  to.group = read(from.getGroup(), "group", check);
  check.require(!to.group.address.empty(), "the group address is missing");
  to.feedback = read(from.getFeedback(), "feedback", check);
  to.object_size = from.getObjectSize();
  to.symbol_size = from.getSymbolSize();
  to.source_symbols = from.getSourceSymbols();
  check.require(geometry::make(to.object_size, to.symbol_size, to.source_symbols).has_value(),
                "an object of {} bytes cannot be cut into blocks of {} symbols of {} bytes, at "
                "most {} of them",
                to.object_size, to.source_symbols, to.symbol_size, defaults::max_blocks);
  read_fixed(from.getSigningKey(), "signing key", to.signing_key, check);
  to.metadata = read_bytes(from.getMetadata(), "metadata", max_metadata_size, check);
  to.unverified = from.getUnverified();
  check.require(!to.unverified || to.suite == seal_suite::none,
                "datagrams are sealed and yet not to be verified");
  to.features = {from.getFeatures()};
  to.sources = read_sources(from.getSources(), check);
  to.ttl = from.getTtl();
  return to;
}

leaf_digests read_leaf_digests(capnp::Data::Reader from, field_check& check) {
  const auto count = from.size() / sizeof(digest);
  const auto is_legal = from.size() % sizeof(digest) == 0 && count >= 1 && count <= max_leaves;
  check.require(is_legal, "digests of leaves are {} bytes long", from.size());
  leaf_digests to(is_legal ? count : 0);
  if (is_legal)
    std::memcpy(to.data(), from.begin(), from.size());
  return to;
}

fetched_leaf read(schema::LeafBytes::Reader from, field_check& check) {
  check.require(from.getIndex() < max_leaves, "leaf {} is one that no block has",
                static_cast<unsigned>(from.getIndex()));
  auto bytes = read_bytes(from.getBytes(), "bytes of a leaf", digest_leaf, check);
  check.require(!bytes.empty(), "a leaf is empty");
  return {from.getIndex(), std::move(bytes)};
}

fetched read(schema::Fetched::Reader from, field_check& check) {
  const auto block = from.getBlock();
  switch (from.which()) {
    case schema::Fetched::UNAVAILABLE:
      return {block, fetched_nothing{}};
    case schema::Fetched::MANIFEST: {
      auto part = read_manifest(from.getManifest());
      check.require(part.has_value(), "a manifest is not as it should be");
      return {block, std::move(part).value_or(manifest{})};
    }
    case schema::Fetched::LEAF_DIGESTS:
      return {block, read_leaf_digests(from.getLeafDigests(), check)};
    case schema::Fetched::LEAF:
      return {block, read(from.getLeaf(), check)};
  }
  return {block, fetched_nothing{}}; // a part of a later version
}

/// Of a name that may be empty.
std::string read_optional_name(capnp::Text::Reader from, std::string_view what, std::size_t max,
                               field_check& check) {
  return from.size() == 0 ? std::string{} : read_name(from, what, max, check);
}

std::string read_cursor(capnp::Data::Reader from, field_check& check) {
  const auto bytes = read_bytes(from, "bytes of a cursor", max_cursor_size, check);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

list_request read(schema::ListRequest::Reader from, field_check& check) {
  list_request to;
  to.version = from.getVersion();
  to.name_space = read_optional_name(from.getNamespace(), "namespace", max_namespace_size, check);
  to.prefix = read_optional_name(from.getPrefix(), "prefix", max_object_size, check);
  to.cursor = read_cursor(from.getCursor(), check);
  to.host_name = read_text(from.getHostName(), "host name", max_host_name_size, check);
  return to;
}

/// Of years with four digits; 0, which says nothing, for others.
std::int64_t read_time(std::int64_t seconds) noexcept {
  constexpr std::int64_t year_1 = -62'135'596'800;
  constexpr std::int64_t year_10000 = 253'402'300'800;
  return seconds >= year_1 && seconds < year_10000 ? seconds : 0;
}

listed read(schema::Listed::Reader from, field_check& check) {
  listed to;
  to.name = read_name(from.getName(), "name of an entry", max_object_size, check);
  check.require(to.name.find('/') == std::string::npos, "the name of an entry contains a slash");
  to.kind = static_cast<listed_kind>(from.getKind());
  to.size = from.getSize();
  to.modified = read_time(from.getModified());
  to.is_listable = !from.getUnlistable();
  return to;
}

listing read(schema::Listing::Reader from, field_check& check) {
  listing to;
  to.next = read_cursor(from.getNext(), check);
  const auto entries = from.getEntries();
  check.require(entries.size() <= max_listed, "{} entries are listed and {} may be", entries.size(),
                max_listed);
  if (entries.size() > max_listed)
    return to;
  listing_room room;
  for (const auto entry : entries) {
    if (entry.getKind() > schema::ListedKind::NAMESPACE)
      continue;
    to.entries.push_back(read(entry, check));
    check.require(room.take(to.entries.back().name.size()),
                  "names in a list have more than {} bytes", max_listed_name_bytes);
  }
  return to;
}

client_message read(schema::ClientMessage::Reader from, field_check& check) {
  switch (from.which()) {
    case schema::ClientMessage::REQUEST:
      return read(from.getRequest(), check);
    case schema::ClientMessage::RECEIPT:
      return read(from.getReceipt());
    case schema::ClientMessage::LEAVE:
      return leave{read(from.getLeave(), check)};
    case schema::ClientMessage::FETCH:
      return read(from.getFetch(), check);
    case schema::ClientMessage::LIST:
      return read(from.getList(), check);
  }
  check.require(false, "its kind, {}, is not known here", static_cast<unsigned>(from.which()));
  return {};
}

server_message read(schema::ServerMessage::Reader from, field_check& check) {
  switch (from.which()) {
    case schema::ServerMessage::ACCEPT:
      return read(from.getAccept(), check);
    case schema::ServerMessage::REJECT:
      return session_reject{read(from.getReject(), check)};
    case schema::ServerMessage::ENDED:
      return session_ended{read(from.getEnded(), check)};
    case schema::ServerMessage::RECEIPT_NOTED:
      return receipt_noted{};
    case schema::ServerMessage::FEEDBACK_STATE: {
      const auto state = from.getFeedbackState(); // once: each word is read once
      return feedback_state{state.getUnheardMilliseconds(), state.getHeardPacket()};
    }
    case schema::ServerMessage::FETCHED:
      return read(from.getFetched(), check);
    case schema::ServerMessage::LISTING:
      return read(from.getListing(), check);
  }
  check.require(false, "its kind, {}, is not known here", static_cast<unsigned>(from.which()));
  return {};
}

failure unreadable(std::string_view peer, std::size_t size, std::string_view problem) {
  return {failure_code::invalid_request, 0,
          fmt::format("reading a message of {} bytes from the {}: {}; make sure that it runs a "
                      "Fleetcast that speaks version {} of the protocol",
                      size, peer, problem, protocol_version)};
}

template <class Root, class Message>
tl::expected<Message, failure> decode_body(std::span<const std::byte> body, std::string_view peer) {
  field_check check;
  Message result;
  const auto well_formed = read_message<Root>(
    body, max_control_message, [&](typename Root::Reader root) { result = read(root, check); });
  if (!well_formed)
    return tl::unexpected{unreadable(peer, body.size(), "it is not a well-formed message")};
  if (!check.problem().empty())
    return tl::unexpected{unreadable(peer, body.size(), check.problem())};
  return result;
}

} // namespace

tl::expected<client_message, failure> decode_client_message(std::span<const std::byte> body) {
  return decode_body<schema::ClientMessage, client_message>(body, "client");
}

tl::expected<server_message, failure> decode_server_message(std::span<const std::byte> body) {
  return decode_body<schema::ServerMessage, server_message>(body, "server");
}

} // namespace fleetcast::protocol::wire
