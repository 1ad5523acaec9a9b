#include "apps/common/owned_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fleetcast::apps {
namespace owned_name_test {
namespace {

TEST(OwnedName, IsHandedOverByAMove) {
  for (const auto& text : {std::string{"short"}, std::string(1000, 'n')}) {
    owned_name name{text};
    const owned_name next{std::move(name)};
    EXPECT_EQ(next.get(), text);
    EXPECT_TRUE(name.empty()); // NOLINT(bugprone-use-after-move): that is what it is for
  }
}

TEST(OwnedName, IsEmptyOnceItIsDoneWith) {
  owned_name name{"hidden"};
  EXPECT_FALSE(name.empty());
  name.clear();
  EXPECT_TRUE(name.empty());
  EXPECT_EQ(name.get(), "");
}

} // namespace
} // namespace owned_name_test
} // namespace fleetcast::apps
