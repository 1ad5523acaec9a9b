#include "protocol/receive/block_assembler.hpp"
#include "protocol/require.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace fleetcast::protocol {
namespace block_assembler_test {
namespace {

using fixture::bytes;
using fixture::sample_object;
using ids = std::vector<symbol_id>;

block_buffer memory_for(const geometry& layout) {
  return {new std::byte[layout.block_size()], std::default_delete<std::byte[]>{}};
}

/// One block of an object and its assembler.
class assembly {
public:
  explicit assembly(sample_object& object, block_number block = 0)
    : object_(object),
      block_(block),
      assembler_(memory_for(object.layout()), object.layout().source_symbols_of(block),
                 object.layout().symbol_size()) {}

  /// As a datagram does it. False when the symbol is held already.
  bool receive(symbol_id id) {
    const auto place = assembler_.place(id);
    if (place.empty())
      return false;
    const auto symbol = object_.symbol(block_, id);
    std::copy(symbol.begin(), symbol.end(), place.begin());
    assembler_.commit(id, symbol.size());
    EXPECT_TRUE(assembler_.validate());
    return true;
  }

  /// A forgery: writes noise where the symbol would go and does not commit.
  void receive_forged(symbol_id id) {
    const auto place = assembler_.place(id);
    std::fill(place.begin(), place.end(), std::byte{0xee});
    EXPECT_TRUE(assembler_.validate());
  }

  std::uint16_t restore() { return assembler_.restore(decoder_); }

  bool is_right() const {
    const auto own = object_.content_of(block_);
    return std::equal(own.begin(), own.end(), assembler_.memory().get());
  }

  block_assembler& operator*() { return assembler_; }
  block_assembler* operator->() { return &assembler_; }

private:
  sample_object& object_;
  block_number block_;
  block_assembler assembler_;
  fec_decoder decoder_{object_.layout().symbol_size()};
};

TEST(BlockAssembler, IsWholeWithAllItsSourceSymbolsInAnyOrder) {
  sample_object object{40, 10, 4};
  assembly a{object};
  for (const auto id : ids{2, 0, 3, 1}) {
    EXPECT_FALSE(a->whole());
    ASSERT_TRUE(a.receive(id));
  }
  EXPECT_TRUE(a->whole());
  EXPECT_EQ(a.restore(), 0);
  EXPECT_TRUE(a.is_right());
}

TEST(BlockAssembler, CountsWhatItHoldsAndNeeds) {
  sample_object object{40, 10, 4};
  assembly a{object};
  EXPECT_EQ(a->need(), 4);
  a.receive(1);
  a.receive(6);
  EXPECT_EQ(a->count(), 2);
  EXPECT_EQ(a->need(), 2);
  EXPECT_TRUE(a->holds(1));
  EXPECT_TRUE(a->holds(6));
  EXPECT_FALSE(a->holds(0));
}

TEST(BlockAssembler, RefusesASymbolThatItHolds) {
  sample_object object{40, 10, 4};
  assembly a{object};
  for (const auto id : ids{1, 7}) {
    EXPECT_TRUE(a.receive(id));
    EXPECT_FALSE(a.receive(id));
  }
  // Also after the repair symbol had to move.
  ASSERT_TRUE(a.receive(0));
  EXPECT_FALSE(a.receive(7));
  EXPECT_EQ(a->count(), 3);
}

TEST(BlockAssembler, AnyKSymbolsInAnyOrderRestoreTheBlock) {
  constexpr symbol_id symbols = 8;
  sample_object object{40, 10, 4};
  for (unsigned first = 0; first < symbols; ++first)
    for (unsigned second = 0; second < symbols; ++second)
      for (unsigned third = 0; third < symbols; ++third)
        for (unsigned fourth = 0; fourth < symbols; ++fourth) {
          const std::array<unsigned, 4> chosen{first, second, third, fourth};
          const std::set<unsigned> distinct{chosen.begin(), chosen.end()};
          if (distinct.size() < chosen.size())
            continue;
          assembly a{object};
          for (const auto id : chosen)
            ASSERT_TRUE(a.receive(static_cast<symbol_id>(id)));
          ASSERT_TRUE(a->whole());
          const auto source
            = std::count_if(chosen.begin(), chosen.end(), [](auto id) { return id < 4; });
          ASSERT_EQ(a.restore(), 4 - source);
          ASSERT_TRUE(a.is_right()) << first << second << third << fourth;
        }
}

TEST(BlockAssembler, RandomSymbolsOfALargeBlockRestoreIt) {
  sample_object object{128 * 64, 64, 128};
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    ids all(defaults::max_encoding_symbols);
    std::iota(all.begin(), all.end(), symbol_id{0});
    std::shuffle(all.begin(), all.end(), random);
    assembly a{object};
    for (std::size_t i = 0; !a->whole(); ++i)
      ASSERT_TRUE(a.receive(all[i]));
    a.restore();
    EXPECT_TRUE(a.is_right());
  }
}

TEST(BlockAssembler, AForgeryBetweenTwoSymbolsHarmsNothing) {
  constexpr symbol_id symbols = 8;
  sample_object object{40, 10, 4};
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    ids all(symbols);
    std::iota(all.begin(), all.end(), symbol_id{0});
    std::shuffle(all.begin(), all.end(), random);
    assembly a{object};
    for (std::size_t i = 0; i < 4; ++i) {
      for (int forgeries = 0; forgeries < 3; ++forgeries)
        a.receive_forged(static_cast<symbol_id>(random() % symbols));
      ASSERT_TRUE(a.receive(all[i]));
    }
    a.restore();
    ASSERT_TRUE(a.is_right());
  }
}

TEST(BlockAssembler, TheShortLastSymbolCountsAsPaddedWithZeros) {
  sample_object object{33, 10, 4};
  assembly with_source{object};
  std::fill_n(with_source->memory().get(), object.layout().block_size(), std::byte{0xff});
  for (const auto id : ids{0, 3, 5, 4})
    ASSERT_TRUE(with_source.receive(id));
  with_source.restore();
  EXPECT_TRUE(with_source.is_right());
  assembly without_it{object};
  for (const auto id : ids{4, 5, 6, 7})
    ASSERT_TRUE(without_it.receive(id));
  EXPECT_EQ(without_it.restore(), 4);
  EXPECT_TRUE(without_it.is_right());
}

TEST(BlockAssembler, ABlockOfOneSymbolIsRestoredFromAnyOfThem) {
  sample_object object{5, 8, 1};
  for (const auto id : ids{0, 1, 2, 254}) {
    assembly a{object};
    ASSERT_TRUE(a.receive(id));
    ASSERT_TRUE(a->whole());
    EXPECT_EQ(a.restore(), id == 0 ? 0 : 1);
    EXPECT_TRUE(a.is_right()) << "symbol " << id;
  }
}

TEST(BlockAssembler, TheLargestBlockWorksWithItsOnlyRepairSymbol) {
  sample_object object{254 * 3, 3, 254};
  assembly a{object};
  ASSERT_TRUE(a.receive(254));
  for (symbol_id id = 1; id < 254; ++id)
    ASSERT_TRUE(a.receive(id));
  EXPECT_EQ(a.restore(), 1);
  EXPECT_TRUE(a.is_right());
}

TEST(BlockAssembler, StartsAnewAfterReset) {
  sample_object object{40, 10, 4};
  assembly a{object};
  for (const auto id : ids{4, 5, 6, 7})
    ASSERT_TRUE(a.receive(id));
  a->reset();
  EXPECT_EQ(a->count(), 0);
  EXPECT_FALSE(a->holds(4));
  EXPECT_TRUE(a->validate());
  for (const auto id : ids{4, 0, 1, 2})
    ASSERT_TRUE(a.receive(id));
  a.restore();
  EXPECT_TRUE(a.is_right());
}

TEST(BlockAssembler, RefusesABlockOfNothingAndToRestoreWhatIsNotWhole) {
  sample_object object{40, 10, 4};
  EXPECT_THROW((block_assembler{nullptr, 4, 10}), broken_promise);
  EXPECT_THROW((block_assembler{memory_for(object.layout()), 0, 10}), broken_promise);
  EXPECT_THROW((block_assembler{memory_for(object.layout()), 256, 10}), broken_promise);
  assembly a{object};
  a.receive(0);
  try {
    a.restore();
    ADD_FAILURE() << "it did";
  } catch (const broken_promise& broken) {
    EXPECT_THAT(broken.what(), ::testing::HasSubstr("whole()"));
  }
}

} // namespace
} // namespace block_assembler_test
} // namespace fleetcast::protocol
