#include "actors/serve/banishment.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::actors::testing {
namespace banishment_test {
namespace {

using protocol::failure;
using protocol::failure_code;

constexpr protocol::timestamp start = protocol::seconds(1000);
const failure kicked{failure_code::kicked_abort, 0, "the operator had enough"};

TEST(Banishment, RefusesForItsTermAndSaysForHowLong) {
  banishment b;
  b.add(start, "host", kicked);
  const auto at_once = b.find(start, "host");
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->code, failure_code::kicked_abort);
  EXPECT_NE(at_once->text.find(" 60 s "), std::string::npos) << at_once->text;
  EXPECT_NE(at_once->text.find(kicked.text), std::string::npos) << at_once->text;
  const auto last = b.find(start + banishment::term - protocol::milliseconds(1), "host");
  ASSERT_TRUE(last);
  EXPECT_NE(last->text.find(" 1 s "), std::string::npos) << last->text;
  EXPECT_FALSE(b.find(start + banishment::term, "host"));
}

TEST(Banishment, KnowsNobodyElse) {
  banishment b;
  b.add(start, "host", kicked);
  EXPECT_FALSE(b.find(start, "other"));
}

TEST(Banishment, BeginsAnewWhenSentAwayAgain) {
  banishment b;
  b.add(start, "host", kicked);
  b.add(start + protocol::seconds(50), "host", kicked);
  EXPECT_TRUE(b.find(start + protocol::seconds(100), "host"));
  EXPECT_EQ(b.size(), 1U);
}

TEST(Banishment, ForgetsTheOldestBeyondItsBoundAndThoseWhoseTermIsOver) {
  banishment b;
  for (std::size_t i = 0; i <= banishment::most; ++i)
    b.add(start + protocol::duration{static_cast<std::int64_t>(i)}, std::to_string(i), kicked);
  EXPECT_EQ(b.size(), banishment::most);
  EXPECT_FALSE(b.find(start, "0"));
  EXPECT_TRUE(b.find(start, "1"));
  b.add(start + 2 * banishment::term, "late", kicked);
  EXPECT_EQ(b.size(), 1U);
}

} // namespace
} // namespace banishment_test
} // namespace fleetcast::actors::testing
