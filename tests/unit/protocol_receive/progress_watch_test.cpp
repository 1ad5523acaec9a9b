#include "protocol/receive/progress_watch.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace progress_watch_test {
namespace {

constexpr timestamp start = seconds(100);

/// A second in which the sender sends a hundred datagrams of which ten arrive.
struct second {
  bool moves = true;
  bool asks = true;
};

class listener {
public:
  void pass(int how_many, second each = {}) {
    for (int i = 0; i < how_many; ++i) {
      now += seconds(1);
      for (int packet = 0; packet < 100; packet += 10)
        watch.arrived(next_packet_ + static_cast<std::uint64_t>(packet) + 9);
      next_packet_ += 100;
      if (each.moves)
        watch.sender_moved();
      if (each.asks)
        watch.asked();
    }
  }

  bool stalls() const { return watch.find(now).has_value(); }

  progress_watch watch{start};
  timestamp now = start;

private:
  std::uint64_t next_packet_ = 1;
};

TEST(ProgressWatch, TellsWhatWasSentAndWhatCame) {
  listener l;
  l.pass(5);
  l.watch.got_on(l.now);
  l.pass(19);
  EXPECT_FALSE(l.stalls());
  l.pass(1);
  const auto found = l.watch.find(l.now);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->time, seconds(20));
  EXPECT_EQ(found->sent, 2000U);
  EXPECT_EQ(found->arrived, 200U);
  EXPECT_EQ(found->requests, 20U);
}

TEST(ProgressWatch, EverySymbolThatWasMissingIsProgress) {
  listener l;
  for (int i = 0; i < 10; ++i) {
    l.pass(19);
    EXPECT_FALSE(l.stalls());
    l.watch.got_on(l.now);
  }
  l.pass(20);
  ASSERT_TRUE(l.stalls());
  l.watch.got_on(l.now);
  EXPECT_FALSE(l.stalls());
}

TEST(ProgressWatch, WaitingForWhatIsAnnouncedIsNoStall) {
  listener l;
  l.pass(600, {.asks = false});
  EXPECT_FALSE(l.stalls());
}

TEST(ProgressWatch, APausedSenderIsNoStall) {
  listener l;
  l.pass(600, {.moves = false});
  EXPECT_FALSE(l.stalls());
}

} // namespace
} // namespace progress_watch_test
} // namespace fleetcast::protocol
