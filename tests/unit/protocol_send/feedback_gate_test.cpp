#include "protocol/send/feedback_gate.hpp"
#include "protocol/wire/data_codec.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace fleetcast::protocol {
namespace feedback_gate_test {
namespace {

using fixture::bytes;
using fixture::first_id;
using wire::drop_reason;

constexpr auto suite = wire::seal_suite::chacha20_poly1305;
constexpr receiver_id other_id = 8;

class FeedbackGate : public testing::Test {
protected:
  FeedbackGate() {
    gate_.add(first_id, fixture::receiver_key(first_id));
    gate_.add(other_id, fixture::receiver_key(other_id));
  }

  static wire::header header(std::uint64_t packet, receiver_id from = first_id) {
    wire::header h;
    h.type = wire::datagram_type::control;
    h.lane = fixture::lane;
    h.session_tag = fixture::session_tag;
    h.packet_number = packet;
    h.block = from;
    return h;
  }

  static wire::feedback message(std::uint32_t free_blocks) {
    wire::feedback m;
    m.free_blocks = free_blocks;
    return m;
  }

  static bytes sealed(const wire::header& h, const wire::feedback& m,
                      receiver_id key_owner = first_id) {
    wire::sealer s{suite, fixture::receiver_key(key_owner)};
    return fixture::seal(s, h, wire::encode(m));
  }

  /// It is dropped, counted under `reason` and nothing else.
  void expect_dropped(const bytes& datagram, drop_reason reason) {
    auto expected = gate_.drops();
    ++expected[static_cast<std::size_t>(reason)];
    EXPECT_FALSE(gate_.admit(datagram)) << to_string(reason);
    EXPECT_EQ(gate_.drops(), expected) << to_string(reason);
  }

  feedback_gate gate_{fixture::session_tag, fixture::lane, suite};
};

TEST_F(FeedbackGate, AdmitsWhatAReceiverSealed) {
  const auto in = gate_.admit(sealed(header(1), message(42)));
  ASSERT_TRUE(in);
  EXPECT_EQ(in->from, first_id);
  EXPECT_EQ(in->message, message(42));
  const auto second = gate_.admit(sealed(header(1, other_id), message(43), other_id));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->from, other_id);
  EXPECT_EQ(gate_.drops(), feedback_gate::drop_counters{});
}

TEST_F(FeedbackGate, NobodySpeaksForAnother) {
  expect_dropped(sealed(header(1, other_id), message(1), first_id), drop_reason::forged);
}

TEST_F(FeedbackGate, DropsWhatWasHeardBeforeAndWhatWasOvertaken) {
  const auto first = sealed(header(1), message(1));
  const auto second = sealed(header(2), message(2));
  const auto third = sealed(header(3), message(3));
  ASSERT_TRUE(gate_.admit(first));
  ASSERT_TRUE(gate_.admit(third));
  expect_dropped(third, drop_reason::replayed);
  expect_dropped(first, drop_reason::replayed);
  expect_dropped(second, drop_reason::replayed);
  EXPECT_TRUE(gate_.admit(sealed(header(4), message(4))));
}

TEST_F(FeedbackGate, PacketNumbersOfOneReceiverDoNotCountForAnother) {
  ASSERT_TRUE(gate_.admit(sealed(header(100), message(1))));
  EXPECT_TRUE(gate_.admit(sealed(header(1, other_id), message(1), other_id)));
}

TEST_F(FeedbackGate, AForgeryDoesNotUseUpPacketNumbers) {
  auto forged = sealed(header(1000), message(1));
  forged.back() ^= std::byte{1};
  expect_dropped(forged, drop_reason::forged);
  EXPECT_TRUE(gate_.admit(sealed(header(1), message(1))));
}

TEST_F(FeedbackGate, EveryChangedBitIsNoticed) {
  const auto good = sealed(header(5), message(1));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(gate_.admit(bad)) << "bit " << bit;
  }
  EXPECT_TRUE(gate_.admit(good));
}

TEST_F(FeedbackGate, DropsStrangers) {
  expect_dropped(sealed(header(1, 99), message(1)), drop_reason::unknown_receiver);
  expect_dropped(sealed(header(1, 0), message(1)), drop_reason::unknown_receiver);
}

TEST_F(FeedbackGate, DropsThoseWhoLeft) {
  gate_.remove(first_id);
  expect_dropped(sealed(header(1), message(1)), drop_reason::unknown_receiver);
  EXPECT_TRUE(gate_.admit(sealed(header(1, other_id), message(1), other_id)));
}

TEST_F(FeedbackGate, DropsOtherSessions) {
  auto h = header(1);
  h.session_tag ^= 1;
  expect_dropped(sealed(h, message(1)), drop_reason::wrong_session);
}

TEST_F(FeedbackGate, DropsOtherLanes) {
  auto h = header(1);
  h.lane ^= 1;
  expect_dropped(sealed(h, message(1)), drop_reason::wrong_lane);
}

TEST_F(FeedbackGate, DropsWhatTravelsDownOnly) {
  for (const auto type : {wire::datagram_type::source, wire::datagram_type::repair}) {
    auto h = header(1);
    h.type = type;
    expect_dropped(sealed(h, message(1)), drop_reason::wrong_direction);
  }
}

TEST_F(FeedbackGate, ADatagramOfTheGroupSentBackIsNoFeedback) {
  fixture::group_voice voice{suite};
  expect_dropped(voice.say(wire::heartbeat{}), drop_reason::unknown_receiver);
  wire::sealer s{suite, fixture::group_key()};
  expect_dropped(fixture::seal(s, header(1), wire::encode(wire::heartbeat{})), drop_reason::forged);
}

TEST_F(FeedbackGate, DropsWhatIsCutOrPadded) {
  const auto good = sealed(header(1), message(1));
  for (std::size_t size = 0; size < good.size(); ++size)
    expect_dropped({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)},
                   drop_reason::truncated);
  auto longer = good;
  longer.push_back({});
  expect_dropped(longer, drop_reason::oversized);
  EXPECT_TRUE(gate_.admit(good));
}

TEST_F(FeedbackGate, DropsABodyThatIsNoFeedback) {
  wire::sealer s{suite, fixture::receiver_key()};
  expect_dropped(fixture::seal(s, header(1), {}), drop_reason::malformed);
  const auto noise = fixture::random_bytes(300, 4);
  expect_dropped(fixture::seal(s, header(2), noise), drop_reason::malformed);
  // It was his, so its packet number is used up.
  expect_dropped(sealed(header(2), message(1)), drop_reason::replayed);
}

TEST_F(FeedbackGate, RandomBytesAreDroppedAndEachIsCountedOnce) {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const auto noise = fixture::random_bytes(seed % 1500, seed);
    ASSERT_FALSE(gate_.admit(noise)) << "seed " << seed;
    ++dropped;
  }
  const auto& drops = gate_.drops();
  EXPECT_EQ(std::accumulate(drops.begin(), drops.end(), std::uint64_t{0}), dropped);
}

TEST_F(FeedbackGate, CountsWhatTheSenderFoundOutOfRange) {
  gate_.count_out_of_range();
  EXPECT_EQ(gate_.drops()[static_cast<std::size_t>(drop_reason::out_of_range)], 1U);
}

} // namespace
} // namespace feedback_gate_test
} // namespace fleetcast::protocol
