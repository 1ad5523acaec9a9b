#include "protocol/control/reconnection.hpp"
#include "protocol/defaults.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace fleetcast::protocol::control {
namespace reconnection_test {
namespace {

constexpr timestamp start = seconds(1000);
constexpr std::uint64_t seed = 7;

TEST(Reconnection, WithoutPatienceGivesUpAtOnce) {
  reconnection machine{duration{0}, seed};
  EXPECT_FALSE(machine.on_lost(start, 5));
  EXPECT_FALSE(machine.waiting_since());
}

/// The pauses of many clients that ask `away` after they lost the server.
std::set<duration> pauses_after(duration away) {
  std::set<duration> result;
  for (std::uint64_t s = 0; s < 200; ++s) {
    reconnection machine{seconds(1000), s};
    EXPECT_TRUE(machine.on_lost(start, 0));
    result.insert(*machine.on_lost(start + away, 0) - (start + away));
  }
  return result;
}

TEST(Reconnection, AsksAgainSoonAtFirstAndThenMoreRarelyAtRandomTimes) {
  const std::pair<duration, duration> longest_after[] = {{seconds(0), milliseconds(200)},
                                                         {seconds(1), milliseconds(200)},
                                                         {seconds(8), seconds(1)},
                                                         {seconds(100), seconds(5)}};
  for (const auto& [away, longest] : longest_after) {
    const auto pauses = pauses_after(away);
    EXPECT_GT(pauses.size(), 150U) << "clients of one server must not come in step";
    EXPECT_LE(*pauses.rbegin(), longest);
    EXPECT_GT(*pauses.rbegin(), longest * 8 / 10);
    EXPECT_LT(*pauses.begin(), longest / 10);
  }
}

TEST(Reconnection, AsksOnceMoreWhenThePatienceEndsAndThenGivesUp) {
  reconnection machine{seconds(10), seed};
  auto now = start;
  unsigned attempts = 0;
  while (const auto next = machine.on_lost(now, 3)) {
    ASSERT_LE(*next, start + seconds(10));
    ASSERT_GE(*next, now);
    now = *next;
    ++attempts;
  }
  EXPECT_EQ(now, start + seconds(10));
  EXPECT_GE(attempts, 15U);
  EXPECT_EQ(machine.waiting_since(), start);
}

TEST(Reconnection, SaysHowLongTheServerWasAway) {
  reconnection machine{seconds(10), seed};
  ASSERT_TRUE(machine.on_lost(start, 0));
  ASSERT_TRUE(machine.on_lost(start + seconds(2), 0));
  EXPECT_EQ(machine.left(start + seconds(2)), seconds(8));
  EXPECT_EQ(machine.on_back(start + seconds(3)), seconds(3));
  EXPECT_EQ(machine.count(), 1U);
  EXPECT_FALSE(machine.waiting_since());
  EXPECT_EQ(machine.left(start + seconds(3)), duration{0});
}

TEST(Reconnection, AServerThatAcceptsAndSendsNothingDoesNotProlongThePatience) {
  reconnection machine{seconds(10), seed};
  ASSERT_TRUE(machine.on_lost(start, 4));
  machine.on_back(start + seconds(6));
  ASSERT_TRUE(machine.on_lost(start + seconds(7), 4));
  EXPECT_EQ(machine.left(start + seconds(7)), seconds(3));
  machine.on_back(start + seconds(8));
  EXPECT_FALSE(machine.on_lost(start + seconds(10), 4));
}

TEST(Reconnection, ABlockThatCameDoes) {
  reconnection machine{seconds(10), seed};
  ASSERT_TRUE(machine.on_lost(start, 4));
  machine.on_back(start + seconds(6));
  const auto next = machine.on_lost(start + seconds(60), 5);
  ASSERT_TRUE(next);
  EXPECT_EQ(machine.left(start + seconds(60)), seconds(10));
  EXPECT_LE(*next, start + seconds(60) + defaults::min_reconnect_pause) << "from the beginning";
}

TEST(Reconnection, WaitsForNothingThatTheServerDecided) {
  for (const auto code : {failure_code::connection_lost, failure_code::connection_refused,
                          failure_code::transmission_ended, failure_code::sender_silent,
                          failure_code::network_unreachable, failure_code::connect_timeout})
    EXPECT_TRUE(may_pass(code)) << static_cast<int>(code);
  for (const auto code :
       {failure_code::none, failure_code::cancelled, failure_code::internal,
        failure_code::object_not_found, failure_code::namespace_unknown,
        failure_code::access_denied, failure_code::not_authenticated,
        failure_code::identity_changed, failure_code::kicked_fallback, failure_code::kicked_abort,
        failure_code::object_changed, failure_code::content_corrupt,
        failure_code::signature_invalid, failure_code::disk_full, failure_code::invalid_request,
        failure_code::handshake_failed})
    EXPECT_FALSE(may_pass(code)) << static_cast<int>(code);
}

} // namespace
} // namespace reconnection_test
} // namespace fleetcast::protocol::control
