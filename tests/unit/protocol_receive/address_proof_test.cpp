#include "protocol/receive/address_proof.hpp"
#include "protocol/receive/receiver.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::protocol {
namespace address_proof_test {
namespace {

constexpr std::uint64_t first = 0x1234567890abcdef;
constexpr std::size_t most_bytes = 200;

/// A receiver that lacks much of everything, whose server named an address that is not the dialled one.
class UnprovenAddress : public ::testing::Test {
protected:
  UnprovenAddress() {
    auto config = fixture::receiver_config_of(object.layout(), server, suite);
    config.knows_feedback_address = false;
    config.first_feedback_packet = first;
    machine.emplace(config, memory, now);
    for (block_number b = 0; b < 64; ++b)
      for (symbol_id id = 0; id < 4; ++id)
        if (id != 1)
          machine->on_datagram(now, voice.say_symbol(object, b, id));
        else
          voice.lose();
    hear_heartbeat();
  }

  /// Sizes of what it says within this time.
  std::vector<std::size_t> said_within(duration time) {
    std::vector<std::size_t> result;
    const auto until = now + time;
    bytes datagram;
    for (; now < until; now += milliseconds(10)) {
      hear_heartbeat();
      machine->on_time(now);
      while (machine->take_feedback(now, datagram))
        result.push_back(datagram.size());
      EXPECT_GT(machine->next_event(), now) << "it would be asked again and again";
    }
    return result;
  }

  /// Of a sender that wants to hear much.
  void hear_heartbeat() {
    wire::heartbeat beat;
    beat.sent_at = static_cast<std::uint64_t>(now.count());
    beat.next = beat.edge = {0, 100};
    beat.grtt = milliseconds(1);
    beat.group_size = 1;
    beat.status_interval = milliseconds(2);
    machine->on_datagram(now, voice.say(beat));
  }

  using bytes = fixture::bytes;
  static constexpr auto suite = wire::seal_suite::chacha20_poly1305;
  fixture::identity server;
  fixture::sample_object object{std::size_t{64} * 4 * 200, 64, 4};
  fixture::counted_memory memory{std::size_t{64} * 4, 128};
  timestamp now = fixture::start;
  fixture::group_voice voice{suite};
  std::optional<receiver> machine;
};

TEST_F(UnprovenAddress, GetsLittleForAsLongAsNobodyAnswers) {
  const auto said = said_within(seconds(10));
  EXPECT_GE(said.size(), 5U) << "a server of version 1 on another network must hear it";
  EXPECT_LE(said.size(), 31U);
  for (const auto size : said)
    EXPECT_LE(size, most_bytes);
}

TEST_F(UnprovenAddress, GetsAllOnceTheServerNamesAPacketThatCame) {
  const auto before = said_within(seconds(1));
  ASSERT_FALSE(before.empty());
  machine->on_feedback_heard(first + before.size() - 1);
  const auto after = said_within(seconds(1));
  EXPECT_GT(after.size(), 10U);
  EXPECT_GT(*std::max_element(after.begin(), after.end()), most_bytes);
}

TEST_F(UnprovenAddress, IsNotProvenByAGuess) {
  said_within(seconds(1));
  const auto next = first + machine->statistics().statuses_sent;
  for (const auto guess : {std::uint64_t{0}, std::uint64_t{1}, first - 1, next, ~std::uint64_t{0}})
    machine->on_feedback_heard(guess);
  EXPECT_LE(said_within(seconds(10)).size(), 31U);
}

TEST(AddressProof, IsNotAskedForWhereTheAddressIsThatOfTheConnection) {
  const address_proof known{true, 1};
  EXPECT_FALSE(known.is_pending());
  EXPECT_EQ(known.earliest(seconds(7)), -never);
}

} // namespace
} // namespace address_proof_test
} // namespace fleetcast::protocol
