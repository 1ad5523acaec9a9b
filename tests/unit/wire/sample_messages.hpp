/// One legal message of each kind, every field with a value of its own: what the codec tests and
/// the golden files are made of. Never change a value here: the golden files hold them.
#pragma once

#include "protocol/wire/control_messages.hpp"
#include "protocol/wire/data_codec.hpp"

#include <cstddef>
#include <string>

namespace fleetcast::protocol::wire::samples {

template <class Bytes>
Bytes counting(Bytes bytes, unsigned from) {
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(from++);
  return bytes;
}

inline session_request request() {
  return {1,
          "lab",
          "images/debian-12.img",
          {seal_suite::aes_256_gcm, seal_suite::chacha20_poly1305},
          "host-17",
          64,
          {},
          false};
}

inline session_request request_with_features() {
  auto m = request();
  m.features = feature_set{}.with(feature::feedback_state).with(feature::anchors);
  return m;
}

inline session_request request_to_resume() {
  auto m = request();
  m.resume = true;
  return m;
}

inline fetch sample_fetch() {
  return {0x01020304, true, true, 0x8421};
}

inline receipt sample_receipt() {
  return {268'435'456, 2'400'000'000, 1234};
}

inline leave sample_leave() {
  return {{failure_code::disk_full, 0, "writing block 7: disk full; free some space"}};
}

inline session_accept accept() {
  session_accept m;
  m.session_tag = 0xdeadbeef;
  m.transmission = counting(transmission_id{}, 0x10);
  m.receiver_id = 0x01020304;
  m.lane = 0x0506;
  m.suite = seal_suite::chacha20_poly1305;
  m.group_key = {counting(std::array<std::byte, key_size>{}, 0x20),
                 counting(std::array<std::byte, salt_size>{}, 0x40)};
  m.receiver_key = {counting(std::array<std::byte, key_size>{}, 0x50),
                    counting(std::array<std::byte, salt_size>{}, 0x70)};
  m.group = {{std::byte{239}, std::byte{1}, std::byte{2}, std::byte{3}}, 5041};
  m.feedback = {counting(std::vector<std::byte>(16), 0x80), 5042};
  m.object_size = 5'368'709'121;
  m.symbol_size = 1408;
  m.source_symbols = 128;
  m.signing_key = counting(public_key{}, 0x90);
  return m;
}

inline session_accept accept_with_metadata() {
  auto m = accept();
  m.metadata = counting(std::vector<std::byte>(5), 0xb0);
  return m;
}

inline session_accept accept_unverified() {
  auto m = accept();
  m.suite = seal_suite::none;
  m.unverified = true;
  return m;
}

inline session_accept accept_with_features() {
  auto m = accept();
  m.features = feature_set{}.with(feature::fetch).with(feature::anchors);
  m.sources
    = {counting(std::vector<std::byte>(4), 0xc0), counting(std::vector<std::byte>(16), 0xd0)};
  return m;
}

inline session_accept accept_with_ttl() {
  auto m = accept();
  m.ttl = 32;
  return m;
}

inline feedback_state sample_feedback_state() {
  return {2345, 0x1122334455667788};
}

inline session_reject reject() {
  return {{failure_code::object_not_found, 0, "opening lab/nothing: no such file"}};
}

inline session_ended ended() {
  return {{failure_code::kicked_abort, 0, "removed by the operator"}};
}

inline heartbeat sample_heartbeat() {
  heartbeat m;
  m.sent_at = 0x1122334455667788;
  m.next = {1, 1000};
  m.edge = {2, 17};
  m.grtt = microseconds(10'001);
  m.group_size = 10'000;
  m.status_interval = microseconds(2'000'003);
  m.scheduled = {{3, 4}, {900, 1}};
  m.repairing = {{997, 5}, {998, 127}, {999, 1}};
  m.scheduled_all = false;
  return m;
}

inline manifest sample_manifest() {
  manifest m;
  m.first_block = 48;
  m.digests = {counting(digest{}, 1), counting(digest{}, 2), counting(digest{}, 3)};
  m.signed_by = counting(signature{}, 0xa0);
  return m;
}

inline anchor sample_anchor() {
  return {encode_alone(sample_heartbeat()), 0x0102030405060708, counting(signature{}, 0x30)};
}

inline fetched fetched_manifest() {
  return {48, sample_manifest()};
}

inline fetched fetched_leaf_digests() {
  return {49, leaf_digests{counting(digest{}, 5), counting(digest{}, 6)}};
}

inline fetched fetched_leaf_bytes() {
  return {50, fetched_leaf{15, counting(std::vector<std::byte>(9), 0x60)}};
}

inline fetched fetched_unavailable() {
  return {51, fetched_nothing{}};
}

inline list_request sample_list_request() {
  return {1, "lab", "images/deb", "\x01\x02\xff", "host-17"};
}

inline listing sample_listing() {
  return {{{"debian-12.img", listed_kind::object, 268'435'457, 1'764'500'001},
           {"debian", listed_kind::directory},
           {"lab", listed_kind::name_space},
           {"iso", listed_kind::name_space, 0, 0, false}},
          "\x03\x04\xfe"};
}

inline feedback sample_feedback() {
  feedback m;
  m.echo_sent_at = 0x1122334455667788;
  m.echo_held = duration{12'345'678'901};
  m.highest_packet = 1'000'001;
  m.received_packets = 990'002;
  m.lost_packets = 10'003;
  m.limit = {1, 1064};
  m.free_blocks = 60;
  m.completed_blocks = 940;
  m.dropped_no_room = 5;
  m.dropped_by_kernel = 6;
  m.repairs = {{997, 5}, {998, 127}};
  m.wanted = {{3, 4}};
  m.manifests = {{16, 16}, {64, 2}};
  return m;
}

} // namespace fleetcast::protocol::wire::samples
