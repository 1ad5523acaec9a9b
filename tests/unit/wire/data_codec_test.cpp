#include "protocol/block_shape.hpp"
#include "protocol/wire/capnp_support.hpp"
#include "protocol/wire/data_codec.hpp"
#include "protocol/wire/fleetcast.capnp.h"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

namespace fleetcast::protocol::wire {
namespace data_codec_test {
namespace {

constexpr std::size_t max_payload = defaults::symbol_size;
constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();

std::optional<group_message> through_the_wire(const group_message& m) {
  return decode_group_message(std::visit([](const auto& x) { return encode(x); }, m));
}

/// A message that our own encoder would never write.
template <class Root, class Fill>
message_bytes crafted(Fill fill) {
  capnp::MallocMessageBuilder builder;
  fill(builder.initRoot<Root>());
  return serialize(builder);
}

message_bytes crafted_heartbeat(const std::function<void(schema::Heartbeat::Builder)>& fill) {
  return crafted<schema::GroupMessage>([&](auto root) { fill(root.initHeartbeat()); });
}

message_bytes crafted_manifest(std::uint32_t first, std::size_t digest_bytes,
                               std::size_t signature_bytes) {
  return crafted<schema::GroupMessage>([&](auto root) {
    auto m = root.initManifest();
    m.setFirstBlock(first);
    m.initDigests(static_cast<unsigned>(digest_bytes));
    m.initSignature(static_cast<unsigned>(signature_bytes));
  });
}

message_bytes crafted_feedback(const std::function<void(schema::Feedback::Builder)>& fill) {
  return crafted<schema::Feedback>([&](auto root) { fill(root); });
}

heartbeat largest_heartbeat() {
  heartbeat m;
  m.sent_at = std::numeric_limits<std::uint64_t>::max();
  m.next = m.edge = unlimited;
  m.grtt = m.status_interval = microseconds(most);
  m.group_size = most;
  m.scheduled.assign(max_scheduled_ranges, {most - 1, 1});
  m.repairing.assign(max_announced_repairs, {most, 0xffff});
  return m;
}

manifest largest_manifest() {
  manifest m;
  m.first_block = most - defaults::manifest_capacity;
  m.digests.assign(defaults::manifest_capacity, samples::counting(digest{}, 1));
  m.signed_by = samples::counting(signature{}, 1);
  return m;
}

feedback largest_feedback() {
  constexpr auto u64 = std::numeric_limits<std::uint64_t>::max();
  constexpr auto limited_by = limiting_factor::consumer;
  feedback m{u64, duration::max(), u64, u64, most, u64, unlimited, most, most, u64,
             u64, limited_by,      {},  {},  {}};
  m.repairs.assign(defaults::max_repair_requests, {most, 0xffff});
  m.wanted.assign(defaults::max_wanted_ranges, {0, most});
  m.manifests.assign(max_manifest_ranges, {most - 1, 1});
  return m;
}

TEST(DataCodec, HeartbeatComesBackAsItWas) {
  EXPECT_EQ(through_the_wire(samples::sample_heartbeat()),
            group_message{samples::sample_heartbeat()});
  EXPECT_EQ(through_the_wire(heartbeat{}), group_message{heartbeat{}});
}

TEST(DataCodec, ManifestComesBackAsItWas) {
  EXPECT_EQ(through_the_wire(samples::sample_manifest()),
            group_message{samples::sample_manifest()});
}

TEST(DataCodec, AnchorComesBackAndItsHeartbeatIsRead) {
  const auto sent = samples::sample_anchor();
  EXPECT_EQ(through_the_wire(sent), group_message{sent});
  EXPECT_EQ(decode_heartbeat(sent.beat), samples::sample_heartbeat());
  EXPECT_LE(encode(anchor{encode_alone(largest_heartbeat()), ~std::uint64_t{0}, {}}).size(),
            defaults::symbol_size);
}

TEST(DataCodec, FeedbackComesBackAsItWas) {
  EXPECT_EQ(decode_feedback(encode(samples::sample_feedback())), samples::sample_feedback());
  auto with_control = samples::sample_feedback();
  with_control.received_control = 4'004'004'004;
  EXPECT_EQ(decode_feedback(encode(with_control)), with_control);
  EXPECT_EQ(decode_feedback(encode(feedback{})), feedback{});
}

TEST(DataCodec, EveryLimitingFactorOfAReceiverTravels) {
  using enum limiting_factor;
  for (const auto factor : {unknown, sender, network, host, consumer}) {
    auto m = samples::sample_feedback();
    m.limited_by = factor;
    EXPECT_EQ(decode_feedback(encode(m)), m) << to_string(factor);
  }
}

TEST(DataCodec, ALimitingFactorOfALaterVersionIsUnknown) {
  auto m = samples::sample_feedback();
  m.limited_by = static_cast<limiting_factor>(200);
  auto expected = m;
  expected.limited_by = limiting_factor::unknown;
  EXPECT_EQ(decode_feedback(encode(m)), expected);
}

/// In a network of tunnels symbols are smallest, and what travels beside them must not be larger.
TEST(DataCodec, WhatASenderAndReceiversSayFitsTheSmallestSymbol) {
  constexpr std::size_t most_bytes = symbol_sizes.front();
  EXPECT_LE(encode(largest_heartbeat()).size(), most_bytes);
  EXPECT_LE(encode(anchor{encode_alone(largest_heartbeat()), ~std::uint64_t{0}, {}}).size(),
            most_bytes);
  auto of_a_run = largest_manifest();
  of_a_run.digests.resize(defaults::manifest_run);
  EXPECT_LE(encode(of_a_run).size(), most_bytes);
  EXPECT_LE(encode(largest_feedback()).size(), most_bytes);
}

TEST(DataCodec, LargestOnesFitOneDatagramAndComeBack) {
  EXPECT_LE(encode(largest_heartbeat()).size(), max_payload);
  EXPECT_LE(encode(largest_manifest()).size(), max_payload);
  EXPECT_LE(encode(largest_feedback()).size(), max_payload);
  EXPECT_EQ(through_the_wire(largest_heartbeat()), group_message{largest_heartbeat()});
  EXPECT_EQ(through_the_wire(largest_manifest()), group_message{largest_manifest()});
  EXPECT_EQ(decode_feedback(encode(largest_feedback())), largest_feedback());
}

TEST(DataCodec, ListsBeyondTheirCapsAreCutAndSayThatTheyWere) {
  auto m = largest_heartbeat();
  m.scheduled.push_back({1, 1});
  m.repairing.push_back({1, 1});
  m.scheduled_all = true;
  auto expected = largest_heartbeat();
  expected.scheduled_all = false;
  EXPECT_EQ(through_the_wire(m), group_message{expected});
  auto f = largest_feedback();
  f.repairs.push_back({1, 1});
  f.wanted.push_back({1, 1});
  f.manifests.push_back({1, 1});
  EXPECT_EQ(decode_feedback(encode(f)), largest_feedback());
}

TEST(DataCodec, DurationsOutOfRangeAreBroughtIntoIt) {
  heartbeat m;
  m.grtt = duration{-1};
  m.status_interval = duration::max();
  heartbeat expected;
  expected.status_interval = microseconds(most);
  EXPECT_EQ(through_the_wire(m), group_message{expected});
  feedback f;
  f.echo_held = duration::min();
  EXPECT_EQ(decode_feedback(encode(f)), feedback{});
}

TEST(DataCodec, DecodingNeedsNoAlignment) {
  const auto body = encode(samples::sample_feedback());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    message_bytes shifted(shift);
    shifted.insert(shifted.end(), body.begin(), body.end());
    EXPECT_EQ(decode_feedback(std::span{shifted}.subspan(shift)), samples::sample_feedback());
  }
}

TEST(DataCodec, CutOrExtendedOnesAreRefused) {
  for (const auto& body : {encode(samples::sample_heartbeat()), encode(samples::sample_manifest()),
                           encode(samples::sample_feedback())}) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      const auto cut = std::span{body}.first(size);
      EXPECT_FALSE(decode_group_message(cut)) << size << " of " << body.size();
      EXPECT_FALSE(decode_feedback(cut)) << size << " of " << body.size();
    }
    auto longer = body;
    longer.resize(body.size() + 8);
    EXPECT_FALSE(decode_group_message(longer));
    EXPECT_FALSE(decode_feedback(longer));
  }
}

TEST(DataCodec, BodiesBeyondAJumboSymbolAreRefused) {
  // Legal but for its size: unknown fields of a later version would look like this.
  const auto padded = [](unsigned bytes) {
    return crafted<schema::GroupMessage>([&](auto root) {
      root.initHeartbeat();
      capnp::Orphanage::getForMessageContaining(root).template newOrphan<capnp::Data>(bytes);
    });
  };
  EXPECT_TRUE(decode_group_message(padded(64)));
  EXPECT_FALSE(decode_group_message(padded(defaults::max_symbol_size)));
}

TEST(DataCodec, ListsLongerThanTheirCapsAreRefused) {
  const auto ranges = [](auto list) {
    for (auto range : list)
      range.setCount(1);
  };
  const auto heartbeat_with = [&](std::size_t scheduled, std::size_t repairing) {
    return decode_group_message(crafted_heartbeat([&](auto m) {
             ranges(m.initScheduled(static_cast<unsigned>(scheduled)));
             m.initRepairing(static_cast<unsigned>(repairing));
           }))
      .has_value();
  };
  EXPECT_TRUE(heartbeat_with(max_scheduled_ranges, max_announced_repairs));
  EXPECT_FALSE(heartbeat_with(max_scheduled_ranges + 1, 0));
  EXPECT_FALSE(heartbeat_with(0, max_announced_repairs + 1));
  const auto feedback_with = [&](std::size_t repairs, std::size_t wanted, std::size_t manifests) {
    return decode_feedback(crafted_feedback([&](auto m) {
             m.initRepairs(static_cast<unsigned>(repairs));
             ranges(m.initWanted(static_cast<unsigned>(wanted)));
             ranges(m.initManifests(static_cast<unsigned>(manifests)));
           }))
      .has_value();
  };
  EXPECT_TRUE(
    feedback_with(defaults::max_repair_requests, defaults::max_wanted_ranges, max_manifest_ranges));
  EXPECT_FALSE(feedback_with(defaults::max_repair_requests + 1, 0, 0));
  EXPECT_FALSE(feedback_with(0, defaults::max_wanted_ranges + 1, 0));
  EXPECT_FALSE(feedback_with(0, 0, max_manifest_ranges + 1));
}

TEST(DataCodec, RangesMustNotBeEmptyOrPassTheLastBlockNumber) {
  const auto accepts = [](std::uint32_t first, std::uint32_t count) {
    const auto set = [&](auto list) {
      list[0].setFirst(first);
      list[0].setCount(count);
    };
    const bool scheduled
      = decode_group_message(crafted_heartbeat([&](auto m) { set(m.initScheduled(1)); }))
          .has_value();
    const bool wanted
      = decode_feedback(crafted_feedback([&](auto m) { set(m.initWanted(1)); })).has_value();
    const bool manifests
      = decode_feedback(crafted_feedback([&](auto m) { set(m.initManifests(1)); })).has_value();
    EXPECT_EQ(scheduled, wanted);
    EXPECT_EQ(scheduled, manifests);
    return scheduled;
  };
  EXPECT_TRUE(accepts(0, 1));
  EXPECT_TRUE(accepts(0, most));
  EXPECT_TRUE(accepts(most - 1, 1));
  EXPECT_FALSE(accepts(0, 0));
  EXPECT_FALSE(accepts(most, 1));
  EXPECT_FALSE(accepts(1, most));
  EXPECT_FALSE(accepts(most, most));
}

TEST(DataCodec, ManifestsOfIllegalSizesAreRefused) {
  const auto accepts = [](std::uint32_t first, std::size_t digest_bytes, std::size_t signature) {
    return decode_group_message(crafted_manifest(first, digest_bytes, signature)).has_value();
  };
  EXPECT_TRUE(accepts(0, 32, 64));
  EXPECT_TRUE(accepts(0, 32 * defaults::manifest_capacity, 64));
  EXPECT_TRUE(accepts(most - 1, 32, 64));
  EXPECT_FALSE(accepts(0, 0, 64));
  EXPECT_FALSE(accepts(0, 31, 64));
  EXPECT_FALSE(accepts(0, 33, 64));
  EXPECT_FALSE(accepts(0, 32 * (defaults::manifest_capacity + 1), 64));
  EXPECT_FALSE(accepts(most, 32, 64));
  EXPECT_FALSE(accepts(0, 32, 0));
  EXPECT_FALSE(accepts(0, 32, 63));
  EXPECT_FALSE(accepts(0, 32, 65));
}

TEST(DataCodec, DurationsThatDoNotFitAreRefused) {
  const auto accepts = [](std::uint64_t nanoseconds) {
    return decode_feedback(crafted_feedback([&](auto m) { m.setEchoHeldNanoseconds(nanoseconds); }))
      .has_value();
  };
  EXPECT_TRUE(accepts(std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(accepts(std::uint64_t{1} << 63));
}

TEST(DataCodec, KindsOfLaterVersionsAreRefused) {
  auto body = encode(samples::sample_heartbeat());
  // The union's tag lies behind the segment table and the root pointer.
  body[16] = std::byte{2};
  EXPECT_FALSE(decode_group_message(body));
}

TEST(DataCodec, WhatPointsAtItselfIsRefused) {
  for (unsigned pointers = 1; pointers < 8; ++pointers) {
    constexpr std::size_t word = 8;
    message_bytes body(word * (1 + 3 + pointers));
    body[4] = static_cast<std::byte>(3 + pointers); // segment table: one segment of so many words
    body[word + 4] = std::byte{1};                  // root: a struct of one data word …
    body[word + 6] = std::byte{1};                  // … and one pointer,
    body[word * 3] = std::byte{0xfc};               // which points one word back: at itself
    body[word * 3 + 1] = body[word * 3 + 2] = body[word * 3 + 3] = std::byte{0xff};
    body[word * 3 + 6] = static_cast<std::byte>(pointers);
    EXPECT_FALSE(decode_group_message(body)) << pointers;
    EXPECT_FALSE(decode_feedback(body)) << pointers;
  }
}

TEST(DataCodec, ListsThatShareTheirBytesAreRefused) {
  feedback m;
  m.repairs.assign(max_manifest_ranges, {1, 1});
  auto body = encode(m);
  ASSERT_TRUE(decode_feedback(body));
  // Behind segment table, root pointer and nine data words: the pointers to repairs, wanted and
  // manifests. An offset counts words from the pointer's end and lies two bits up.
  constexpr std::size_t word = 8;
  constexpr std::size_t repairs = word * (1 + 1 + 9);
  for (std::size_t i = 1; i <= 2; ++i) {
    std::copy_n(body.begin() + repairs, word,
                body.begin() + static_cast<std::ptrdiff_t>(repairs + word * i));
    const auto offset = std::to_integer<unsigned>(body[repairs]) - (i << 2);
    body[repairs + word * i] = static_cast<std::byte>(offset);
  }
  // Three times the same nine words are more than there are to read.
  EXPECT_FALSE(decode_feedback(body));
}

TEST(DataCodec, RandomDamageNeverThrowsAndWhatIsReadCanBeWritten) {
  constexpr unsigned seed = 4711;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  const std::vector<message_bytes> good{
    encode(largest_heartbeat()), encode(largest_manifest()), encode(largest_feedback()),
    encode(samples::sample_heartbeat()), encode(samples::sample_feedback())};
  int read = 0;
  for (int i = 0; i < 50'000; ++i) {
    auto body = good[random() % good.size()];
    // Mostly the front, where the pointers are.
    const auto reach = random() % 2 == 0 ? body.size() : std::min<std::size_t>(body.size(), 96);
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      body[random() % reach] = static_cast<std::byte>(random());
    if (const auto m = decode_group_message(body)) {
      ++read;
      EXPECT_EQ(through_the_wire(*m), m);
    }
    if (const auto m = decode_feedback(body)) {
      ++read;
      EXPECT_EQ(decode_feedback(encode(*m)), m);
    }
  }
  EXPECT_GT(read, 1000) << "hardly any damaged message was readable: this test tests nothing";
}

} // namespace
} // namespace data_codec_test
} // namespace fleetcast::protocol::wire
