#include "protocol/require.hpp"
#include "protocol/self_check.hpp"
#include "protocol/timestamp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fleetcast::protocol {
namespace require_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

enum class colour : unsigned char { red = 7 };

/// What `check` complains of; empty: nothing.
template <class Check>
std::string complaint(Check check) {
  try {
    check();
  } catch (const broken_promise& broken) {
    return broken.what();
  }
  return {};
}

TEST(Require, SaysNothingAboutWhatHolds) {
  EXPECT_EQ(complaint([] { REQUIRE(2 > 1, 2); }), "");
  EXPECT_EQ(complaint([] { ENSURE(2 > 1); }), "");
}

TEST(Require, NamesThePlaceTheConditionAndTheValue) {
  const auto blocks = 3;
  const auto said = complaint([&] { REQUIRE(blocks > 5, blocks); });
  EXPECT_THAT(said, StartsWith("tests/unit/require_test.cpp:"));
  EXPECT_THAT(said, EndsWith(": the caller must see to it that blocks > 5; blocks = 3"));
}

TEST(Require, NamesSeveralValues) {
  const auto a = 3U;
  const auto b = -4;
  EXPECT_THAT(complaint([&] { REQUIRE(false, a, b); }), EndsWith(" false; (a, b) = (3, -4)"));
}

TEST(Require, EnsureBlamesTheCodeItStandsIn) {
  EXPECT_THAT(complaint([] { ENSURE(1 > 2); }),
              EndsWith(": a defect here, since this should hold: 1 > 2"));
}

TEST(Require, PrintsWhatMachinesAreMadeOf) {
  const auto yes = true;
  const duration wait = milliseconds(2);
  const std::string name = "lab";
  const auto hue = colour::red;
  EXPECT_THAT(complaint([&] { REQUIRE(false, yes, wait, name, hue); }),
              HasSubstr("= (true, 2000000 ns, 'lab', 7)"));
}

TEST(Require, LooksAtTheConditionOnceAndAtTheValuesOnlyInTrouble) {
  int looks = 0;
  int tellings = 0;
  const auto holds = [&] { return ++looks > 0; };
  const auto tell = [&] { return ++tellings; };
  REQUIRE(holds(), tell());
  EXPECT_EQ(looks, 1);
  EXPECT_EQ(tellings, 0);
  const auto fails = [&] { return ++looks < 0; };
  EXPECT_NE(complaint([&] { REQUIRE(fails(), tell()); }), "");
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(tellings, 1);
}

TEST(Require, StandsAloneInAnIf) {
  auto was_else = false;
  if (2 < 1)
    REQUIRE(false);
  else
    was_else = true;
  EXPECT_TRUE(was_else);
}

// -- self_check -----------------------------------------------------------------------------------

TEST(SelfCheck, LooksAfterEachOfTheFirstStepsAndThenNowAndThen) {
  self_check check;
  for (std::uint32_t i = 0; i < self_check::first_steps; ++i)
    EXPECT_TRUE(check.is_due());
  std::uint32_t looks = 0;
  for (std::uint32_t i = 0; i < 10 * self_check::interval; ++i)
    looks += check.is_due() ? 1 : 0;
  EXPECT_EQ(looks, 10U);
}

TEST(SelfCheck, ComplainsOfAMachineThatContradictsItselfInBuildsWithAssertions) {
  struct machine {
    bool is_sound = true;
    bool validate() const { return is_sound; }
  };
  self_check check;
  EXPECT_EQ(complaint([&] { check(machine{}); }), "");
  const auto said = complaint([&] { check(machine{false}); });
#ifdef NDEBUG
  EXPECT_EQ(said, "");
#else
  EXPECT_THAT(said, HasSubstr("machine.validate()"));
#endif
}

} // namespace
} // namespace require_test
} // namespace fleetcast::protocol
