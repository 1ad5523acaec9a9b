#include "actors/serve/entrance.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace fleetcast::actors {
namespace entrance_test {
namespace {

using std::chrono::seconds;
using ticket = entrance::ticket;

const auto stranger = boost::asio::ip::make_address("192.0.2.1");
const auto client = boost::asio::ip::make_address("192.0.2.2");

/// Four places, three of them for one source, and three seconds of grace.
class Entrance : public ::testing::Test {
protected:
  /// Lets in whom `next` names and starts it; 0: nobody.
  ticket enter() {
    const auto step = entrance_.next(now_);
    left_ = step ? step->leaves : std::nullopt;
    if (!step)
      return 0;
    entrance_.began(step->enters, now_);
    return step->enters;
  }

  ticket arrive_and_enter(const entrance::address& from) {
    const auto who = entrance_.arrive(from);
    EXPECT_EQ(enter(), who);
    EXPECT_EQ(left_, std::nullopt);
    return who;
  }

  entrance entrance_{{4, 3, seconds{3}}};
  entrance::clock::time_point now_{seconds{1000}};
  std::optional<ticket> left_;
};

TEST_F(Entrance, LetsInWhoComesWhileThereIsRoom) {
  EXPECT_EQ(enter(), 0U);
  arrive_and_enter(client);
  EXPECT_EQ(enter(), 0U);
  EXPECT_EQ(entrance_.due(), std::nullopt) << "nobody waits";
}

TEST_F(Entrance, AFloodOfOneSourceDelaysThatSourceOnly) {
  for (int i = 0; i < 3; ++i)
    arrive_and_enter(stranger);
  for (int i = 0; i < 100; ++i)
    entrance_.arrive(stranger);
  EXPECT_EQ(enter(), 0U);
  arrive_and_enter(client);
}

TEST_F(Entrance, ManyOfOneSourceGetTheirTurnInOrder) {
  const auto first = arrive_and_enter(client);
  arrive_and_enter(client);
  arrive_and_enter(client);
  const auto fourth = entrance_.arrive(client);
  const auto fifth = entrance_.arrive(client);
  EXPECT_EQ(enter(), 0U);
  entrance_.leave(first);
  EXPECT_EQ(enter(), fourth);
  EXPECT_EQ(left_, std::nullopt) << "nobody was sent away";
  EXPECT_EQ(enter(), 0U);
  entrance_.leave(fourth);
  EXPECT_EQ(enter(), fifth);
}

TEST_F(Entrance, WhoKeepsSilentMakesRoomAfterItsGraceForWhoWaits) {
  const auto first = arrive_and_enter(stranger);
  now_ += seconds{1};
  const auto second = arrive_and_enter(stranger);
  arrive_and_enter(stranger);
  const auto waits = entrance_.arrive(stranger);
  EXPECT_EQ(entrance_.due(), now_ + seconds{2});
  now_ += seconds{2} - std::chrono::nanoseconds{1};
  EXPECT_EQ(enter(), 0U);
  now_ += std::chrono::nanoseconds{1};
  EXPECT_EQ(enter(), waits);
  EXPECT_EQ(left_, first);
  entrance_.arrive(stranger);
  EXPECT_EQ(enter(), 0U);
  now_ += seconds{1};
  EXPECT_NE(enter(), 0U);
  EXPECT_EQ(left_, second);
}

TEST_F(Entrance, NobodyIsSentAwayWhileNobodyWaits) {
  for (int i = 0; i < 3; ++i)
    arrive_and_enter(stranger);
  now_ += seconds{100};
  EXPECT_EQ(enter(), 0U);
  // There is room for this one.
  arrive_and_enter(client);
}

TEST_F(Entrance, WithAllPlacesTakenTheOldestOfAllMakesRoom) {
  const auto oldest = arrive_and_enter(client);
  for (int i = 0; i < 3; ++i)
    arrive_and_enter(stranger);
  const auto waits = entrance_.arrive(boost::asio::ip::make_address("2001:db8::1"));
  EXPECT_EQ(enter(), 0U);
  now_ += seconds{3};
  EXPECT_EQ(enter(), waits);
  EXPECT_EQ(left_, oldest);
}

TEST_F(Entrance, TheGraceOfOneThatWasNotStartedHasNotBegun) {
  const entrance::rules one_place{1, 1, seconds{3}};
  entrance_ = entrance{one_place};
  const auto first = entrance_.arrive(client);
  ASSERT_TRUE(entrance_.next(now_));
  const auto second = entrance_.arrive(client);
  now_ += seconds{100};
  EXPECT_EQ(enter(), 0U);
  EXPECT_EQ(entrance_.due(), std::nullopt);
  entrance_.began(first, now_);
  EXPECT_EQ(entrance_.due(), now_ + seconds{3});
  now_ += seconds{3};
  EXPECT_EQ(enter(), second);
  EXPECT_EQ(left_, first);
}

TEST_F(Entrance, SourcesThatWaitTakeTurns) {
  entrance_ = entrance{{1, 1, seconds{3}}};
  auto inside = arrive_and_enter(client);
  const auto a = entrance_.arrive(stranger);
  const auto b = entrance_.arrive(stranger);
  const auto c = entrance_.arrive(client);
  for (const auto expected : {a, c, b}) {
    entrance_.leave(inside);
    inside = enter();
    EXPECT_EQ(inside, expected);
  }
}

TEST_F(Entrance, TurnsAwayTheLastOfTheLongestLine) {
  for (int i = 0; i < 3; ++i)
    arrive_and_enter(stranger);
  entrance_.arrive(stranger);
  const auto last = entrance_.arrive(stranger);
  const auto waits = entrance_.arrive(client);
  EXPECT_EQ(entrance_.turn_away(), last);
  EXPECT_EQ(enter(), waits);
}

TEST_F(Entrance, OfLinesAsLongTurnsAwayWhoCameLast) {
  for (int i = 0; i < 3; ++i)
    arrive_and_enter(client);
  arrive_and_enter(boost::asio::ip::make_address("192.0.2.3"));
  const auto waits = entrance_.arrive(stranger);
  const auto last = entrance_.arrive(client);
  EXPECT_EQ(entrance_.turn_away(), last);
  EXPECT_EQ(entrance_.turn_away(), waits);
}

TEST_F(Entrance, WhoLeavesTwiceLeavesOnce) {
  const auto first = arrive_and_enter(client);
  arrive_and_enter(client);
  arrive_and_enter(client);
  entrance_.leave(first);
  entrance_.leave(first);
  arrive_and_enter(client);
  entrance_.arrive(client);
  EXPECT_EQ(enter(), 0U);
}

TEST(EntranceSource, IsANetworkOfIpv6AndAnAddressOfIpv4) {
  const auto source
    = [](const char* text) { return source_of(boost::asio::ip::make_address(text)).to_string(); };
  EXPECT_EQ(source("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(source("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(source("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}

} // namespace
} // namespace entrance_test
} // namespace fleetcast::actors
