#include "protocol/send/transmission_limit.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace transmission_limit_test {
namespace {

constexpr timestamp start = seconds(100);
constexpr duration often = milliseconds(2);

/// A policy that names whom a test tells it to.
class pointing_rate final : public rate_controller {
public:
  std::optional<receiver_id> whom;

  void on_sent(timestamp, std::uint64_t, std::size_t) override {}
  void on_held_back(timestamp) override {}
  void on_feedback(timestamp, receiver_id, const wire::feedback&, duration) override {}
  void on_receiver_gone(timestamp, receiver_id) override {}
  bit_rate rate(timestamp) const override { return 1; }
  limiting_factor limited_by() const override { return limiting_factor::rate; }
  std::optional<receiver_id> slowest() const override { return whom; }
};

/// Receiver 7 has the least room, 8 lacks the most; both were just heard.
struct sending {
  group receivers;
  pointing_rate policy;

  sending() {
    say(7, {0, 3}, 20, limiting_factor::consumer);
    say(8, {0, 9}, 10, limiting_factor::host);
  }

  void say(receiver_id id, position limit, std::uint32_t completed, limiting_factor own) {
    if (!receivers.contains(id))
      receivers.add(start, id, limit);
    wire::feedback m;
    m.limit = limit;
    m.completed_blocks = completed;
    m.limited_by = own;
    m.echo_sent_at = static_cast<std::uint64_t>(start.count());
    receivers.update(start, id, m);
  }

  transmission_limit find(send_activity activity, timestamp now = start) const {
    return find_limit(now, activity, receivers, policy, often);
  }
};

TEST(TransmissionLimit, WaitingForContentAndForItsOutputAreTheSendersOwn) {
  const sending s;
  EXPECT_EQ(s.find(send_activity::content),
            (transmission_limit{limiting_factor::content, std::nullopt}));
  EXPECT_EQ(s.find(send_activity::busy), (transmission_limit{limiting_factor::host, std::nullopt}));
}

TEST(TransmissionLimit, WaitingForRoomIsAtWhoHasTheLeast) {
  EXPECT_EQ(sending{}.find(send_activity::window),
            (transmission_limit{limiting_factor::consumer, 7}));
}

TEST(TransmissionLimit, WaitingAfterAllWasSentIsAtWhoLacksTheMost) {
  EXPECT_EQ(sending{}.find(send_activity::drained), (transmission_limit{limiting_factor::host, 8}));
}

TEST(TransmissionLimit, ThePaceIsWhatThePolicySays) {
  sending s;
  EXPECT_EQ(s.find(send_activity::pacing),
            (transmission_limit{limiting_factor::rate, std::nullopt}));
  s.policy.whom = 8;
  EXPECT_EQ(s.find(send_activity::pacing), (transmission_limit{limiting_factor::host, 8}));
  s.policy.whom = 9;
  EXPECT_EQ(s.find(send_activity::pacing), transmission_limit{}) << "it has left";
}

TEST(TransmissionLimit, IsTheNetworkWhereTheReceiverKnowsNothingWrong) {
  sending s;
  for (const auto own : {limiting_factor::unknown, limiting_factor::sender}) {
    s.say(7, {0, 3}, 20, own);
    EXPECT_EQ(s.find(send_activity::window), (transmission_limit{limiting_factor::network, 7}));
  }
}

TEST(TransmissionLimit, OfWhoIsSilentItsLastWordCountsNoMore) {
  EXPECT_EQ(sending{}.find(send_activity::window, start + seconds(3)),
            (transmission_limit{limiting_factor::silent, 7}));
}

TEST(TransmissionLimit, OfNobodyIsUnknown) {
  const group nobody{};
  const pointing_rate policy;
  EXPECT_EQ(find_limit(start, send_activity::window, nobody, policy, often), transmission_limit{});
}

} // namespace
} // namespace transmission_limit_test
} // namespace fleetcast::protocol
