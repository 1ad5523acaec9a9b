#include "actors/kit/entrance.hpp"

#include <gtest/gtest.h>

#include <map>
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

TEST_F(Entrance, WhoBeganFirstMakesRoomEvenIfItCameLater) {
  const auto early = entrance_.arrive(client);
  const auto late = entrance_.arrive(stranger);
  ASSERT_TRUE(entrance_.next(now_) && entrance_.next(now_));
  entrance_.began(late, now_);
  now_ += seconds{1};
  entrance_.began(early, now_);
  arrive_and_enter(stranger);
  arrive_and_enter(stranger);
  const auto waits = entrance_.arrive(boost::asio::ip::make_address("192.0.2.3"));
  EXPECT_EQ(entrance_.due(), now_ + seconds{2});
  now_ += seconds{2};
  EXPECT_EQ(enter(), waits);
  EXPECT_EQ(left_, late);
}

TEST_F(Entrance, TheMoreSourcesWaitTheShorterIsTheGrace) {
  entrance_ = entrance{{2, 1, seconds{12}, seconds{2}}};
  arrive_and_enter(client);
  arrive_and_enter(stranger);
  const auto grace_with = [&](int sources, int lines) {
    for (int i = sources; i < lines; ++i)
      entrance_.arrive(boost::asio::ip::address_v4(0x0A000000U + static_cast<unsigned>(i)));
    return *entrance_.due() - now_;
  };
  EXPECT_EQ(grace_with(0, 1), seconds{12});
  EXPECT_EQ(grace_with(1, 2), seconds{12});
  EXPECT_EQ(grace_with(2, 3), seconds{8});
  EXPECT_EQ(grace_with(3, 6), seconds{4});
  EXPECT_EQ(grace_with(6, 1000), seconds{2}) << "somebody far away must get in";
}

TEST_F(Entrance, ALongLineOfOneSourceShortensNobodysGrace) {
  entrance_ = entrance{{4, 3, seconds{3}, seconds{1}}};
  arrive_and_enter(client);
  for (int i = 0; i < 3; ++i)
    arrive_and_enter(stranger);
  for (int i = 0; i < 100; ++i)
    entrance_.arrive(stranger);
  EXPECT_EQ(entrance_.due(), now_ + seconds{3});
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

/// Thousands of hosts with one connection each: they say nothing, and connect again as soon as they are closed.
class EntranceUnderSiege : public ::testing::Test {
protected:
  static constexpr std::size_t places = 256;
  static constexpr unsigned hosts = 3800;

  EntranceUnderSiege() {
    for (unsigned i = 0; i < hosts; ++i)
      silent_[door_.arrive(host(i))] = i;
    let_in();
  }

  /// The even ones.
  static entrance::address host(unsigned number) {
    return boost::asio::ip::address_v4(0x0A000000U + 2 * number);
  }

  void let_in() {
    while (const auto step = door_.next(now_)) {
      door_.began(step->enters, now_);
      entered_[step->enters] = now_;
      if (!step->leaves)
        continue;
      left_[*step->leaves] = now_;
      if (const auto gone = silent_.extract(*step->leaves))
        silent_[door_.arrive(host(gone.mapped()))] = gone.mapped();
    }
  }

  /// Until `who` is in the table.
  void pass_until(const std::map<ticket, entrance::clock::time_point>& table, ticket who) {
    const auto end = now_ + std::chrono::minutes{5};
    while (!table.contains(who) && now_ < end) {
      const auto due = door_.due();
      ASSERT_TRUE(due);
      ASSERT_GE(*due, now_);
      now_ = *due;
      let_in();
    }
    ASSERT_TRUE(table.contains(who));
  }

  // As control_limits has them.
  entrance door_{{places, 64, seconds{10}, seconds{1}}};
  entrance::clock::time_point now_{seconds{1000}};
  std::map<ticket, unsigned> silent_;
  std::map<ticket, entrance::clock::time_point> entered_;
  std::map<ticket, entrance::clock::time_point> left_;
};

TEST_F(EntranceUnderSiege, AClientGetsItsTurnLongBeforeItGivesUp) {
  for (const auto* address : {"9.0.0.1", "10.0.7.7", "192.0.2.2", "2001:db8::1"}) {
    const auto came = now_;
    const auto who = door_.arrive(boost::asio::ip::make_address(address));
    pass_until(entered_, who);
    EXPECT_LE(entered_[who] - came, seconds{16}) << address;
  }
}

TEST_F(EntranceUnderSiege, AClientFarAwayHasTimeForItsHandshakeAndRequest) {
  constexpr auto round_trip = std::chrono::milliseconds{300};
  const auto who = door_.arrive(client);
  pass_until(entered_, who);
  pass_until(left_, who);
  EXPECT_GE(left_[who] - entered_[who], 3 * round_trip);
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
