#include "actors/fleet/link_greeting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::actors::fleet {
namespace link_greeting_test {
namespace {

using protocol::failure_code;
using ::testing::HasSubstr;

TEST(LinkGreeting, LetsACoordinatorIn) {
  EXPECT_FALSE(refusal_in(greeting()));
}

TEST(LinkGreeting, SaysHowManyLinksAreInUseAndWhatToDo) {
  const auto why = refusal_in(greeting_when_full(64));
  EXPECT_EQ(why.code, failure_code::server_busy);
  EXPECT_THAT(why.text, HasSubstr("all of its 64 links are in use"));
  EXPECT_THAT(why.text, HasSubstr("Wait until one of these has ended"));
}

TEST(LinkGreeting, IsALineThatIsNotTooLong) {
  for (const auto& line : {greeting(), greeting_when_full(999'999'999)}) {
    EXPECT_LE(line.size(), longest_greeting);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
}

TEST(LinkGreeting, TakesNothingElseForAnAgent) {
  for (const auto* line :
       {"", "fleetcast-agent 2\n", "fleetcast-agent 1", "fleetcast-agent full \n",
        "fleetcast-agent full 6x\n", "fleetcast-agent full 64", "fleetcast-agent full 6\n4\n",
        "fleetcast-agent full 1234567890\n", "HTTP/1.1 400 Bad Request\r\n"})
    EXPECT_EQ(refusal_in(line).code, failure_code::handshake_failed) << line;
}

} // namespace
} // namespace link_greeting_test
} // namespace fleetcast::actors::fleet
