#include "actors/serve/feedback_watch.hpp"
#include "protocol/defaults.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace fleetcast::actors::testing {
namespace feedback_watch_test {
namespace {

using protocol::milliseconds;
using protocol::seconds;
namespace defaults = protocol::defaults;

class FeedbackWatch : public ::testing::Test {
protected:
  using changes = std::vector<feedback_watch::change>;

  /// The sender keeps having turns, as it does in a session.
  changes look_after(protocol::duration time) {
    changes result;
    for (const auto end = now + time; now < end;) {
      now += milliseconds(50);
      sender.take_silent(now);
      for (const auto& c : watch.look(now, sender))
        result.push_back(c);
    }
    return result;
  }

  void hear() {
    protocol::wire::feedback m;
    m.echo_sent_at = static_cast<std::uint64_t>(now.count());
    sender.on_feedback(now, 1, m);
  }

  protocol::fixture::identity server;
  protocol::wire::manifest_signer signer = server.signer();
  protocol::sender sender{{.layout = *protocol::geometry::make(100'000, 512, 16)},
                          std::make_unique<protocol::fixed_rate>(1'000'000),
                          signer};
  protocol::timestamp now = protocol::fixture::start;
  feedback_watch watch;
};

TEST_F(FeedbackWatch, TellsOnceThatOneIsNotHeardAndOnceThatItIs) {
  sender.add_receiver(now, 1, 64);
  EXPECT_TRUE(look_after(defaults::unheard_after).empty());
  const auto unheard = look_after(seconds(1));
  ASSERT_EQ(unheard.size(), 1U);
  EXPECT_EQ(unheard[0].who, 1U);
  EXPECT_FALSE(unheard[0].ever);
  EXPECT_EQ(unheard[0].unheard, defaults::unheard_after + milliseconds(50));
  EXPECT_TRUE(look_after(seconds(10)).empty());
  hear();
  const auto heard = look_after(milliseconds(100));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].unheard, protocol::duration{});
  EXPECT_FALSE(heard[0].ever);
}

/// It may complete before the next look.
TEST_F(FeedbackWatch, KnowsAtOnceWhoIsHeardAgain) {
  sender.add_receiver(now, 1, 64);
  EXPECT_FALSE(watch.heard(1)) << "it was not missed";
  EXPECT_EQ(look_after(seconds(5)).size(), 1U);
  const auto heard = watch.heard(1);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->who, 1U);
  EXPECT_EQ(heard->unheard, protocol::duration{});
  EXPECT_FALSE(watch.heard(1)) << "said once";
}

TEST_F(FeedbackWatch, SaysNothingOfWhoIsHeard) {
  sender.add_receiver(now, 1, 64);
  for (int i = 0; i < 50; ++i) {
    hear();
    EXPECT_TRUE(look_after(seconds(1)).empty());
  }
}

TEST_F(FeedbackWatch, GivesOneThatWasHeardBeforeMoreTime) {
  sender.add_receiver(now, 1, 64);
  hear();
  EXPECT_TRUE(look_after(seconds(4)).empty());
  const auto unheard = look_after(seconds(2));
  ASSERT_EQ(unheard.size(), 1U);
  EXPECT_TRUE(unheard[0].ever);
  hear();
  const auto heard = look_after(milliseconds(100));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_TRUE(heard[0].ever);
}

TEST_F(FeedbackWatch, ForgetsWhoLeft) {
  sender.add_receiver(now, 1, 64);
  EXPECT_EQ(look_after(seconds(5)).size(), 1U);
  sender.remove_receiver(now, 1);
  EXPECT_TRUE(look_after(seconds(1)).empty());
  sender.add_receiver(now, 1, 64);
  EXPECT_EQ(look_after(seconds(5)).size(), 1U);
}

} // namespace
} // namespace feedback_watch_test
} // namespace fleetcast::actors::testing
