#include "protocol/defaults.hpp"
#include "protocol/receive/block_ledger.hpp"
#include "protocol/require.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>

namespace fleetcast::protocol {
namespace block_ledger_test {
namespace {

using verdict = held_blocks::verdict;

constexpr block_number blocks = 12;
constexpr std::uint16_t k = 2;
constexpr std::uint16_t symbol_size = 4;

geometry layout_of(block_number count) {
  return geometry::make(std::uint64_t{count} * k * symbol_size, symbol_size, k).value();
}

wire::digest digest_of(unsigned char what) {
  wire::digest result{};
  result.fill(std::byte{what});
  return result;
}

/// A ledger, and the symbols that move its blocks.
struct book : block_ledger {
  explicit book(bool keeps_digests = true, block_number count = blocks)
    : block_ledger(layout_of(count), count, keeps_digests) {}

  assemblies::iterator begin(block_number block) {
    return block_ledger::begin(
      block, {new std::byte[k * symbol_size], std::default_delete<std::byte[]>{}});
  }

  using block_ledger::complete;

  void complete(block_number block) {
    auto i = begun().find(block);
    if (i == begun().end())
      i = begin(block);
    for (symbol_id s = 0; s < k; ++s)
      if (const auto to = i->second.symbols.place(s); !to.empty()) {
        std::fill(to.begin(), to.end(), std::byte{});
        i->second.symbols.commit(s, symbol_size);
      }
    complete(i);
  }

  void complete(block_number block, const wire::digest& digest) {
    announce(block, digest);
    complete(block);
  }
};

/// Each place that the block is in: one, if all is well.
std::string standing(const block_ledger& l, block_number block) {
  std::string result;
  const auto add = [&](bool is_there, const char* place) {
    if (is_there)
      result += (result.empty() ? "" : " and ") + std::string{place};
  };
  add(l.untouched().contains(block), "untouched");
  add(l.begun().contains(block), "begun");
  add(l.held().contains(block), "held");
  add(l.is_completed(block), "completed");
  return result;
}

// -- where blocks stand ---------------------------------------------------------------------------

TEST(BlockLedger, ABlockThatComesIsUntouchedThenBegunThenCompleted) {
  book l;
  EXPECT_EQ(standing(l, 3), "untouched");
  const auto i = l.begin(3);
  EXPECT_EQ(i->first, 3U);
  EXPECT_EQ(standing(l, 3), "begun");
  EXPECT_EQ(l.completed_count(), 0U);
  l.complete(3);
  EXPECT_EQ(standing(l, 3), "completed");
  EXPECT_EQ(l.completed_count(), 1U);
  EXPECT_EQ(l.untouched().size(), blocks - 1);
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, AnAbandonedBlockIsUntouchedAgain) {
  book l;
  l.begin(3);
  l.abandon(l.begin(4));
  EXPECT_EQ(standing(l, 4), "untouched");
  EXPECT_EQ(standing(l, 3), "begun");
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, ABlockHeldIsCompletedIfProvenAndUntouchedIfRefutedOrNotThere) {
  book l;
  l.hold({3, 3});
  for (const block_number b : {3U, 4U, 5U})
    EXPECT_EQ(standing(l, b), "held");
  EXPECT_EQ(l.on_told(3, digest_of(1)), verdict::open);
  EXPECT_EQ(l.on_told(4, digest_of(1)), verdict::open);
  EXPECT_EQ(standing(l, 3), "held");
  EXPECT_EQ(l.on_read(3, digest_of(1)), verdict::proven);
  EXPECT_EQ(l.on_read(4, digest_of(2)), verdict::refuted);
  EXPECT_EQ(l.on_read(5, std::nullopt), verdict::refuted);
  EXPECT_EQ(standing(l, 3), "completed");
  EXPECT_EQ(standing(l, 4), "untouched");
  EXPECT_EQ(standing(l, 5), "untouched");
  EXPECT_EQ(l.completed_count(), 1U);
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, HoldsUntouchedBlocksOnly) {
  book l;
  l.begin(1);
  l.complete(2);
  l.hold({0, 4});
  EXPECT_EQ(standing(l, 0), "held");
  EXPECT_EQ(standing(l, 1), "begun");
  EXPECT_EQ(standing(l, 2), "completed");
  EXPECT_EQ(standing(l, 3), "held");
  EXPECT_EQ(standing(l, 4), "untouched");
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, WhatIsNotWantedIsCompletedWhereverItStood) {
  book l;
  l.begin(1);
  l.hold({2, 1});
  l.complete(3);
  l.begin(5);
  l.hold({6, 1});
  l.require({4, 3});
  for (const block_number b : {0U, 1U, 2U, 3U, 7U, blocks - 1})
    EXPECT_EQ(standing(l, b), "completed") << b;
  EXPECT_EQ(standing(l, 4), "untouched");
  EXPECT_EQ(standing(l, 5), "begun");
  EXPECT_EQ(standing(l, 6), "held");
  EXPECT_EQ(l.completed_count(), blocks - 3);
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, WhatIsWantedOnlyShrinks) {
  book l;
  l.require({2, 6});
  l.require({4, 8});
  EXPECT_EQ(l.wanted(), (wire::block_range{4, 4}));
  EXPECT_FALSE(l.all_completed());
  l.require({0, 3});
  EXPECT_EQ(l.wanted().count, 0U);
  EXPECT_TRUE(l.all_completed());
  EXPECT_TRUE(l.untouched().empty());
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, BeginsABlockOnlyWhereEveryBlockHeldKeepsItsPlace) {
  constexpr auto most = static_cast<block_number>(defaults::max_untouched_intervals);
  book l{false, 2 * most + 10};
  // Every other block: each splits off one interval more.
  for (block_number b = 1; l.may_begin(); b += 2) {
    ASSERT_LT(b, 2 * most);
    l.complete(b);
  }
  EXPECT_EQ(l.untouched().room(), 0U);
  constexpr auto last = 2 * most + 9;
  l.hold({last, 1});
  EXPECT_EQ(l.untouched().room(), 1U);
  EXPECT_FALSE(l.may_begin());
  EXPECT_EQ(l.on_read(last, std::nullopt), verdict::refuted);
  EXPECT_TRUE(l.may_begin());
}

/// Where one block stands, kept the simple way.
struct modelled_block {
  std::string place = "untouched";
  bool is_announced = false;
  std::optional<unsigned char> read{};
  std::optional<unsigned char> told{};

  /// A second digest of a block held decides.
  verdict settle() {
    if (!read || !told)
      return verdict::open;
    const auto result = *read == *told ? verdict::proven : verdict::refuted;
    place = result == verdict::proven ? "completed" : "untouched";
    read.reset();
    told.reset();
    return result;
  }
};

/// A ledger and its model, which go through the same moves.
class history {
public:
  explicit history(unsigned seed) : random_(seed) {}

  void step() {
    const auto block = static_cast<block_number>(random_() % blocks);
    auto& m = model_[block];
    switch (random_() % 9) {
      case 0:
      case 1:
        return m.place == "untouched" ? begin(block) : void();
      case 2:
        return m.place == "begun" ? abandon(block) : void();
      case 3:
        return m.place == "begun" ? complete(block) : void();
      case 4:
        return hold(block, static_cast<block_number>(1 + random_() % 3));
      case 5:
        return m.place == "held" && !m.read ? read(block) : void();
      case 6:
        return m.place == "held" && !m.told ? tell(block) : void();
      case 7:
        return m.place == "untouched" || m.place == "begun" ? announce(block) : void();
      default:
        return random_() % 8 == 0 ? require(block / 4, blocks - block / 3) : void();
    }
  }

  void expect_same() const {
    ASSERT_TRUE(ledger_.validate());
    block_number completed = 0;
    for (block_number b = 0; b < blocks; ++b) {
      const auto& m = model_[b];
      ASSERT_EQ(standing(ledger_, b), m.place) << b;
      ASSERT_EQ(ledger_.digests().find(b) != nullptr, m.is_announced) << b;
      ASSERT_EQ(ledger_.is_news(b),
                m.place == "held" ? !m.told : m.place != "completed" && !m.is_announced)
        << b;
      completed += m.place == "completed" ? 1 : 0;
    }
    ASSERT_EQ(ledger_.completed_count(), completed);
    ASSERT_EQ(ledger_.all_completed(), completed == blocks);
  }

private:
  void begin(block_number block) {
    ledger_.begin(block);
    model_[block].place = "begun";
  }

  void abandon(block_number block) {
    ledger_.abandon(ledger_.begun().find(block));
    model_[block].place = "untouched";
  }

  void complete(block_number block) {
    ledger_.complete(block);
    model_[block] = {"completed"};
  }

  void hold(block_number first, block_number count) {
    ledger_.hold({first, count});
    for (auto b = first; b < std::min(first + count, blocks); ++b)
      if (model_[b].place == "untouched")
        model_[b] = {"held"};
  }

  void read(block_number block) {
    auto& m = model_[block];
    if (random_() % 4 == 0) {
      m = {};
      EXPECT_EQ(ledger_.on_read(block, std::nullopt), verdict::refuted);
      return;
    }
    const auto found = any();
    m.read = found;
    EXPECT_EQ(ledger_.on_read(block, digest_of(found)), m.settle());
  }

  void tell(block_number block) {
    auto& m = model_[block];
    const auto told = any();
    m.told = told;
    EXPECT_EQ(ledger_.on_told(block, digest_of(told)), m.settle());
  }

  void announce(block_number block) {
    ledger_.announce(block, digest_of(any()));
    model_[block].is_announced = true;
  }

  void require(block_number first, block_number count) {
    ledger_.require({first, count});
    for (block_number b = 0; b < blocks; ++b)
      if (b < first || b - first >= count)
        model_[b] = {"completed"};
  }

  /// One of two digests.
  unsigned char any() { return static_cast<unsigned char>(1 + random_() % 2); }

  std::mt19937 random_;
  book ledger_;
  std::array<modelled_block, blocks> model_;
};

TEST(BlockLedger, AfterWhateverMovesEachBlockIsInOnePlaceAndTheRightOne) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    history h{seed};
    for (int step = 0; step < 150; ++step) {
      h.step();
      ASSERT_NO_FATAL_FAILURE(h.expect_same()) << "step " << step;
    }
  }
}

TEST(BlockLedger, MovesABlockFromWhereItStandsOnly) {
  book l;
  l.begin(0);
  l.hold({1, 1});
  l.complete(2);
  for (const block_number b : {0U, 1U, 2U})
    EXPECT_THROW(l.begin(b), broken_promise) << b;
  EXPECT_THROW(l.complete(l.begun().find(0)), broken_promise) << "it is not whole";
  for (const block_number b : {1U, 2U})
    EXPECT_THROW(l.announce(b, digest_of(1)), broken_promise) << b;
  EXPECT_THROW(static_cast<void>(l.on_read(3, std::nullopt)), broken_promise);
  EXPECT_THROW(static_cast<void>(l.on_told(3, digest_of(1))), broken_promise);
  EXPECT_TRUE(l.validate());
}

// -- digests --------------------------------------------------------------------------------------

TEST(BlockLedger, ADigestIsForgottenOnceItsBlockIsHeldOrCompletedOrNotWanted) {
  book l;
  for (block_number b = 0; b < 4; ++b)
    l.announce(b, digest_of(1));
  l.begin(3);
  l.complete(0);
  l.hold({1, 1});
  l.require({0, 3});
  for (const block_number b : {0U, 1U, 3U})
    EXPECT_EQ(l.digests().find(b), nullptr) << b;
  EXPECT_NE(l.digests().find(2), nullptr);
}

TEST(BlockLedger, ADigestIsStillKnownAfterItsBlockWasAbandoned) {
  book l;
  l.announce(3, digest_of(1));
  l.abandon(l.begin(3));
  EXPECT_NE(l.digests().find(3), nullptr);
  EXPECT_FALSE(l.is_news(3));
}

// -- the next transmission ------------------------------------------------------------------------

TEST(BlockLedger, HoldsWhatTheEarlierOneCompletedOrHeld) {
  book earlier;
  earlier.complete(0, digest_of(1));
  earlier.hold({1, 3});
  EXPECT_EQ(earlier.on_read(2, digest_of(1)), verdict::open);
  EXPECT_EQ(earlier.on_told(3, digest_of(1)), verdict::open);
  earlier.begin(4);
  book l;
  l.carry_over(earlier);
  for (block_number b = 0; b < 4; ++b) {
    EXPECT_EQ(standing(l, b), "held") << b;
    EXPECT_TRUE(l.held().is_untold(b)) << "nothing that another transmission told counts: " << b;
    EXPECT_EQ(l.held().is_unread(b), b == 1 || b == 3) << b;
    EXPECT_EQ(l.is_carried_over(b), b == 0) << b;
  }
  EXPECT_EQ(standing(l, 4), "untouched") << "its symbols are not carried over";
  EXPECT_EQ(l.unproven_count(), 1U);
  EXPECT_EQ(l.completed_count(), 0U);
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, WhatIsCarriedOverHasTheDigestThatItWasVerifiedBy) {
  book earlier;
  earlier.complete(0, digest_of(1));
  earlier.complete(1, digest_of(2));
  earlier.hold({2, 1});
  EXPECT_EQ(earlier.on_read(2, digest_of(3)), verdict::open);
  EXPECT_EQ(earlier.on_told(2, digest_of(3)), verdict::proven);
  book l;
  l.carry_over(earlier);
  EXPECT_EQ(l.on_told(0, digest_of(1)), verdict::proven);
  EXPECT_EQ(l.on_told(1, digest_of(1)), verdict::refuted);
  EXPECT_EQ(l.on_told(2, digest_of(3)), verdict::proven);
}

TEST(BlockLedger, OneIsUnprovenWhileItIsCarriedOverAndHeld) {
  book earlier;
  for (block_number b = 0; b < 4; ++b)
    earlier.complete(b, digest_of(1));
  book l;
  l.carry_over(earlier);
  EXPECT_EQ(l.unproven_count(), 4U);
  EXPECT_EQ(l.on_told(0, digest_of(1)), verdict::proven);
  EXPECT_EQ(l.unproven_count(), 3U);
  EXPECT_EQ(l.on_told(1, digest_of(2)), verdict::refuted);
  EXPECT_EQ(l.unproven_count(), 2U);
  l.require({2, 1});
  EXPECT_EQ(l.unproven_count(), 1U) << "3 was unproven; 1 was not any more";
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, WhatIsHeldAfterItWasRefutedIsNotCarriedOver) {
  book earlier;
  earlier.complete(0, digest_of(1));
  book l;
  l.carry_over(earlier);
  EXPECT_EQ(l.on_told(0, digest_of(2)), verdict::refuted);
  EXPECT_TRUE(l.is_carried_over(0)) << "who asks what was refuted still has to know";
  l.hold({0, 1});
  EXPECT_FALSE(l.is_carried_over(0));
  EXPECT_EQ(l.unproven_count(), 0U);
  EXPECT_TRUE(l.validate());
}

TEST(BlockLedger, WhatIsUnprovenStaysCarriedOverInTheOneAfterTheNext) {
  book first;
  first.complete(0, digest_of(1));
  first.complete(1, digest_of(1));
  book second;
  second.carry_over(first);
  EXPECT_EQ(second.on_told(0, digest_of(1)), verdict::proven);
  book third;
  third.carry_over(second);
  EXPECT_EQ(third.unproven_count(), 2U);
  EXPECT_EQ(third.on_told(1, digest_of(1)), verdict::proven);
  EXPECT_EQ(third.unproven_count(), 1U);
}

TEST(BlockLedger, CarriesOverNothingThatWasNotWanted) {
  book earlier;
  earlier.complete(5, digest_of(1));
  earlier.complete(6, digest_of(1));
  earlier.require({5, 1});
  book l;
  l.carry_over(earlier);
  EXPECT_EQ(standing(l, 5), "held");
  EXPECT_EQ(standing(l, 6), "untouched");
  EXPECT_EQ(standing(l, 7), "untouched");
}

TEST(BlockLedger, CarriesOverIntoANewOneOfTheSameObjectOnlyAndFromOneThatKeepsDigests) {
  book earlier;
  earlier.complete(0, digest_of(1));
  book used;
  used.begin(3);
  EXPECT_THROW(used.carry_over(earlier), broken_promise);
  book shorter{true, blocks - 1};
  EXPECT_THROW(shorter.carry_over(earlier), broken_promise);
  const book forgetful{false};
  book l;
  EXPECT_THROW(l.carry_over(forgetful), broken_promise);
}

} // namespace
} // namespace block_ledger_test
} // namespace fleetcast::protocol
