/// What the actor's tests (fleet/coordinator_test.cpp) do not reach: contacts, and answers that come on another one.
#include "protocol/fleet/campaign.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fleetcast::protocol::fleet {
namespace campaign_test {
namespace {

using verb = campaign::verb;

class Campaign : public ::testing::Test {
protected:
  Campaign() {
    plan_.request.job = "job-1";
    plan_.request.server = "server";
    plan_.request.object = "disk.img";
    plan_.hosts = {{"a", 1}};
  }

  std::vector<verb> orders(campaign& one) {
    std::vector<verb> result;
    while (const auto order = one.next_order())
      result.push_back(order->what);
    return result;
  }

  static job_report report(job_phase phase) {
    job_report result;
    result.job = "job-1";
    result.phase = static_cast<std::uint8_t>(phase);
    return result;
  }

  campaign_plan plan_;
  timestamp now_ = seconds(100);
};

TEST_F(Campaign, DialsAndThenStarts) {
  campaign one{plan_, now_};
  one.on_tick(now_);
  EXPECT_EQ(orders(one), std::vector<verb>{verb::dial});
  EXPECT_TRUE(one.on_up(0, now_));
  EXPECT_EQ(orders(one), std::vector<verb>{verb::start});
  EXPECT_TRUE(one.validate());
}

TEST_F(Campaign, TakesNoAnswerOfAContactThatIsGone) {
  campaign one{plan_, now_};
  const auto before = *one.on_up(0, now_);
  one.on_down(before, now_);
  const auto after = *one.on_up(0, now_ + seconds(1));
  orders(one);
  one.on_answer(before, report(job_phase::done), now_ + seconds(1));
  EXPECT_FALSE(one.is_finished());
  one.on_answer(after, report(job_phase::done), now_ + seconds(1));
  EXPECT_TRUE(one.is_finished());
  EXPECT_TRUE(one.view(now_).hosts[0].succeeded);
}

TEST_F(Campaign, BelievesNoReportBeforeItsRequestWasTaken) {
  campaign one{plan_, now_};
  const auto contact = *one.on_up(0, now_);
  one.on_report(contact, report(job_phase::done), now_);
  EXPECT_FALSE(one.is_finished());
}

// Another coordinator's job under the same id is done, ours never began.
TEST_F(Campaign, DoesNotTakeAnothersJobForItsOwnWhenItIsWithdrawn) {
  plan_.timeout = seconds(10);
  campaign one{plan_, now_};
  const auto contact = *one.on_up(0, now_);
  one.on_tick(now_ + seconds(10));
  one.on_no_answer(contact); // to the start
  one.on_tick(now_ + seconds(10));
  EXPECT_EQ(orders(one).back(), verb::cancel);
  one.on_answer(contact, report(job_phase::done), now_ + seconds(10));
  EXPECT_TRUE(one.is_finished());
  EXPECT_FALSE(one.view(now_).hosts[0].succeeded);
}

TEST_F(Campaign, SaysWhetherAHostWasInContactWhenItFinished) {
  plan_.hosts = {{"a", 1}, {"b", 1}};
  plan_.patience = seconds(1);
  campaign one{plan_, now_};
  const auto contact = *one.on_up(0, now_);
  one.on_answer(contact, report(job_phase::done), now_);
  one.on_unreachable(1, {failure_code::connection_refused, 0, "refused"}, now_);
  one.on_tick(now_ + seconds(60));
  const auto view = one.view(now_ + seconds(60));
  EXPECT_TRUE(view.hosts[0].in_contact);
  EXPECT_TRUE(view.hosts[1].finished);
  EXPECT_FALSE(view.hosts[1].in_contact);
}

TEST_F(Campaign, ShowsTheAgentsOfOneHostByTheirPorts) {
  plan_.hosts = {{"a", 1}, {"a", 2}};
  const auto view = campaign{plan_, now_}.view(now_);
  EXPECT_EQ(view.hosts[0].port, 1);
  EXPECT_EQ(view.hosts[1].port, 2);
}

TEST_F(Campaign, IgnoresHostsThatItDoesNotHave) {
  campaign one{plan_, now_};
  EXPECT_FALSE(one.on_up(7, now_));
  one.on_unreachable(7, {failure_code::internal, 0, "?"}, now_);
  one.on_down({7, 1}, now_);
  one.on_answer({7, 1}, report(job_phase::done), now_);
  EXPECT_FALSE(one.is_finished());
}

} // namespace
} // namespace campaign_test
} // namespace fleetcast::protocol::fleet
