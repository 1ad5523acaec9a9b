/// The encoding half of control_codec.hpp.
#include "protocol/require.hpp"
#include "protocol/text.hpp"
#include "protocol/wire/capnp_support.hpp"
#include "protocol/wire/control_codec.hpp"
#include "protocol/wire/fleetcast.capnp.h"
#include "protocol/wire/frame_reader.hpp"
#include "protocol/wire/manifest_codec.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace fleetcast::protocol::wire {

namespace {

capnp::Text::Reader as_text(const std::string& text) {
  return {text.c_str(), text.size()};
}

std::string cut(std::string_view text, std::size_t max) {
  return std::string{cut_text(text, max)};
}

void write(const failure& from, schema::Failure::Builder to) {
  to.setCode(static_cast<std::uint16_t>(from.code));
  to.setText(as_text(cut(from.text, max_failure_text)));
}

void write(const direction_key& from, schema::DirectionKey::Builder to) {
  to.setKey(as_data(from.key));
  to.setSalt(as_data(from.salt));
}

void write(const endpoint& from, schema::Endpoint::Builder to) {
  to.setAddress(as_data(from.address));
  to.setPort(from.port);
}

schema::Suite as_suite(seal_suite suite) noexcept {
  return static_cast<schema::Suite>(suite);
}

void write(const session_request& from, schema::ClientMessage::Builder message) {
  auto to = message.initRequest();
  to.setVersion(from.version);
  to.setNamespace(as_text(from.name_space));
  to.setObject(as_text(from.object));
  auto suites = to.initSuites(static_cast<unsigned>(from.suites.size()));
  for (unsigned i = 0; i < suites.size(); ++i)
    suites.set(i, as_suite(from.suites[i]));
  to.setHostName(as_text(cut(from.host_name, max_host_name_size)));
  to.setCacheBlocks(from.cache_blocks);
  to.setFeatures(from.features.bits);
  to.setResume(from.resume);
}

void write(const receipt& from, schema::ClientMessage::Builder message) {
  auto to = message.initReceipt();
  to.setObjectSize(from.object_size);
  to.setNanoseconds(from.nanoseconds);
  to.setRepairedSymbols(from.repaired_symbols);
}

void write(const leave& from, schema::ClientMessage::Builder message) {
  write(from.reason, message.initLeave());
}

void write(const fetch& from, schema::ClientMessage::Builder message) {
  auto to = message.initFetch();
  to.setBlock(from.block);
  to.setManifest(from.manifest);
  to.setLeafDigests(from.leaf_digests);
  to.setLeaves(from.leaves);
}

void write(const list_request& from, schema::ClientMessage::Builder message) {
  auto to = message.initList();
  to.setVersion(from.version);
  to.setNamespace(as_text(from.name_space));
  to.setPrefix(as_text(from.prefix));
  to.setCursor(as_data(from.cursor));
  to.setHostName(as_text(cut(from.host_name, max_host_name_size)));
}

void write(const session_accept& from, schema::ServerMessage::Builder message) {
  auto to = message.initAccept();
  to.setSessionTag(from.session_tag);
  to.setTransmissionId(as_data(from.transmission));
  to.setReceiverId(from.receiver_id);
  to.setLane(from.lane);
  to.setSuite(as_suite(from.suite));
  write(from.group_key, to.initGroupKey());
  write(from.receiver_key, to.initReceiverKey());
  write(from.group, to.initGroup());
  write(from.feedback, to.initFeedback());
  to.setObjectSize(from.object_size);
  to.setSymbolSize(from.symbol_size);
  to.setSourceSymbols(from.source_symbols);
  to.setSigningKey(as_data(from.signing_key));
  to.setMetadata(as_data(from.metadata));
  to.setUnverified(from.unverified);
  to.setFeatures(from.features.bits);
  auto sources = to.initSources(static_cast<unsigned>(std::min(from.sources.size(), max_sources)));
  for (unsigned i = 0; i < sources.size(); ++i)
    sources.set(i, as_data(from.sources[i]));
  to.setTtl(from.ttl);
}

void write(const session_reject& from, schema::ServerMessage::Builder message) {
  write(from.reason, message.initReject());
}

void write(const session_ended& from, schema::ServerMessage::Builder message) {
  write(from.reason, message.initEnded());
}

void write(const receipt_noted&, schema::ServerMessage::Builder message) {
  message.setReceiptNoted();
}

void write(const feedback_state& from, schema::ServerMessage::Builder message) {
  auto to = message.initFeedbackState();
  to.setUnheardMilliseconds(from.unheard_milliseconds);
  to.setHeardPacket(from.heard_packet);
}

void write(const fetched_nothing&, schema::Fetched::Builder to) {
  to.setUnavailable();
}

void write(const manifest& from, schema::Fetched::Builder to) {
  write_manifest(from, to.initManifest());
}

void write(const leaf_digests& from, schema::Fetched::Builder to) {
  REQUIRE(!from.empty() && from.size() <= max_leaves, from.size());
  to.setLeafDigests(as_data(from));
}

void write(const fetched_leaf& from, schema::Fetched::Builder to) {
  auto leaf = to.initLeaf();
  leaf.setIndex(from.index);
  leaf.setBytes(as_data(from.bytes));
}

void write(const fetched& from, schema::ServerMessage::Builder message) {
  auto to = message.initFetched();
  to.setBlock(from.block);
  std::visit([&](const auto& part) { write(part, to); }, from.part);
}

void write(const listed& from, schema::Listed::Builder to) {
  to.setName(as_text(from.name));
  to.setKind(static_cast<schema::ListedKind>(from.kind));
  to.setSize(from.size);
  to.setModified(from.modified);
  to.setUnlistable(!from.is_listable);
}

void write(const listing& from, schema::ServerMessage::Builder message) {
  REQUIRE(from.entries.size() <= max_listed, from.entries.size());
  auto to = message.initListing();
  auto entries = to.initEntries(static_cast<unsigned>(from.entries.size()));
  for (unsigned i = 0; i < entries.size(); ++i)
    write(from.entries[i], entries[i]);
  to.setNext(as_data(from.next));
}

template <class Root, class Message>
message_bytes encode_framed(const Message& message) {
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<Root>();
  std::visit([&](const auto& m) { write(m, root); }, message);
  auto result = serialize(builder, frame_prefix_size);
  boost::endian::store_little_u32(reinterpret_cast<unsigned char*>(result.data()),
                                  static_cast<std::uint32_t>(result.size() - frame_prefix_size));
  return result;
}

} // namespace

message_bytes encode(const client_message& message) {
  return encode_framed<schema::ClientMessage>(message);
}

message_bytes encode(const server_message& message) {
  return encode_framed<schema::ServerMessage>(message);
}

} // namespace fleetcast::protocol::wire
