#include "protocol/defaults.hpp"
#include "protocol/fec.hpp"
#include "protocol/require.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace fleetcast::protocol {
namespace fec_test {
namespace {

using bytes = std::vector<std::byte>;
using engine = std::mt19937;

constexpr symbol_id last_esi = defaults::max_encoding_symbols - 1;

bytes random_bytes(std::size_t size, engine& random) {
  bytes result(size);
  std::ranges::generate(result, [&] { return static_cast<std::byte>(random()); });
  return result;
}

/// One block with all its repair symbols.
struct block {
  std::uint16_t k = 0;
  std::uint16_t symbol_size = 0;
  bytes source;
  bytes repair;

  block(std::uint16_t source_symbols, std::uint16_t size, engine& random)
    : k(source_symbols),
      symbol_size(size),
      source(random_bytes(std::size_t{source_symbols} * size, random)) {
    encode();
  }

  void encode() {
    const auto count = static_cast<std::uint16_t>(defaults::max_encoding_symbols - k);
    repair.resize(std::size_t{count} * symbol_size);
    fec_encoder{symbol_size}.encode(source, k, k, count, repair);
  }

  std::span<const std::byte> symbol(symbol_id esi) const {
    const auto& from = esi < k ? source : repair;
    const std::size_t index = esi < k ? esi : esi - k;
    return std::span{from}.subspan(index * symbol_size, symbol_size);
  }
};

/// Decodes with `lost` source symbols replaced by the repair symbols `used`, in this order.
bytes decoded(fec_decoder& decoder, const block& b, std::span<const symbol_id> lost,
              std::span<const symbol_id> used) {
  std::vector<symbol_id> ids(b.k);
  std::iota(ids.begin(), ids.end(), symbol_id{0});
  for (std::size_t i = 0; i < lost.size(); ++i)
    ids[lost[i]] = used[i];
  bytes slots(b.source.size());
  for (std::size_t slot = 0; slot < b.k; ++slot)
    std::ranges::copy(b.symbol(ids[slot]),
                      slots.begin() + static_cast<std::ptrdiff_t>(slot * b.symbol_size));
  decoder.decode(slots, ids);
  return slots;
}

std::vector<symbol_id> shuffled(symbol_id first, symbol_id last, engine& random) {
  std::vector<symbol_id> ids(static_cast<std::size_t>(last - first));
  std::iota(ids.begin(), ids.end(), first);
  std::ranges::shuffle(ids, random);
  return ids;
}

/// `erasures` random source symbols restored from random repair symbols.
void expect_restored(fec_decoder& decoder, const block& b, std::size_t erasures, engine& random) {
  const auto lost = shuffled(0, b.k, random);
  const auto used = shuffled(b.k, defaults::max_encoding_symbols, random);
  ASSERT_EQ(decoded(decoder, b, std::span{lost}.first(erasures), std::span{used}.first(erasures)),
            b.source)
    << "k " << b.k << ", " << erasures << " erasures";
}

/// Losses that this block can still be restored from.
std::size_t most_erasures(std::uint16_t k) {
  return std::min<std::size_t>(k, defaults::max_encoding_symbols - k);
}

constexpr unsigned seed = 20'260'102;

class Fec : public testing::Test {
protected:
  testing::ScopedTrace trace_{__FILE__, __LINE__, testing::Message() << "seed " << seed};
  engine random_{seed};
};

TEST_F(Fec, RestoresEveryNumberOfErasuresAtTelltaleBlockSizes) {
  constexpr std::uint16_t symbol_size = 16;
  fec_decoder decoder{symbol_size};
  for (const unsigned k : {1U, 2U, 3U, 16U, 127U, 128U, 129U, 253U, 254U}) {
    const block b{static_cast<std::uint16_t>(k), symbol_size, random_};
    for (std::size_t erasures = 0; erasures <= most_erasures(b.k); ++erasures)
      ASSERT_NO_FATAL_FAILURE(expect_restored(decoder, b, erasures, random_));
  }
}

TEST_F(Fec, RestoresEveryBlockSize) {
  constexpr std::uint16_t symbol_size = 8;
  fec_decoder decoder{symbol_size};
  for (std::uint16_t k = 1; k <= last_esi; ++k) {
    const block b{k, symbol_size, random_};
    for (const std::size_t erasures : {std::size_t{1}, most_erasures(k) / 2, most_erasures(k)})
      ASSERT_NO_FATAL_FAILURE(expect_restored(decoder, b, erasures, random_));
  }
}

TEST_F(Fec, RestoresEveryLossPatternOfASmallBlock) {
  constexpr std::uint16_t k = 8;
  constexpr std::uint16_t symbol_size = 4;
  fec_decoder decoder{symbol_size};
  const block b{k, symbol_size, random_};
  for (unsigned pattern = 0; pattern < 1U << k; ++pattern) {
    std::vector<symbol_id> lost;
    for (symbol_id esi = 0; esi < k; ++esi)
      if ((pattern >> esi & 1) != 0)
        lost.push_back(esi);
    const auto used = shuffled(k, defaults::max_encoding_symbols, random_);
    ASSERT_EQ(decoded(decoder, b, lost, used), b.source) << "pattern " << pattern;
  }
}

TEST_F(Fec, RestoresSymbolsOfAnySize) {
  // The vector code works in chunks of 16 to 64 bytes: sizes between are where it slips.
  for (const unsigned size :
       {1U, 2U, 15U, 16U, 17U, 31U, 33U, 63U, 64U, 65U, 100U, 1407U, 1408U, 8896U}) {
    const auto symbol_size = static_cast<std::uint16_t>(size);
    SCOPED_TRACE(testing::Message() << "symbols of " << size << " bytes");
    fec_decoder decoder{symbol_size};
    const block b{20, symbol_size, random_};
    for (const std::size_t erasures : {1U, 7U, 20U})
      ASSERT_NO_FATAL_FAILURE(expect_restored(decoder, b, erasures, random_));
  }
}

TEST_F(Fec, RestoresAWholeBlockFromItsVeryLastRepairSymbols) {
  constexpr std::uint16_t k = 127;
  constexpr std::uint16_t symbol_size = 32;
  fec_decoder decoder{symbol_size};
  const block b{k, symbol_size, random_};
  std::vector<symbol_id> lost(k);
  std::iota(lost.begin(), lost.end(), symbol_id{0});
  std::vector<symbol_id> used(k);
  std::iota(used.begin(), used.end(), static_cast<symbol_id>(last_esi - k + 1));
  ASSERT_EQ(used.back(), 254);
  EXPECT_EQ(decoded(decoder, b, lost, used), b.source);
}

TEST_F(Fec, PaddingOfTheLastSymbolComesBackAsZeros) {
  constexpr std::uint16_t k = 5;
  constexpr std::uint16_t symbol_size = 64;
  fec_decoder decoder{symbol_size};
  block b{k, symbol_size, random_};
  const auto padding = std::span{b.source}.last(symbol_size - 1);
  std::ranges::fill(padding, std::byte{0});
  b.encode();
  for (symbol_id used = k; used <= last_esi; ++used) {
    const std::vector<symbol_id> lost{k - 1};
    const std::vector<symbol_id> by{used};
    ASSERT_EQ(decoded(decoder, b, lost, by), b.source) << "repair symbol " << used;
  }
}

TEST_F(Fec, RepairSymbolsAreTheSameOneByOneAndTogether) {
  constexpr std::uint16_t symbol_size = 48;
  const block b{10, symbol_size, random_};
  fec_encoder encoder{symbol_size};
  bytes one(symbol_size);
  for (symbol_id esi = b.k; esi <= last_esi; ++esi) {
    encoder.encode(b.source, b.k, esi, 1, one);
    ASSERT_TRUE(std::ranges::equal(one, b.symbol(esi))) << "repair symbol " << esi;
  }
}

TEST_F(Fec, EncodingNothingTouchesNothing) {
  bytes source(4 * 16);
  bytes repair(16, std::byte{0x5a});
  fec_encoder{16}.encode(source, 4, 4, 0, repair);
  EXPECT_EQ(repair, bytes(16, std::byte{0x5a}));
}

// -- the code itself, written down a second time
// ---------------------------------------------------

/// Product in GF(2^8) over x^8 + x^4 + x^3 + x^2 + 1.
unsigned product(unsigned a, unsigned b) {
  unsigned result = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0)
      result ^= a;
    a = (a << 1) ^ ((a & 0x80) != 0 ? 0x11dU : 0U);
  }
  return result;
}

unsigned inverse(unsigned a) {
  for (unsigned b = 1; b < 256; ++b)
    if (product(a, b) == 1)
      return b;
  return 0;
}

TEST_F(Fec, RepairSymbolsAreTheDocumentedSums) {
  constexpr std::uint16_t symbol_size = 3;
  for (const unsigned k : {1U, 2U, 127U, 128U}) {
    const block b{static_cast<std::uint16_t>(k), symbol_size, random_};
    for (symbol_id esi = b.k; esi <= last_esi; ++esi)
      for (std::size_t at = 0; at < symbol_size; ++at) {
        unsigned sum = 0;
        for (symbol_id j = 0; j < b.k; ++j)
          sum ^= product(inverse(esi ^ j), std::to_integer<unsigned>(b.symbol(j)[at]));
        ASSERT_EQ(std::to_integer<unsigned>(b.symbol(esi)[at]), sum)
          << "k " << k << ", repair symbol " << esi << ", byte " << at;
      }
  }
}

TEST_F(Fec, RefusesBuffersThatAreTooSmallAndSymbolsThatAreNone) {
  fec_encoder encoder{10};
  const bytes source(40);
  bytes repair(20);
  EXPECT_NO_THROW(encoder.encode(source, 4, 4, 2, repair));
  EXPECT_THROW(encoder.encode(source, 4, 3, 2, repair), broken_promise) << "a source symbol";
  EXPECT_THROW(encoder.encode(source, 4, 254, 2, repair), broken_promise);
  EXPECT_THROW(encoder.encode(source, 5, 5, 2, repair), broken_promise);
  EXPECT_THROW(encoder.encode(source, 4, 4, 3, repair), broken_promise);
  fec_decoder decoder{10};
  bytes slots(30);
  const std::vector<symbol_id> ids{0, 1, 2, 4};
  EXPECT_THROW(decoder.decode(slots, ids), broken_promise);
}

TEST_F(Fec, NoticesThatTheSameSymbolCameTwice) {
  fec_decoder decoder{10};
  bytes slots(20);
  const std::vector<symbol_id> ids{4, 4};
  EXPECT_THROW(decoder.decode(slots, ids), broken_promise);
}

} // namespace
} // namespace fec_test
} // namespace fleetcast::protocol
