#include "actors/trust/renewal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::actors::fleet {
namespace renewal_test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr sys_seconds expires{sys_days{std::chrono::year{2027} / 1 / 31}};

std::string due(seconds before, link_role role = link_role::agent) {
  return renewal_due(expires, expires - before, role);
}

TEST(Renewal, IsDueThirtyDaysBefore) {
  EXPECT_THAT(due(days{30} + seconds{1}), IsEmpty());
  EXPECT_THAT(due(days{30}), HasSubstr("this agent's certificate expires in 30 days: "));
  EXPECT_THAT(due(hours{47}), HasSubstr("expires in 1 day: "));
  EXPECT_THAT(due(hours{23}), HasSubstr("expires in less than a day: "));
}

TEST(Renewal, IsDueMostOfAllWhenItIsTooLate) {
  EXPECT_THAT(due(seconds{0}), HasSubstr("has expired"));
  EXPECT_THAT(due(-days{400}), HasSubstr("has expired"));
}

TEST(Renewal, SaysWhoseAndHow) {
  EXPECT_THAT(due(days{1}), HasSubstr("fleet cert host NAME --renew"));
  EXPECT_THAT(due(days{1}), HasSubstr("systemctl reload fleetcast-agent"));
  const auto coordinator = due(days{1}, link_role::coordinator);
  EXPECT_THAT(coordinator, HasSubstr("this coordinator's certificate"));
  EXPECT_THAT(coordinator, HasSubstr("fleet cert init --renew"));
}

TEST(RenewalReminder, SaysItOnceADayHoweverOftenItIsAsked) {
  renewal_reminder reminder{expires, link_role::agent};
  std::size_t said = 0;
  for (auto now = expires - days{40}; now < expires + days{5}; now += seconds{600})
    said += reminder.look(now).empty() ? 0 : 1;
  EXPECT_EQ(said, 35U) << "30 days before, and 5 after";
}

TEST(RenewalReminder, SaysItAtOnceWhenAProcessStartsLate) {
  renewal_reminder reminder{expires, link_role::agent};
  EXPECT_THAT(reminder.look(expires - days{3}), HasSubstr("in 3 days"));
  EXPECT_THAT(reminder.look(expires - days{3} + hours{23}), IsEmpty());
  EXPECT_THAT(reminder.look(expires - days{2}), HasSubstr("in 2 days"));
}

TEST(RenewalReminder, IsNotSilencedByAClockThatIsSetBack) {
  renewal_reminder reminder{expires, link_role::agent};
  EXPECT_THAT(reminder.look(expires), HasSubstr("has expired"));
  EXPECT_THAT(reminder.look(expires - days{20}), HasSubstr("in 20 days"));
  EXPECT_THAT(reminder.look(expires - days{20} + hours{1}), IsEmpty());
}

} // namespace
} // namespace renewal_test
} // namespace fleetcast::actors::fleet
