#include "protocol/wire/capnp_support.hpp"
#include "protocol/wire/control_codec.hpp"
#include "protocol/wire/fleetcast.capnp.h"
#include "protocol/wire/frame_reader.hpp"
#include "protocol/wire/listing_room.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

namespace fleetcast::protocol::wire {
namespace control_codec_test {
namespace {

using testing::HasSubstr;

std::span<const std::byte> body_of(const message_bytes& framed) {
  return std::span{framed}.subspan(frame_prefix_size);
}

template <class Kind>
Kind through_the_wire(const client_message& m) {
  const auto read = decode_client_message(body_of(encode(m)));
  EXPECT_TRUE(read) << read.error().text;
  return read ? std::get<Kind>(*read) : Kind{};
}

template <class Kind>
Kind through_the_wire(const server_message& m) {
  const auto read = decode_server_message(body_of(encode(m)));
  EXPECT_TRUE(read) << read.error().text;
  return read ? std::get<Kind>(*read) : Kind{};
}

/// Why the request is refused; empty: it is not.
std::string refusal_of(const session_request& m) {
  const auto read = decode_client_message(body_of(encode(client_message{m})));
  if (read)
    return {};
  EXPECT_EQ(read.error().code, failure_code::invalid_request);
  return read.error().text;
}

std::string refusal_of(const session_accept& m) {
  const auto read = decode_server_message(body_of(encode(server_message{m})));
  if (read)
    return {};
  EXPECT_EQ(read.error().code, failure_code::invalid_request);
  return read.error().text;
}

message_bytes crafted_client(const std::function<void(schema::ClientMessage::Builder)>& fill) {
  capnp::MallocMessageBuilder builder;
  fill(builder.initRoot<schema::ClientMessage>());
  return serialize(builder);
}

message_bytes crafted_server(const std::function<void(schema::ServerMessage::Builder)>& fill) {
  capnp::MallocMessageBuilder builder;
  fill(builder.initRoot<schema::ServerMessage>());
  return serialize(builder);
}

// -- whole messages -----------------------------------------------------------------------------

TEST(ControlCodec, RequestComesBackAsItWas) {
  EXPECT_EQ(through_the_wire<session_request>(client_message{samples::request()}),
            samples::request());
}

TEST(ControlCodec, ReceiptComesBackAsItWas) {
  EXPECT_EQ(through_the_wire<receipt>(client_message{samples::sample_receipt()}),
            samples::sample_receipt());
}

TEST(ControlCodec, LeaveComesBackAsItWas) {
  EXPECT_EQ(through_the_wire<leave>(client_message{samples::sample_leave()}).reason,
            samples::sample_leave().reason);
}

TEST(ControlCodec, AcceptComesBackAsItWas) {
  const auto sent = samples::accept();
  const auto read = through_the_wire<session_accept>(server_message{sent});
  EXPECT_EQ(read.session_tag, sent.session_tag);
  EXPECT_EQ(read.transmission, sent.transmission);
  EXPECT_EQ(read.receiver_id, sent.receiver_id);
  EXPECT_EQ(read.lane, sent.lane);
  EXPECT_EQ(read.suite, sent.suite);
  EXPECT_EQ(read.unverified, sent.unverified);
  EXPECT_EQ(read.group_key.key, sent.group_key.key);
  EXPECT_EQ(read.group_key.salt, sent.group_key.salt);
  EXPECT_EQ(read.receiver_key.key, sent.receiver_key.key);
  EXPECT_EQ(read.receiver_key.salt, sent.receiver_key.salt);
  EXPECT_EQ(read.group, sent.group);
  EXPECT_EQ(read.feedback, sent.feedback);
  EXPECT_EQ(read.object_size, sent.object_size);
  EXPECT_EQ(read.symbol_size, sent.symbol_size);
  EXPECT_EQ(read.source_symbols, sent.source_symbols);
  EXPECT_EQ(read.signing_key, sent.signing_key);
}

TEST(ControlCodec, FeaturesAndSourcesComeBackAsTheyWere) {
  EXPECT_EQ(through_the_wire<session_request>(client_message{samples::request_with_features()}),
            samples::request_with_features());
  const auto sent = samples::accept_with_features();
  const auto read = through_the_wire<session_accept>(server_message{sent});
  EXPECT_EQ(read.features, sent.features);
  EXPECT_EQ(read.sources, sent.sources);
  EXPECT_EQ(read.ttl, 0U);
}

TEST(ControlCodec, AReceiverThatResumesSaysSoInWhatWasPaddingBefore) {
  EXPECT_EQ(through_the_wire<session_request>(client_message{samples::request_to_resume()}),
            samples::request_to_resume());
  EXPECT_EQ(encode(client_message{samples::request_to_resume()}).size(),
            encode(client_message{samples::request()}).size());
}

TEST(ControlCodec, TheTtlComesBackAsItWas) {
  const auto read = through_the_wire<session_accept>(server_message{samples::accept_with_ttl()});
  EXPECT_EQ(read.ttl, samples::accept_with_ttl().ttl);
}

TEST(ControlCodec, BitsOfLaterVersionsAreKept) {
  auto m = samples::request();
  m.features.bits = ~std::uint64_t{0};
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}), m);
}

TEST(ControlCodec, FetchAndItsAnswersComeBackAsTheyWere) {
  EXPECT_EQ(through_the_wire<fetch>(client_message{samples::sample_fetch()}),
            samples::sample_fetch());
  for (const auto& part : {samples::fetched_manifest(), samples::fetched_leaf_digests(),
                           samples::fetched_leaf_bytes(), samples::fetched_unavailable()})
    EXPECT_EQ(through_the_wire<fetched>(server_message{part}), part);
}

TEST(ControlCodec, FeedbackStateComesBackAsItWas) {
  EXPECT_EQ(through_the_wire<feedback_state>(server_message{samples::sample_feedback_state()}),
            samples::sample_feedback_state());
}

TEST(ControlCodec, ARequestToListAndItsAnswerComeBackAsTheyWere) {
  EXPECT_EQ(through_the_wire<list_request>(client_message{samples::sample_list_request()}),
            samples::sample_list_request());
  EXPECT_EQ(through_the_wire<list_request>(client_message{list_request{}}), list_request{});
  EXPECT_EQ(through_the_wire<listing>(server_message{samples::sample_listing()}),
            samples::sample_listing());
}

TEST(ControlCodec, WhatIsAskedToBeListedIsBounded) {
  const auto is_read
    = [](const std::string& name_space, const std::string& prefix, const std::string& cursor) {
        const list_request m{protocol_version, name_space, prefix, cursor, ""};
        return decode_client_message(body_of(encode(client_message{m}))).has_value();
      };
  EXPECT_TRUE(is_read(std::string(max_namespace_size, 'n'), std::string(max_object_size, 'p'),
                      std::string(max_cursor_size, '\0')));
  EXPECT_FALSE(is_read(std::string(max_namespace_size + 1, 'n'), "", ""));
  EXPECT_FALSE(is_read("", std::string(max_object_size + 1, 'p'), ""));
  EXPECT_FALSE(is_read("", std::string{"a\0b", 3}, ""));
  EXPECT_FALSE(is_read("", "", std::string(max_cursor_size + 1, 'c')));
}

TEST(ControlCodec, NamesInAListAreNamesOfOneDirectory) {
  const auto is_read = [](const std::string& name) {
    return decode_server_message(body_of(encode(server_message{listing{{{name}}, ""}})))
      .has_value();
  };
  EXPECT_TRUE(is_read("\x1b[2J\xff"));
  EXPECT_FALSE(is_read(""));
  EXPECT_FALSE(is_read("../etc"));
  EXPECT_FALSE(is_read(std::string{"a\0b", 3}));
  EXPECT_FALSE(is_read(std::string(max_object_size + 1, 'n')));
}

TEST(ControlCodec, AListHasAtMostSoManyEntries) {
  const auto is_read = [](unsigned count) {
    return decode_server_message(crafted_server([&](schema::ServerMessage::Builder m) {
             auto entries = m.initListing().initEntries(count);
             for (unsigned i = 0; i < count; ++i)
               entries[i].setName("n");
           }))
      .has_value();
  };
  EXPECT_TRUE(is_read(max_listed));
  EXPECT_FALSE(is_read(max_listed + 1));
}

TEST(ControlCodec, EntriesOfKindsOfLaterVersionsAreSkipped) {
  const auto read = decode_server_message(crafted_server([](schema::ServerMessage::Builder m) {
    auto entries = m.initListing().initEntries(2);
    entries[0].setName("later");
    entries[0].setKind(static_cast<schema::ListedKind>(3));
    entries[1].setName("now");
  }));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(std::get<listing>(*read).entries, (std::vector<listed>{{"now"}}));
}

/// Dates are made of them for people.
TEST(ControlCodec, TimesBeyondAllYearsAreNone) {
  const auto read_back = [](std::int64_t seconds) {
    const listing sent{{{"n", listed_kind::object, 0, seconds}}, ""};
    return through_the_wire<listing>(server_message{sent}).entries.at(0).modified;
  };
  EXPECT_EQ(read_back(-1), -1);
  EXPECT_EQ(read_back(253'402'300'799), 253'402'300'799);
  EXPECT_EQ(read_back(253'402'300'800), 0);
  EXPECT_EQ(read_back(std::numeric_limits<std::int64_t>::max()), 0);
  EXPECT_EQ(read_back(std::numeric_limits<std::int64_t>::min()), 0);
}

TEST(ControlCodec, AFullPageOfAnyNamesFitsInAMessage) {
  for (const std::size_t size : {1U, 7U, 8U, 100U, 255U, 4096U}) {
    SCOPED_TRACE(size);
    listing page{{}, std::string(max_cursor_size, 'c')};
    listing_room room;
    while (room.take(size))
      page.entries.push_back({std::string(size, 'n')});
    EXPECT_LE(encode(server_message{page}).size() - frame_prefix_size, max_control_message);
    EXPECT_EQ(through_the_wire<listing>(server_message{page}), page);
    page.entries.push_back({std::string(size, 'n')});
    if (page.entries.size() <= max_listed) {
      EXPECT_FALSE(decode_server_message(body_of(encode(server_message{page})))) << "more names";
    }
  }
}

TEST(ControlCodec, NobodyFetchesWhatNoBlockHas) {
  const auto body
    = crafted_client([](schema::ClientMessage::Builder m) { m.initFetch().setLeaves(1U << 16U); });
  EXPECT_FALSE(decode_client_message(body));
}

TEST(ControlCodec, PartsOfBlocksAreOfLegalSize) {
  const auto is_read = [](const std::function<void(schema::Fetched::Builder)>& fill) {
    return decode_server_message(
             crafted_server([&](schema::ServerMessage::Builder m) { fill(m.initFetched()); }))
      .has_value();
  };
  EXPECT_TRUE(is_read([](auto m) { m.initLeafDigests(16 * 32); }));
  EXPECT_FALSE(is_read([](auto m) { m.initLeafDigests(0); }));
  EXPECT_FALSE(is_read([](auto m) { m.initLeafDigests(17 * 32); }));
  EXPECT_FALSE(is_read([](auto m) { m.initLeafDigests(33); }));
  const auto leaf = [&](unsigned index, unsigned size) {
    return is_read([&](schema::Fetched::Builder m) {
      auto to = m.initLeaf();
      to.setIndex(static_cast<std::uint8_t>(index));
      to.initBytes(size);
    });
  };
  EXPECT_TRUE(leaf(15, digest_leaf));
  EXPECT_FALSE(leaf(16, digest_leaf));
  EXPECT_FALSE(leaf(0, 0));
  EXPECT_FALSE(leaf(0, digest_leaf + 1));
  EXPECT_FALSE(is_read([](auto m) { m.initManifest().initSignature(64); }));
}

TEST(ControlCodec, SourcesAreFewAndAddresses) {
  const auto is_read = [](std::size_t count, unsigned size) {
    auto m = samples::accept();
    m.sources.assign(count, std::vector<std::byte>(size));
    return decode_server_message(body_of(encode(server_message{m}))).has_value();
  };
  EXPECT_TRUE(is_read(max_sources, 16));
  EXPECT_FALSE(is_read(1, 5));
  EXPECT_FALSE(is_read(1, 0));
}

TEST(ControlCodec, RejectAndEndedComeBackAsTheyWere) {
  EXPECT_EQ(through_the_wire<session_reject>(server_message{samples::reject()}).reason,
            samples::reject().reason);
  EXPECT_EQ(through_the_wire<session_ended>(server_message{samples::ended()}).reason,
            samples::ended().reason);
}

TEST(ControlCodec, ReceiptNotedComesBack) {
  const auto read = decode_server_message(body_of(encode(server_message{receipt_noted{}})));
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::holds_alternative<receipt_noted>(*read));
}

TEST(ControlCodec, LengthInFrontIsThatOfTheBody) {
  const auto framed = encode(client_message{samples::request()});
  std::uint32_t length = 0;
  for (unsigned i = 0; i < frame_prefix_size; ++i)
    length |= std::to_integer<std::uint32_t>(framed[i]) << (8 * i);
  EXPECT_EQ(length, framed.size() - frame_prefix_size);
}

TEST(ControlCodec, LargestMessagesAreWithinTheLimit) {
  auto m = samples::request();
  m.name_space.assign(max_namespace_size, 'n');
  m.object.assign(max_object_size, 'o');
  m.host_name.assign(max_host_name_size, 'h');
  m.suites.assign(max_suites, seal_suite::aes_256_gcm);
  EXPECT_LE(encode(client_message{m}).size(), max_control_message);
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}), m);
}

// -- requests -----------------------------------------------------------------------------------

TEST(ControlCodec, NamesMustNotBeEmptyTooLongOrHoldAZero) {
  auto m = samples::request();
  m.name_space.clear();
  EXPECT_THAT(refusal_of(m), HasSubstr("the namespace is empty"));
  m.name_space.assign(max_namespace_size + 1, 'n');
  EXPECT_THAT(refusal_of(m), HasSubstr("the namespace is 256 bytes long and may be 255"));
  m.name_space.assign(3, '\0');
  EXPECT_THAT(refusal_of(m), HasSubstr("the namespace contains a zero byte"));
  m = samples::request();
  m.object.clear();
  EXPECT_THAT(refusal_of(m), HasSubstr("the object name is empty"));
  m.object.assign(max_object_size + 1, 'o');
  EXPECT_THAT(refusal_of(m), HasSubstr("the object name is 4097 bytes long and may be 4096"));
  m.object = std::string{"image\0.txt", 10};
  EXPECT_THAT(refusal_of(m), HasSubstr("the object name contains a zero byte"));
}

TEST(ControlCodec, NamesNeedNotBeUtf8) {
  auto m = samples::request();
  m.object = "\xff\xfe\x80";
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}), m);
}

TEST(ControlCodec, HostNameIsCutWhenWrittenAndRefusedWhenTooLong) {
  auto m = samples::request();
  m.host_name.assign(max_host_name_size + 10, 'h');
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}).host_name.size(),
            max_host_name_size);
  const auto body = crafted_client([](auto root) {
    auto request = root.initRequest();
    request.setNamespace("lab");
    request.setObject("image");
    request.initSuites(1).set(0, schema::Suite::AES256_GCM);
    request.initHostName(max_host_name_size + 1);
  });
  EXPECT_THAT(decode_client_message(body).error().text, HasSubstr("the host name is 256 bytes"));
}

TEST(ControlCodec, OneToEightSuitesAreOffered) {
  auto m = samples::request();
  m.suites.clear();
  EXPECT_THAT(refusal_of(m), HasSubstr("0 suites are offered instead of 1 to 8"));
  m.suites.assign(max_suites + 1, seal_suite::aes_256_gcm);
  EXPECT_THAT(refusal_of(m), HasSubstr("9 suites are offered"));
  m.suites.assign(max_suites, seal_suite::aes_256_gcm);
  EXPECT_EQ(refusal_of(m), "");
}

TEST(ControlCodec, UnknownSuitesAreSkipped) {
  auto m = samples::request();
  m.suites = {seal_suite{3}, seal_suite::aes_256_gcm, seal_suite{0xffff}};
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}).suites,
            std::vector{seal_suite::aes_256_gcm});
  m.suites = {seal_suite{3}, seal_suite{4}};
  EXPECT_THAT(refusal_of(m), HasSubstr("none of the 2 suites it offers is known here"));
}

TEST(ControlCodec, RequestOfAnotherVersionIsLeftToTheCaller) {
  auto m = samples::request();
  m.version = 999;
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}).version, 999);
}

// -- accepts ------------------------------------------------------------------------------------

TEST(ControlCodec, AcceptNeedsAReceiverIdPortsAndAGroup) {
  auto m = samples::accept();
  m.receiver_id = 0;
  EXPECT_THAT(refusal_of(m), HasSubstr("the receiver id is 0"));
  m = samples::accept();
  m.group.port = 0;
  EXPECT_THAT(refusal_of(m), HasSubstr("the group port is 0"));
  m = samples::accept();
  m.feedback.port = 0;
  EXPECT_THAT(refusal_of(m), HasSubstr("the feedback port is 0"));
  m = samples::accept();
  m.group.address.clear();
  EXPECT_THAT(refusal_of(m), HasSubstr("the group address is missing"));
}

TEST(ControlCodec, AddressesAreOfEitherIpVersionAndFeedbackMayHaveNone) {
  auto m = samples::accept();
  for (std::size_t size = 0; size < 40; ++size) {
    m.feedback.address.assign(size, std::byte{1});
    const auto refusal = refusal_of(m);
    if (size == 0 || size == 4 || size == 16)
      EXPECT_EQ(refusal, "");
    else
      EXPECT_THAT(refusal, HasSubstr("the feedback address is " + std::to_string(size) + " bytes"));
  }
  m = samples::accept();
  m.group.address.resize(16);
  EXPECT_EQ(refusal_of(m), "");
  m.group.address.resize(5);
  EXPECT_THAT(refusal_of(m), HasSubstr("the group address is 5 bytes"));
}

TEST(ControlCodec, AcceptWithAnUnknownSuiteIsRefused) {
  auto m = samples::accept();
  m.suite = seal_suite{3};
  EXPECT_THAT(refusal_of(m), HasSubstr("suite 3 is not known here"));
}

TEST(ControlCodec, AcceptSealedAndYetUnverifiedIsRefused) {
  auto m = samples::accept_unverified();
  EXPECT_EQ(refusal_of(m), "");
  m.suite = seal_suite::aes_256_gcm;
  EXPECT_THAT(refusal_of(m), HasSubstr("sealed and yet not to be verified"));
}

TEST(ControlCodec, AcceptWithImpossibleGeometryIsRefused) {
  auto m = samples::accept();
  m.symbol_size = 0;
  EXPECT_THAT(refusal_of(m), HasSubstr("cannot be cut into blocks of 128 symbols of 0 bytes"));
  m = samples::accept();
  m.source_symbols = 255;
  EXPECT_THAT(refusal_of(m), HasSubstr("cannot be cut"));
  m = samples::accept();
  m.object_size = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(refusal_of(m), HasSubstr("cannot be cut"));
  // Half a GiB of bits at the receiver, for an object that fits on a DVD.
  m.symbol_size = 1;
  m.source_symbols = 1;
  m.object_size = 4'000'000'000;
  EXPECT_THAT(refusal_of(m), HasSubstr("blocks of 1 symbols of 1 bytes, at most 67108864 of them"));
}

TEST(ControlCodec, AcceptWithKeysOfOtherSizesIsRefused) {
  const auto refusal_with = [](unsigned id, unsigned key, unsigned salt, unsigned signing) {
    const auto body = crafted_server([&](auto root) {
      auto m = root.initAccept();
      m.setReceiverId(1);
      m.setSuite(schema::Suite::AES256_GCM);
      m.initTransmissionId(id);
      m.initGroupKey().initKey(key);
      m.getGroupKey().initSalt(salt);
      m.initReceiverKey().initKey(key_size);
      m.getReceiverKey().initSalt(salt_size);
      m.initGroup().setPort(1);
      m.getGroup().initAddress(4);
      m.initFeedback().setPort(1);
      m.setSymbolSize(1);
      m.setSourceSymbols(1);
      m.initSigningKey(signing);
    });
    const auto read = decode_server_message(body);
    return read ? std::string{} : read.error().text;
  };
  EXPECT_EQ(refusal_with(16, 32, 12, 32), "");
  EXPECT_THAT(refusal_with(15, 32, 12, 32), HasSubstr("the transmission id is 15 bytes"));
  EXPECT_THAT(refusal_with(17, 32, 12, 32), HasSubstr("the transmission id is 17 bytes"));
  EXPECT_THAT(refusal_with(16, 0, 12, 32), HasSubstr("the key is 0 bytes long instead of 32"));
  EXPECT_THAT(refusal_with(16, 33, 12, 32), HasSubstr("the key is 33 bytes"));
  EXPECT_THAT(refusal_with(16, 32, 11, 32), HasSubstr("the salt is 11 bytes long instead of 12"));
  EXPECT_THAT(refusal_with(16, 32, 12, 31), HasSubstr("the signing key is 31 bytes"));
}

TEST(ControlCodec, AcceptCarriesMetadataUpToTheLimit) {
  auto m = samples::accept();
  EXPECT_TRUE(through_the_wire<session_accept>(server_message{m}).metadata.empty());
  m.metadata.assign(max_metadata_size, std::byte{0xa5});
  EXPECT_EQ(through_the_wire<session_accept>(server_message{m}).metadata, m.metadata);
  m.metadata.push_back(std::byte{1});
  EXPECT_THAT(refusal_of(m), HasSubstr("the metadata are 32769 bytes long and may be 32768"));
}

// -- reasons ------------------------------------------------------------------------------------

TEST(ControlCodec, EveryKnownReasonComesBackAsItWas) {
  for (std::uint16_t code = 1; code <= 33; ++code) {
    const failure reason{static_cast<failure_code>(code), 0, "why"};
    EXPECT_EQ(through_the_wire<session_reject>(server_message{session_reject{reason}}).reason,
              reason);
  }
}

TEST(ControlCodec, UnknownAndEmptyReasonsBecomeInternalAndKeepTheirText) {
  for (const unsigned code : {0U, 34U, 1000U, 65535U}) {
    const failure reason{static_cast<failure_code>(code), 0, "why"};
    const failure expected{failure_code::internal, 0, "why"};
    EXPECT_EQ(through_the_wire<session_ended>(server_message{session_ended{reason}}).reason,
              expected)
      << "code " << code;
    EXPECT_EQ(through_the_wire<leave>(client_message{leave{reason}}).reason, expected);
  }
}

TEST(ControlCodec, LongReasonsAreCutBetweenCharacters) {
  const auto cut = [](const std::string& text) {
    return through_the_wire<session_ended>(
             server_message{session_ended{{failure_code::internal, 0, text}}})
      .reason.text;
  };
  EXPECT_EQ(cut(std::string(max_failure_text, 'x')), std::string(max_failure_text, 'x'));
  EXPECT_EQ(cut(std::string(9999, 'x')), std::string(max_failure_text, 'x'));
  // A character of two bytes across the border goes as a whole.
  EXPECT_EQ(cut(std::string(max_failure_text - 1, 'x') + "\xc3\xa4 and more"),
            std::string(max_failure_text - 1, 'x'));
  // What is no UTF-8 is cut all the same.
  EXPECT_EQ(cut(std::string(9999, '\x80')).size(), max_failure_text - 3);
}

TEST(ControlCodec, LongerReasonsThanAllowedAreRefused) {
  const auto body
    = crafted_server([](auto root) { root.initEnded().initText(max_failure_text + 1); });
  EXPECT_THAT(decode_server_message(body).error().text, HasSubstr("the reason is 1025 bytes"));
}

TEST(ControlCodec, TextsForPeopleCannotSteerATerminal) {
  const failure reason{failure_code::internal, 0, "a\x1b[2J\r\nb\x7f\tc"};
  EXPECT_EQ(through_the_wire<leave>(client_message{leave{reason}}).reason.text, "a [2J  b  c");
  auto m = samples::request();
  m.host_name = "host\x1b]0;x\x07";
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}).host_name, "host ]0;x ");
  // CSI as one C1 control, and as the byte that it is to a terminal that does not speak UTF-8.
  m.host_name = "h\xc3\xb6st\xc2\x9b"
                "2J\x9b"
                "2J";
  EXPECT_EQ(through_the_wire<session_request>(client_message{m}).host_name, "h\xc3\xb6st  2J 2J");
}

// -- hostile bodies -----------------------------------------------------------------------------

TEST(ControlCodec, KindsOfLaterVersionsAreRefused) {
  auto client = encode(client_message{samples::sample_receipt()});
  auto server = encode(server_message{samples::reject()});
  // The union's tag lies behind length, segment table and root pointer.
  client[20] = server[20] = std::byte{200};
  EXPECT_THAT(decode_client_message(body_of(client)).error().text, HasSubstr("its kind, 200"));
  EXPECT_THAT(decode_server_message(body_of(server)).error().text, HasSubstr("its kind, 200"));
}

TEST(ControlCodec, CutOrExtendedBodiesAreRefused) {
  const auto client = encode(client_message{samples::request()});
  const auto server = encode(server_message{samples::accept()});
  for (std::size_t size = 0; size < body_of(client).size(); ++size)
    EXPECT_FALSE(decode_client_message(body_of(client).first(size))) << size;
  for (std::size_t size = 0; size < body_of(server).size(); ++size)
    EXPECT_FALSE(decode_server_message(body_of(server).first(size))) << size;
  auto longer = client;
  longer.resize(client.size() + 8);
  EXPECT_FALSE(decode_client_message(body_of(longer)));
}

TEST(ControlCodec, RefusalsNameSizeProblemAndRemedy) {
  const auto text = decode_client_message(message_bytes(13)).error().text;
  EXPECT_EQ(text, "reading a message of 13 bytes from the client: it is not a well-formed message; "
                  "make sure that it runs a Fleetcast that speaks version 1 of the protocol");
}

TEST(ControlCodec, HugeSegmentTablesAreRefused) {
  message_bytes body(max_control_message, std::byte{0xff});
  EXPECT_FALSE(decode_client_message(body));
  EXPECT_FALSE(decode_server_message(body));
  EXPECT_FALSE(decode_client_message(message_bytes(max_control_message + 8)));
}

TEST(ControlCodec, RandomDamageNeverThrowsAndWhatIsReadCanBeWritten) {
  constexpr unsigned seed = 1147;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  const std::vector<message_bytes> good{
    encode(client_message{samples::request()}), encode(client_message{samples::sample_receipt()}),
    encode(client_message{samples::sample_leave()}), encode(server_message{samples::accept()}),
    encode(server_message{samples::ended()})};
  int read = 0;
  for (int i = 0; i < 30'000; ++i) {
    auto framed = good[random() % good.size()];
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      framed[frame_prefix_size + random() % (framed.size() - frame_prefix_size)]
        = static_cast<std::byte>(random());
    const auto check = [&](const auto& m, auto decode) {
      if (!m)
        return;
      ++read;
      const auto once = encode(*m);
      const auto again = decode(body_of(once));
      ASSERT_TRUE(again) << again.error().text;
      EXPECT_EQ(encode(*again), once);
    };
    check(decode_client_message(body_of(framed)), decode_client_message);
    check(decode_server_message(body_of(framed)), decode_server_message);
  }
  EXPECT_GT(read, 1000) << "hardly any damaged message was readable: this test tests nothing";
}

} // namespace
} // namespace control_codec_test
} // namespace fleetcast::protocol::wire
