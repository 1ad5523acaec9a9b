/// Sender and receiver that were both told to do without seals and digests.
#include "protocol/receive/receiver.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/sender.hpp"
#include "protocol/wire/data_codec.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <variant>

namespace fleetcast::protocol {
namespace unverified_test {
namespace {

constexpr auto suite = wire::seal_suite::none;
constexpr std::uint16_t symbol_size = 64;
constexpr std::uint16_t k = 4;
constexpr block_number blocks = 6;

/// Both ends, and a wire that loses nothing.
class Unverified : public testing::Test {
protected:
  Unverified() : receiver_(receiver_config_(), memory_, now_), sender_(make_sender()) {
    sender_.add_receiver(now_, fixture::first_id, 100);
  }

  static constexpr std::uint64_t object_size = std::uint64_t{blocks} * symbol_size * k - 5;

  receiver_config receiver_config_() const {
    auto result = fixture::receiver_config_of(object_.layout(), server_, suite);
    result.verified = false;
    return result;
  }

  sender make_sender() {
    sender_config config{.layout = object_.layout()};
    config.session_tag = fixture::session_tag;
    config.lane = fixture::lane;
    config.verified = false;
    return {config, std::make_unique<fixed_rate>(1'000'000'000), signer_};
  }

  /// What the reader brings has no digest.
  void read() {
    for (const auto block : sender_.take_reads())
      ASSERT_FALSE(sender_.on_block(block, object_.block(block), {}));
  }

  void carry(const outgoing_datagram& datagram) {
    if (datagram.header.type == wire::datagram_type::control) {
      const auto m = wire::decode_group_message(datagram.payload);
      manifests_ += m && std::holds_alternative<wire::manifest>(*m) ? 1 : 0;
    }
    receiver_.on_datagram(now_, fixture::seal(sealer_, datagram.header, datagram.payload));
    for (auto& block : receiver_.take_blocks())
      delivered_[block.number] = std::move(block);
  }

  void answer() {
    fixture::bytes datagram;
    while (receiver_.take_feedback(now_, datagram)) {
      const auto said = fixture::read_feedback(datagram, suite);
      ASSERT_TRUE(said);
      manifests_asked_ += said->manifests.size();
      sender_.on_feedback(now_, fixture::first_id, *said);
    }
  }

  void run() {
    for (int turn = 0; turn < 10'000 && !receiver_.complete(); ++turn) {
      read();
      std::vector<outgoing_datagram> out;
      sender_.take(now_, defaults::batch_datagrams, out);
      for (const auto& datagram : out)
        carry(datagram);
      answer();
      now_ += milliseconds(1);
    }
  }

  timestamp now_ = fixture::start;
  fixture::identity server_;
  wire::manifest_signer signer_ = server_.signer();
  fixture::sample_object object_{object_size, symbol_size, k};
  fixture::counted_memory memory_{symbol_size * k, 16};
  wire::sealer sealer_{suite, fixture::group_key()};
  receiver receiver_;
  sender sender_;
  std::map<block_number, verified_block> delivered_;
  std::size_t manifests_ = 0;
  std::size_t manifests_asked_ = 0;
};

TEST_F(Unverified, TheObjectArrivesWithoutASingleManifest) {
  run();
  ASSERT_TRUE(receiver_.complete());
  ASSERT_EQ(delivered_.size(), blocks);
  for (const auto& [number, block] : delivered_) {
    const auto sent = object_.content_of(number);
    ASSERT_EQ(block.size, sent.size());
    EXPECT_TRUE(std::equal(sent.begin(), sent.end(), block.bytes.get())) << number;
  }
  EXPECT_EQ(manifests_, 0U);
  EXPECT_EQ(manifests_asked_, 0U);
}

TEST_F(Unverified, ManifestsThatSomebodyAsksForAreNotSent) {
  run();
  wire::feedback asks;
  asks.limit = unlimited;
  asks.manifests = {{0, blocks}};
  EXPECT_TRUE(sender_.on_feedback(now_, fixture::first_id, asks));
  std::vector<outgoing_datagram> out;
  sender_.take(now_ + seconds(1), defaults::batch_datagrams, out);
  for (const auto& datagram : out)
    carry(datagram);
  EXPECT_EQ(manifests_, 0U);
}

} // namespace
} // namespace unverified_test
} // namespace fleetcast::protocol
