#include "actors/observe/rare_line.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
namespace rare_line_test {
namespace {

using std::chrono::seconds;

TEST(RareLine, IsSaidOnceInAWhileWithHowOftenItWasLeftOut) {
  rare_line line{seconds{60}};
  const rare_line::clock::time_point start{};
  EXPECT_EQ(line.due(start), 0U);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(line.due(start + seconds{59}), std::nullopt);
  EXPECT_EQ(line.due(start + seconds{60}), 5U);
  EXPECT_EQ(line.due(start + seconds{61}), std::nullopt);
  EXPECT_EQ(line.due(start + seconds{1000}), 1U);
}

} // namespace
} // namespace rare_line_test
} // namespace fleetcast::actors
