/// Messages as version 1 wrote them, one file of each kind in tests/golden, which every later
/// version must still read. To add a kind: add it below and run once with FLEETCAST_WRITE_GOLDEN
/// set, which writes the files that are missing. Never rewrite a file that is there.
#include "protocol/wire/control_codec.hpp"
#include "protocol/wire/data_codec.hpp"
#include "protocol/wire/frame_reader.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

namespace fleetcast::protocol::wire {
namespace golden_test {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path{FLEETCAST_SOURCE_DIR} / "tests" / "golden";

std::map<std::string, message_bytes> written_today() {
  return {
    {"session_request.bin", encode(client_message{samples::request()})},
    {"receipt.bin", encode(client_message{samples::sample_receipt()})},
    {"leave.bin", encode(client_message{samples::sample_leave()})},
    {"session_accept.bin", encode(server_message{samples::accept()})},
    {"session_accept_metadata.bin", encode(server_message{samples::accept_with_metadata()})},
    {"session_accept_unverified.bin", encode(server_message{samples::accept_unverified()})},
    {"session_reject.bin", encode(server_message{samples::reject()})},
    {"session_ended.bin", encode(server_message{samples::ended()})},
    {"receipt_noted.bin", encode(server_message{receipt_noted{}})},
    {"heartbeat.bin", encode(samples::sample_heartbeat())},
    {"manifest.bin", encode(samples::sample_manifest())},
    {"session_request_features.bin", encode(client_message{samples::request_with_features()})},
    {"session_request_resume.bin", encode(client_message{samples::request_to_resume()})},
    {"fetch.bin", encode(client_message{samples::sample_fetch()})},
    {"session_accept_features.bin", encode(server_message{samples::accept_with_features()})},
    {"session_accept_ttl.bin", encode(server_message{samples::accept_with_ttl()})},
    {"feedback_state.bin", encode(server_message{samples::sample_feedback_state()})},
    {"fetched_manifest.bin", encode(server_message{samples::fetched_manifest()})},
    {"fetched_leaf_digests.bin", encode(server_message{samples::fetched_leaf_digests()})},
    {"fetched_leaf.bin", encode(server_message{samples::fetched_leaf_bytes()})},
    {"fetched_unavailable.bin", encode(server_message{samples::fetched_unavailable()})},
    {"list_request.bin", encode(client_message{samples::sample_list_request()})},
    {"listing.bin", encode(server_message{samples::sample_listing()})},
    {"anchor.bin", encode(samples::sample_anchor())},
    {"feedback.bin", encode(samples::sample_feedback())}};
}

class Golden : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (std::getenv("FLEETCAST_WRITE_GOLDEN") == nullptr)
      return;
    for (const auto& [name, bytes] : written_today()) {
      if (fs::exists(folder / name))
        continue;
      std::ofstream out{folder / name, std::ios::binary};
      out.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
    }
  }

  static message_bytes load(const std::string& name) {
    std::ifstream in{folder / name, std::ios::binary};
    EXPECT_TRUE(in) << "tests/golden/" << name << " is missing";
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto bytes = std::as_bytes(std::span{text.data(), text.size()});
    return {bytes.begin(), bytes.end()};
  }

  /// Compares by what they encode to today, since not every message compares by itself.
  template <class Message>
  static void expect_same(const tl::expected<Message, failure>& read, const Message& expected) {
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(encode(*read), encode(expected));
  }

  static void expect_client(const std::string& name, const client_message& expected) {
    expect_same(decode_client_message(body_of(load(name))), expected);
  }

  static void expect_server(const std::string& name, const server_message& expected) {
    expect_same(decode_server_message(body_of(load(name))), expected);
  }

private:
  static message_bytes body_of(const message_bytes& framed) {
    frame_reader reader;
    reader.append(framed);
    const auto body = reader.next();
    EXPECT_TRUE(body && *body);
    EXPECT_EQ(reader.buffered(), 0U);
    return body && *body ? **body : message_bytes{};
  }
};

TEST_F(Golden, ClientMessagesAreStillRead) {
  expect_client("session_request.bin", samples::request());
  expect_client("receipt.bin", samples::sample_receipt());
  expect_client("leave.bin", samples::sample_leave());
  expect_client("session_request_features.bin", samples::request_with_features());
  expect_client("session_request_resume.bin", samples::request_to_resume());
  expect_client("fetch.bin", samples::sample_fetch());
  expect_client("list_request.bin", samples::sample_list_request());
}

TEST_F(Golden, ServerMessagesAreStillRead) {
  expect_server("session_accept.bin", samples::accept());
  expect_server("session_accept_metadata.bin", samples::accept_with_metadata());
  expect_server("session_accept_unverified.bin", samples::accept_unverified());
  expect_server("session_reject.bin", samples::reject());
  expect_server("session_ended.bin", samples::ended());
  expect_server("receipt_noted.bin", receipt_noted{});
  expect_server("session_accept_features.bin", samples::accept_with_features());
  expect_server("session_accept_ttl.bin", samples::accept_with_ttl());
  expect_server("feedback_state.bin", samples::sample_feedback_state());
  expect_server("fetched_manifest.bin", samples::fetched_manifest());
  expect_server("fetched_leaf_digests.bin", samples::fetched_leaf_digests());
  expect_server("fetched_leaf.bin", samples::fetched_leaf_bytes());
  expect_server("fetched_unavailable.bin", samples::fetched_unavailable());
  expect_server("listing.bin", samples::sample_listing());
}

TEST_F(Golden, GroupMessagesAreStillRead) {
  EXPECT_EQ(decode_group_message(load("heartbeat.bin")),
            group_message{samples::sample_heartbeat()});
  EXPECT_EQ(decode_group_message(load("manifest.bin")), group_message{samples::sample_manifest()});
  EXPECT_EQ(decode_group_message(load("anchor.bin")), group_message{samples::sample_anchor()});
}

TEST_F(Golden, FeedbackIsStillRead) {
  EXPECT_EQ(decode_feedback(load("feedback.bin")), samples::sample_feedback());
}

TEST_F(Golden, EveryFileIsOfAKnownKind) {
  const auto known = written_today();
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.path().extension() != ".bin")
      continue;
    ++files;
    EXPECT_TRUE(known.contains(entry.path().filename())) << entry.path().filename();
  }
  EXPECT_EQ(files, known.size());
}

} // namespace
} // namespace golden_test
} // namespace fleetcast::protocol::wire
