#include "protocol/wire/datagram.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace fleetcast::protocol::wire {
namespace datagram_test {
namespace {

constexpr std::size_t seal = 16;

header sample() {
  return {datagram_type::repair, 0x0102, 0x03040506, 0x0708090a0b0c0d0e, 0x0f101112, 0x1314, 20};
}

std::vector<std::byte> datagram_of(const header& h, std::size_t seal_size = seal) {
  std::vector<std::byte> bytes(header_size + h.payload_size + seal_size);
  encode(h, std::span{bytes}.first<header_size>());
  return bytes;
}

TEST(Datagram, HeaderHasTheDocumentedLayout) {
  const std::array<unsigned char, header_size> expected{
    0x12, 0x00, 0x02, 0x01, 0x06, 0x05, 0x04, 0x03, 0x0e, 0x0d, 0x0c, 0x0b,
    0x0a, 0x09, 0x08, 0x07, 0x12, 0x11, 0x10, 0x0f, 0x14, 0x13, 20,   0};
  const auto bytes = datagram_of(sample());
  for (std::size_t i = 0; i < header_size; ++i)
    EXPECT_EQ(std::to_integer<int>(bytes[i]), expected[i]) << "at offset " << i;
}

TEST(Datagram, EveryTypeComesBackAsItWas) {
  for (const auto type : {datagram_type::source, datagram_type::repair, datagram_type::control}) {
    auto h = sample();
    h.type = type;
    const auto read = decode(datagram_of(h), seal);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, h);
  }
}

TEST(Datagram, ExtremeValuesComeBackAsTheyWere) {
  const header most{
    datagram_type::source, 0xffff, 0xffffffff, ~std::uint64_t{0}, 0xffffffff, 0xffff, 0xffff};
  const header least{datagram_type::control, 0, 0, 0, 0, 0, 0};
  for (const auto& h : {most, least}) {
    const auto read = decode(datagram_of(h), seal);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, h);
  }
}

TEST(Datagram, AnyShorterOneIsTruncated) {
  const auto bytes = datagram_of(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> shorter(bytes.begin(),
                                         bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto read = decode(shorter, seal);
    ASSERT_FALSE(read) << size << " bytes";
    EXPECT_EQ(read.error(), drop_reason::truncated) << size << " bytes";
  }
}

TEST(Datagram, ALongerOneIsOversized) {
  auto bytes = datagram_of(sample());
  bytes.push_back(std::byte{0});
  EXPECT_EQ(decode(bytes, seal).error(), drop_reason::oversized);
}

TEST(Datagram, TheSizeOfTheSealCounts) {
  const auto bytes = datagram_of(sample(), 0);
  EXPECT_TRUE(decode(bytes, 0));
  EXPECT_EQ(decode(bytes, seal).error(), drop_reason::truncated);
}

TEST(Datagram, OtherVersionsAreRefused) {
  for (unsigned version = 0; version < 16; ++version) {
    auto bytes = datagram_of(sample());
    bytes[0] = static_cast<std::byte>(version << 4 | 1);
    const auto read = decode(bytes, seal);
    EXPECT_EQ(read.has_value(), version == protocol_version);
    if (!read) {
      EXPECT_EQ(read.error(), drop_reason::unknown_version);
    }
  }
}

TEST(Datagram, AnyFlagIsRefused) {
  for (unsigned flags = 1; flags < 256; ++flags) {
    auto bytes = datagram_of(sample());
    bytes[1] = static_cast<std::byte>(flags);
    EXPECT_EQ(decode(bytes, seal).error(), drop_reason::unknown_version);
  }
}

TEST(Datagram, OtherTypesAreRefused) {
  for (unsigned type = 0; type < 16; ++type) {
    auto bytes = datagram_of(sample());
    bytes[0] = static_cast<std::byte>(protocol_version << 4 | type);
    const auto read = decode(bytes, seal);
    EXPECT_EQ(read.has_value(), type >= 1 && type <= 3);
    if (!read) {
      EXPECT_EQ(read.error(), drop_reason::unknown_type);
    }
  }
}

TEST(Datagram, EveryDropReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < drop_reason_count; ++i)
    names.insert(to_string(static_cast<drop_reason>(i)));
  EXPECT_EQ(names.size(), drop_reason_count);
  EXPECT_FALSE(names.contains("unknown"));
}

} // namespace
} // namespace datagram_test
} // namespace fleetcast::protocol::wire
