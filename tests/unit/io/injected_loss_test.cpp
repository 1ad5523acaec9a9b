#include "actors/io/injected_loss.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

namespace fleetcast::actors::io {
namespace injected_loss_test {
namespace {

using datagrams = std::vector<std::span<const std::byte>>;

constexpr std::array<std::byte, 1000> memory{};

/// As many datagrams as bytes: each knows its place.
datagrams a_thousand() {
  datagrams result;
  for (const auto& byte : memory)
    result.emplace_back(&byte, 1);
  return result;
}

TEST(InjectedLoss, TakesItsShareAndKeepsTheOrder) {
  injected_loss loss{20, 4711};
  auto left = a_thousand();
  const auto lost = loss.thin(left);
  EXPECT_EQ(lost + left.size(), memory.size());
  EXPECT_GT(lost, 150U);
  EXPECT_LT(lost, 250U);
  for (std::size_t i = 1; i < left.size(); ++i)
    ASSERT_LT(left[i - 1].data(), left[i].data());
}

TEST(InjectedLoss, LosesNothingByDefault) {
  injected_loss loss{0, 1};
  auto left = a_thousand();
  EXPECT_EQ(loss.thin(left), 0U);
  EXPECT_EQ(left.size(), memory.size());
}

TEST(InjectedLoss, UnderstandsNumbersAndNothingElse) {
  EXPECT_EQ(injected_loss::parse("0"), 0.0);
  EXPECT_EQ(injected_loss::parse("1.5"), 1.5);
  EXPECT_EQ(injected_loss::parse("90"), 90.0);
  for (const char* wrong : {"", "-1", "90.1", "100", "nan", "inf", "1%", "1 ", " 1", "x", "1e1"})
    EXPECT_FALSE(injected_loss::parse(wrong)) << wrong;
}

TEST(InjectedLoss, ComesFromTheEnvironment) {
  const auto lost_with = [](const char* value) {
    ::setenv(injected_loss::variable, value, 1);
    auto loss = injected_loss::from_environment();
    ::unsetenv(injected_loss::variable);
    auto left = a_thousand();
    return loss.thin(left);
  };
  EXPECT_GT(lost_with("50"), 300U);
  EXPECT_EQ(lost_with("half"), 0U);
  EXPECT_EQ(lost_with(""), 0U);
}

} // namespace
} // namespace injected_loss_test
} // namespace fleetcast::actors::io
