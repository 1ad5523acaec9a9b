#include "protocol/receive/assembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace fleetcast::protocol {
namespace assembly_test {
namespace {

constexpr std::uint16_t k = 2;
constexpr std::uint16_t symbol_size = 4;

/// A whole block that was asked for, and fails its digest.
assembly spoilt() {
  block_buffer memory{new std::byte[k * symbol_size], std::default_delete<std::byte[]>{}};
  assembly a{block_assembler{std::move(memory), k, symbol_size}};
  for (symbol_id s = 0; s < k; ++s) {
    const auto to = a.symbols.place(s);
    std::fill(to.begin(), to.end(), std::byte{});
    a.symbols.commit(s, symbol_size);
  }
  a.pass = 3;
  a.asked_at = seconds(100);
  a.requests = 2;
  a.announced = 1;
  a.restored = true;
  a.own = wire::digest{};
  a.mend.emplace(7, k * symbol_size, wire::digest{});
  return a;
}

TEST(Assembly, EmptiedOutBeginsAgainInTheSameMemory) {
  auto a = spoilt();
  const auto* memory = a.symbols.memory().get();
  a.empty_out();
  EXPECT_EQ(a.symbols.count(), 0U);
  EXPECT_FALSE(a.symbols.holds(0));
  EXPECT_EQ(a.symbols.memory().get(), memory);
  EXPECT_FALSE(a.restored);
  EXPECT_FALSE(a.own) << "of bytes that will be others";
  EXPECT_FALSE(a.mend);
  EXPECT_TRUE(a.validate());
}

TEST(Assembly, EmptiedOutMayBeAskedForAtOnce) {
  auto a = spoilt();
  a.empty_out();
  EXPECT_EQ(a.asked_at, -never);
  EXPECT_EQ(a.requests, 0U);
}

TEST(Assembly, EmptiedOutStillKnowsWhereTheSenderWasAndWhatItAnnounced) {
  auto a = spoilt();
  a.empty_out();
  EXPECT_EQ(a.pass, 3U);
  EXPECT_EQ(a.announced, 1U);
}

TEST(Assembly, IsMendedOnlyOnceItIsRestored) {
  auto a = spoilt();
  EXPECT_TRUE(a.validate());
  a.restored = false;
  EXPECT_FALSE(a.validate());
}

} // namespace
} // namespace assembly_test
} // namespace fleetcast::protocol
