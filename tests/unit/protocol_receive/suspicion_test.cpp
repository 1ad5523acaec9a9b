#include "protocol/receive/suspicion.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace suspicion_test {
namespace {

TEST(Suspicion, LastsForAWhileAndLongerEachTime) {
  suspicion s;
  EXPECT_FALSE(s.is_active(seconds(1)));
  s.raise(seconds(1));
  EXPECT_TRUE(s.is_active(seconds(1)));
  EXPECT_TRUE(s.is_active(seconds(1) + defaults::min_suspicion - duration{1}));
  EXPECT_FALSE(s.is_active(seconds(1) + defaults::min_suspicion));
  s.raise(seconds(100));
  EXPECT_TRUE(s.is_active(seconds(100) + 2 * defaults::min_suspicion - duration{1}));
  for (int i = 0; i < 20; ++i)
    s.raise(seconds(1000 * (i + 1)));
  EXPECT_FALSE(s.is_active(seconds(20'000) + defaults::max_suspicion));
  EXPECT_TRUE(s.is_active(seconds(20'000) + defaults::max_suspicion - duration{1}));
}

TEST(Suspicion, WhatComesMeanwhileIsCountedAndProlongsNothing) {
  suspicion s;
  s.raise(seconds(1));
  s.raise(seconds(2));
  EXPECT_EQ(s.raised(), 2U);
  EXPECT_FALSE(s.is_active(seconds(1) + defaults::min_suspicion));
}

} // namespace
} // namespace suspicion_test
} // namespace fleetcast::protocol
