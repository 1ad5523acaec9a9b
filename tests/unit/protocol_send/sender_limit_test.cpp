#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <random>

namespace fleetcast::protocol {
namespace sender_limit_test {
namespace {

using sender_fixture::alice;
using sender_fixture::bob;
using sender_fixture::k;
using sender_fixture::repairs;
using sender_fixture::talker;
using sender_fixture::verdict_time;

/// As fast as anybody likes, and never sure of it.
class searching_rate final : public rate_controller {
public:
  void on_sent(timestamp, std::uint64_t, std::size_t) override {}
  void on_held_back(timestamp) override {}
  void on_feedback(timestamp, receiver_id, const wire::feedback&, duration) override {}
  void on_receiver_gone(timestamp, receiver_id) override {}
  bit_rate rate(timestamp) const override { return 1'000'000'000; }
  bool searches() const override { return true; }
  limiting_factor limited_by() const override { return limiting_factor::unknown; }
  std::optional<receiver_id> slowest() const override { return std::nullopt; }
};

/// What it says last of how often each of a hundred receivers should speak.
duration asked_of_a_hundred(talker& t, std::size_t taken_at_once) {
  for (receiver_id id = 1; id <= 100; ++id)
    t.join(id);
  t.hear(t.feedback(), 1);
  duration last{};
  for (const auto end = t.now + verdict_time; t.now < end; t.now += milliseconds(1))
    for (const auto& h : sender_fixture::heartbeats_of(t.take(taken_at_once)))
      last = h.status_interval;
  return last;
}

TEST(Sender, AsksForDenseReportsOfASearchOnlyWhileItsHostKeepsUp) {
  talker idle{100'000, std::make_unique<searching_rate>()};
  const auto dense = asked_of_a_hundred(idle, 10'000);
  talker busy{100'000, std::make_unique<searching_rate>()};
  const auto usual = asked_of_a_hundred(busy, 4);
  EXPECT_EQ(dense * defaults::search_status_factor, usual);
}

TEST(Sender, NamesTheRateThatItWasTold) {
  talker t{5000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(verdict_time);
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::rate, std::nullopt}));
}

TEST(Sender, NamesItsContentWhenTheDiskIsSlow) {
  talker t{5000};
  t.join(alice);
  t.disk_is_stuck = true;
  t.run(verdict_time);
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::content, std::nullopt}));
}

TEST(Sender, NamesItsHostWhenItsOutputLagsBehind) {
  talker t{5000};
  t.join(alice);
  for (const auto end = t.now + verdict_time; t.now < end; t.now += milliseconds(10))
    t.take(1);
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::host, std::nullopt}));
}

TEST(Sender, NamesTheReceiverThatHasNoRoomAndWhatItSaysOfItself) {
  talker t{5000};
  t.join(alice);
  t.join(bob);
  auto full = t.feedback();
  full.limit = {0, 4};
  full.completed_blocks = 1;
  full.limited_by = limiting_factor::consumer;
  // It objects to each heartbeat, as it would.
  for (const auto end = t.now + verdict_time; t.now < end;) {
    t.hear(full, bob);
    t.hear(t.feedback(), alice);
    t.run(defaults::heartbeat_interval);
  }
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::consumer, bob}));
}

TEST(Sender, NamesTheNetworkWhenTheReceiverThatHoldsItUpKnowsNothingWrong) {
  talker t{5000};
  t.join(alice);
  auto full = t.feedback();
  full.limit = {0, 4};
  full.completed_blocks = 1;
  full.limited_by = limiting_factor::sender;
  for (const auto end = t.now + verdict_time; t.now < end;) {
    t.hear(full);
    t.run(defaults::heartbeat_interval);
  }
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::network, alice}));
}

TEST(Sender, NamesWhoLacksMostWhenAllWasSent) {
  talker t{8};
  t.join(alice);
  t.join(bob);
  auto almost = t.feedback();
  almost.completed_blocks = 7;
  auto hardly = t.feedback();
  hardly.completed_blocks = 3;
  hardly.limited_by = limiting_factor::host;
  for (const auto end = t.now + 2 * verdict_time; t.now < end;) {
    t.hear(almost, alice);
    t.hear(hardly, bob);
    t.run(milliseconds(50));
  }
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::host, bob}));
}

TEST(Sender, StaysConsistentWhateverAReceiverSays) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
    talker t{60, 100'000'000};
    t.join(alice, below(10));
    t.join(bob);
    for (int step = 0; step < 200; ++step) {
      auto m = t.feedback();
      m.limit = {below(4), below(70)};
      m.highest_packet = below(600);
      m.echo_sent_at = std::uint64_t{below(UINT32_MAX)} << below(33);
      for (unsigned i = below(4); i > 0; --i)
        m.repairs.push_back({below(61), static_cast<std::uint16_t>(below(300))});
      for (unsigned i = below(4); i > 0; --i)
        m.wanted.push_back({below(60), 1 + below(10)});
      for (unsigned i = below(4); i > 0; --i)
        m.manifests.push_back({below(60), 1 + below(10)});
      t.hear(m, below(2) == 0 ? alice : bob);
      t.run(microseconds(below(1000)));
    }
    // And when it falls silent everything that is left is served.
    t.machine.remove_receiver(t.now, alice);
    t.run(seconds(2));
    const auto done = t.machine.statistics().source_datagrams;
    t.run(seconds(1));
    EXPECT_EQ(t.machine.statistics().source_datagrams, done);
    EXPECT_GE(done, 60U * k);
  }
}

} // namespace
} // namespace sender_limit_test
} // namespace fleetcast::protocol
