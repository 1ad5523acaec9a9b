/// Every possible pattern of loss of the first datagrams, one after another: no pattern may leave a
/// receiver without the object.
#include "protocol/send/feedback_gate.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/sender.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace loss_pattern_test {
namespace {

using fixture::bytes;

constexpr auto suite = wire::seal_suite::none;

/// One sender and one receiver with nothing between them but the loss of the first datagrams each
/// way, as the bits of two numbers say.
class pipe {
public:
  pipe(fixture::sample_object& object, std::uint32_t lost_down, std::uint32_t lost_up)
    : object_(object),
      lost_down_(lost_down),
      lost_up_(lost_up),
      sender_(config_of(object.layout()), std::make_unique<fixed_rate>(100'000'000), signer_),
      memory_(object.layout().block_size(), defaults::min_cache_blocks),
      receiver_(fixture::receiver_config_of(object.layout(), server_, suite), memory_, now_) {
    gate_.add(fixture::first_id, fixture::receiver_key());
    sender_.add_receiver(now_, fixture::first_id, defaults::min_cache_blocks);
  }

  /// Whether the receiver holds the object within a few seconds.
  bool completes() {
    const auto deadline = now_ + seconds(5);
    while (now_ < deadline && !receiver_.complete() && !receiver_.failed()) {
      carry_down();
      carry_up();
      if (!sender_.validate() || !receiver_.validate())
        return false;
      now_
        = std::max(now_ + duration{1}, std::min(sender_.next_event(now_), receiver_.next_event()));
      receiver_.on_time(now_);
    }
    return receiver_.complete() && wrong_blocks_ == 0;
  }

private:
  static sender_config config_of(const geometry& layout) {
    sender_config result{.layout = layout};
    result.session_tag = fixture::session_tag;
    result.lane = fixture::lane;
    return result;
  }

  static bool lost(std::uint32_t& pattern) {
    const auto result = (pattern & 1) != 0;
    pattern >>= 1;
    return result;
  }

  void carry_down() {
    for (const auto block : sender_.take_reads())
      static_cast<void>(sender_.on_block(block, object_.block(block), object_.digest_of(block)));
    std::vector<outgoing_datagram> out;
    sender_.take(now_, defaults::batch_datagrams, out);
    for (const auto& d : out)
      if (!lost(lost_down_))
        receiver_.on_datagram(now_, fixture::seal(sealer_, d.header, d.payload));
    for (const auto& block : receiver_.take_blocks()) {
      const auto own = object_.content_of(block.number);
      wrong_blocks_ += std::equal(own.begin(), own.end(), block.bytes.get()) ? 0 : 1;
    }
  }

  void carry_up() {
    bytes datagram;
    while (receiver_.take_feedback(now_, datagram)) {
      if (lost(lost_up_))
        continue;
      if (const auto in = gate_.admit(datagram))
        sender_.on_feedback(now_, in->from, in->message);
    }
  }

  fixture::sample_object& object_;
  std::uint32_t lost_down_;
  std::uint32_t lost_up_;
  timestamp now_ = fixture::start;
  fixture::identity server_;
  wire::manifest_signer signer_ = server_.signer();
  wire::sealer sealer_{suite, fixture::group_key()};
  sender sender_;
  feedback_gate gate_{fixture::session_tag, fixture::lane, suite};
  fixture::counted_memory memory_;
  receiver receiver_;
  int wrong_blocks_ = 0;
};

/// Heartbeat, manifest and all symbols are among the first eleven datagrams.
TEST(EveryPatternOfLoss, OfTheFirstDatagramsDownIsMended) {
  fixture::sample_object object{3 * 3 * 16 - 5, 16, 3};
  for (std::uint32_t pattern = 0; pattern < 1U << 11; ++pattern) {
    pipe p{object, pattern, 0};
    ASSERT_TRUE(p.completes()) << "pattern " << pattern;
  }
}

TEST(EveryPatternOfLoss, OfBlocksOfOneSymbolIsMended) {
  fixture::sample_object object{8 * 16, 16, 1};
  for (std::uint32_t pattern = 0; pattern < 1U << 10; ++pattern) {
    pipe p{object, pattern, 0};
    ASSERT_TRUE(p.completes()) << "pattern " << pattern;
  }
}

TEST(EveryPatternOfLoss, OfTheFirstDatagramsBothWaysIsMended) {
  fixture::sample_object object{2 * 2 * 16, 16, 2};
  for (std::uint32_t down = 0; down < 1U << 6; ++down)
    for (std::uint32_t up = 0; up < 1U << 4; ++up) {
      pipe p{object, down, up};
      ASSERT_TRUE(p.completes()) << "pattern " << down << " down, " << up << " up";
    }
}

} // namespace
} // namespace loss_pattern_test
} // namespace fleetcast::protocol
