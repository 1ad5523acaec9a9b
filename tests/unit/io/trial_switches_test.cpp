#include "actors/io/trial_switches.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace fleetcast::actors::io {
namespace trial_switches_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string complaint_about(const std::string& name, const std::string& value) {
  return wrong_trial_switch(
    [&](const char* asked) -> const char* { return name == asked ? value.c_str() : nullptr; });
}

TEST(TrialSwitches, AreNotMissed) {
  EXPECT_THAT(complaint_about("FLEETCAST_INTERFACE", "nothing of ours"), IsEmpty());
}

TEST(TrialSwitches, AreUnderstoodOrEmpty) {
  for (const auto* value : {"", "0", "1.5", "90"})
    EXPECT_THAT(complaint_about("FLEETCAST_INJECT_LOSS", value), IsEmpty()) << value;
  for (const auto* value : {"", "none", "gso", "gro", "gso,gro", "gro,gso"})
    EXPECT_THAT(complaint_about("FLEETCAST_OFFLOADS", value), IsEmpty()) << value;
}

TEST(TrialSwitches, AreRefusedByNameValueAndExample) {
  for (const auto* value : {"91", "-1", "half", "1 %"})
    EXPECT_THAT(complaint_about("FLEETCAST_INJECT_LOSS", value),
                AllOf(HasSubstr("FLEETCAST_INJECT_LOSS is '" + std::string{value} + "'"),
                      HasSubstr("from 0 to 90"), HasSubstr("FLEETCAST_INJECT_LOSS=")));
  for (const auto* value : {"foo", "gso gro", "gso,", "none,gso", "GSO", "gso,tso"})
    EXPECT_THAT(complaint_about("FLEETCAST_OFFLOADS", value),
                AllOf(HasSubstr("FLEETCAST_OFFLOADS is '" + std::string{value} + "'"),
                      HasSubstr("FLEETCAST_OFFLOADS=")));
}

} // namespace
} // namespace trial_switches_test
} // namespace fleetcast::actors::io
