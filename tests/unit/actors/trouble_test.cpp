#include "actors/receive/trouble.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleetcast::actors {
namespace trouble_test {
namespace {

using boost::asio::ip::make_address;
using protocol::reception_health;
using protocol::seconds;
using protocol::wire::feedback_state;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

data_path some_path(const std::string& group = "239.255.7.1",
                    const std::string& sender = "10.92.0.7") {
  return {{3, "eth2"},
          make_address("10.92.0.2"),
          {make_address(group), 5041},
          {make_address("10.92.0.1"), 35999},
          io::udp_endpoint{make_address("10.92.0.2"), 40312},
          make_address(sender)};
}

reception_health deaf(std::uint32_t joins, bool has_heard = true) {
  reception_health result;
  result.is_deaf = true;
  result.has_heard = has_heard;
  result.silence = seconds(2);
  result.joins = joins;
  return result;
}

reception_health stalled() {
  reception_health result;
  result.has_heard = true;
  result.stalled = {seconds(20), 4000, 310, 14};
  return result;
}

class Trouble : public ::testing::Test {
protected:
  Trouble() { words.set_path(some_path()); }

  std::vector<std::string> note(const reception_health& health) {
    receive_summary summary;
    summary.total_blocks = 300;
    summary.completed_blocks = 288;
    return words.note(health, summary);
  }

  std::string explained(failure_code code) const {
    return words.explain({code, 0, "it ended"}).text;
  }

  trouble words;
};

TEST_F(Trouble, WhoIsDeafReadsWhereItListensAndWhereTheServerIs) {
  EXPECT_THAT(note(deaf(1)),
              ElementsAre(AllOf(HasSubstr("for 2 s"),
                                HasSubstr("listening for 239.255.7.1:5041 on eth2 (10.92.0.2)"),
                                HasSubstr("the server sends from 10.92.0.7"), HasSubstr("IGMP"),
                                HasSubstr("firewall"), Not(HasSubstr("yet")))));
}

TEST_F(Trouble, WhoNeverHeardAnythingReadsSo) {
  EXPECT_THAT(note(deaf(1, false)), ElementsAre(HasSubstr("nothing has arrived yet")));
}

TEST_F(Trouble, InIpv6TheReportsAreOfMld) {
  words.set_path(some_path("ff15::7"));
  EXPECT_THAT(note(deaf(1)), ElementsAre(AllOf(HasSubstr("[ff15::7]:5041"), HasSubstr("MLD"))));
}

TEST_F(Trouble, WhoIsDeafReadsHowFarTheServersDatagramsGo) {
  auto path = some_path();
  path.ttl = 3;
  words.set_path(path);
  EXPECT_THAT(note(deaf(1)), ElementsAre(HasSubstr("sends from 10.92.0.7 with TTL 3. Check")));
}

TEST_F(Trouble, InIpv6TheTtlIsCalledHopLimit) {
  auto path = some_path("ff15::7", "fd92::7");
  path.ttl = 1;
  words.set_path(path);
  EXPECT_THAT(note(deaf(1)), ElementsAre(HasSubstr("sends from fd92::7 with hop limit 1. Check")));
}

TEST_F(Trouble, ATtlThatTheServerDidNotTellIsNotMentioned) {
  EXPECT_THAT(note(deaf(1)), ElementsAre(HasSubstr("sends from 10.92.0.7. Check")));
}

TEST_F(Trouble, EachSpellOfDeafnessIsToldOnceAndItsEnd) {
  note(deaf(1));
  EXPECT_THAT(note(deaf(2)), IsEmpty());
  EXPECT_THAT(note({}), ElementsAre(HasSubstr("arrive again")));
  EXPECT_THAT(note({}), IsEmpty());
  EXPECT_THAT(note(deaf(3)), ElementsAre(HasSubstr("listening for")));
}

TEST_F(Trouble, AStallIsToldWithItsNumbersAndItsEnd) {
  EXPECT_THAT(note(stalled()),
              ElementsAre(AllOf(HasSubstr("20 s"), HasSubstr("12 blocks (of 300)"),
                                HasSubstr("4000 datagrams"), HasSubstr("310 of them arrived"),
                                HasSubstr("14 requests"))));
  EXPECT_THAT(note(stalled()), IsEmpty());
  EXPECT_THAT(note({}), ElementsAre(HasSubstr("comes again")));
}

TEST_F(Trouble, FeedbackThatIsNotHeardNamesBothEndsAndTheOption) {
  EXPECT_THAT(words.note(feedback_state{2500, 0}),
              ElementsAre(AllOf(HasSubstr("2.5 s"), HasSubstr("UDP from 10.92.0.2:40312"),
                                HasSubstr("to 10.92.0.1:35999"), HasSubstr("firewall"),
                                HasSubstr("--feedback-port"))));
  EXPECT_THAT(words.note(feedback_state{5000, 0}), IsEmpty());
  EXPECT_THAT(words.note(feedback_state{0, 0}),
              ElementsAre(HasSubstr("hears this host's feedback again")));
  EXPECT_THAT(words.note(feedback_state{0, 0}), IsEmpty());
}

TEST_F(Trouble, FeedbackThatWasHeardBeforeMayAlsoHaveStoppedHere) {
  EXPECT_THAT(words.note(feedback_state{2500, 0}), ElementsAre(Not(HasSubstr("stopped"))));
  (void)words.note(feedback_state{0, 17});
  EXPECT_THAT(words.note(feedback_state{5000, 0}),
              ElementsAre(AllOf(HasSubstr("this process was stopped"),
                                HasSubstr("UDP from 10.92.0.2:40312 to 10.92.0.1:35999"))));
}

TEST_F(Trouble, SilenceIsExplainedByWhereItListened) {
  (void)note(deaf(1));
  EXPECT_THAT(explained(failure_code::sender_silent),
              AllOf(HasSubstr("it ended: listening for 239.255.7.1:5041 on eth2"),
                    HasSubstr("10.92.0.7"), HasSubstr("snooping")));
}

TEST_F(Trouble, ASizeThatDoesNotPassIsExplainedByTheWayOnly) {
  EXPECT_THAT(explained(failure_code::network_fault),
              AllOf(HasSubstr("listening for"), Not(HasSubstr("snooping"))));
}

TEST_F(Trouble, WhateverEndsItWhileItIsUnheardNamesThePorts) {
  (void)words.note(feedback_state{2500, 0});
  EXPECT_THAT(explained(failure_code::kicked_fallback),
              AllOf(HasSubstr("it ended; "), HasSubstr("10.92.0.1:35999")));
  (void)words.note(feedback_state{0, 0});
  EXPECT_EQ(explained(failure_code::kicked_fallback), "it ended");
}

TEST_F(Trouble, NeitherAUserNorALostConnectionIsExplainedByDeafness) {
  (void)note(deaf(1));
  EXPECT_EQ(explained(failure_code::cancelled), "it ended");
  EXPECT_EQ(explained(failure_code::connection_lost), "it ended");
}

TEST_F(Trouble, WhatIsOverExplainsNothing) {
  (void)note(deaf(1));
  (void)note({});
  EXPECT_EQ(explained(failure_code::kicked_fallback), "it ended");
}

} // namespace
} // namespace trouble_test
} // namespace fleetcast::actors
