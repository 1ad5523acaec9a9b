#include "actors/serve/group_allocator.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace group_allocator_test {
namespace {

using boost::asio::ip::make_address;
using fleetcast::actors::group_allocator;
using fleetcast::actors::group_lease;
using fleetcast::actors::group_prefix;
using fleetcast::actors::group_ranges;
using fleetcast::actors::io::udp_endpoint;
using fleetcast::protocol::failure_code;

group_ranges with_v4(const char* prefix) {
  group_ranges result;
  result.v4 = group_prefix::parse(prefix).value();
  return result;
}

TEST(GroupPrefix, ReadsAnAddressAndAPrefix) {
  EXPECT_EQ(group_prefix::parse("239.1.2.3"), (group_prefix{make_address("239.1.2.3"), 32}));
  EXPECT_EQ(group_prefix::parse("239.1.2.3/16"), (group_prefix{make_address("239.1.0.0"), 16}));
  EXPECT_EQ(group_prefix::parse("ff15::8000:1234/112"),
            (group_prefix{make_address("ff15::8000:0"), 112}));
  EXPECT_EQ(group_prefix::parse("ff15::1"), (group_prefix{make_address("ff15::1"), 128}));
}

TEST(GroupPrefix, SaysWhatIsWrongWithATextThatIsNone) {
  const auto why = [](const char* text) {
    const auto parsed = group_prefix::parse(text);
    return parsed ? std::string{"accepted"} : parsed.error().text;
  };
  EXPECT_NE(why("").find("not an IP address"), std::string::npos);
  EXPECT_NE(why("group").find("not an IP address"), std::string::npos);
  EXPECT_NE(why("192.168.0.1").find("\"192.168.0.1\": not a multicast address"), std::string::npos);
  EXPECT_NE(why("2001:db8::1").find("those begin with ff"), std::string::npos);
  for (const auto* text : {"239.0.0.0/33", "239.0.0.0/3", "239.0.0.0/", "239.0.0.0/1x",
                           "239.0.0.0/-1", "239.0.0.0/16/16", "239.0.0.0/99999999999"})
    EXPECT_NE(why(text).find("a number from 4 to 32"), std::string::npos) << text;
  EXPECT_NE(why("ff15::/129").find("a number from 8 to 128"), std::string::npos);
  EXPECT_NE(why("224.0.0.251").find("reserved"), std::string::npos);
}

TEST(GroupAllocator, GivesEachTransmissionAnEndpointOfItsOwn) {
  const auto allocator = group_allocator::make(with_v4("239.9.8.0/29"), 1);
  std::vector<group_lease> held;
  std::set<udp_endpoint> seen;
  for (int i = 0; i < 20; ++i) {
    auto lease = allocator->acquire(false);
    ASSERT_TRUE(lease) << lease.error().text;
    EXPECT_TRUE(seen.insert(lease->endpoint()).second) << lease->endpoint();
    EXPECT_TRUE(lease->endpoint().address().is_multicast());
    held.push_back(std::move(*lease));
  }
  // 8 addresses: two ports full and the third begun.
  for (std::size_t i = 0; i < held.size(); ++i)
    EXPECT_EQ(held[i].endpoint().port(), 5041 + i / 8);
}

TEST(GroupAllocator, UsesTheFirstPortAgainOnceALeaseEnded) {
  const auto allocator = group_allocator::make(with_v4("239.1.2.3"), 2);
  auto first = allocator->acquire(false);
  auto second = allocator->acquire(false);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->endpoint(), (udp_endpoint{make_address("239.1.2.3"), 5041}));
  EXPECT_EQ(second->endpoint(), (udp_endpoint{make_address("239.1.2.3"), 5042}));
  first = tl::unexpected{fleetcast::protocol::failure{}};
  EXPECT_EQ(allocator->acquire(false)->endpoint().port(), 5041);
}

TEST(GroupAllocator, LetsAGroupRestBeforeItIsUsedAgain) {
  const auto allocator = group_allocator::make(with_v4("239.1.2.0/24"), 3);
  const auto first = allocator->acquire(false)->endpoint();
  for (int i = 0; i < 255; ++i)
    EXPECT_NE(allocator->acquire(false)->endpoint(), first);
  EXPECT_EQ(allocator->acquire(false)->endpoint(), first);
}

TEST(GroupAllocator, BeginsWhereItsSeedSays) {
  const auto first = [](std::uint64_t seed) {
    return group_allocator::make(group_ranges{}, seed)->acquire(false)->endpoint();
  };
  EXPECT_EQ(first(4), first(4));
  std::set<udp_endpoint> starts;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    starts.insert(first(seed));
  EXPECT_GT(starts.size(), 15U);
}

TEST(GroupAllocator, StaysWithinItsRangeInBothIpVersions) {
  const auto allocator = group_allocator::make(group_ranges{}, 5);
  std::vector<group_lease> held;
  for (int i = 0; i < 300; ++i) {
    held.push_back(allocator->acquire(false).value());
    EXPECT_EQ(held.back().endpoint().address().to_v4().to_uint() >> 16, 0xefffU);
    held.push_back(allocator->acquire(true).value());
    const auto text = held.back().endpoint().address().to_string();
    EXPECT_EQ(text.find("ff15::f1ee:8000:"), 0U) << text;
  }
}

TEST(GroupAllocator, RefusesWhenEverythingIsTaken) {
  auto ranges = with_v4("239.1.2.3");
  ranges.base_port = 65534;
  const auto allocator = group_allocator::make(ranges, 6);
  const auto first = allocator->acquire(false);
  const auto second = allocator->acquire(false);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->endpoint().port(), 65535);
  const auto third = allocator->acquire(false);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, failure_code::server_busy);
  EXPECT_NE(third.error().text.find("239.1.2.3/32"), std::string::npos) << third.error().text;
}

TEST(GroupLease, GivesItsGroupBackOnceWhenItMoved) {
  const auto allocator = group_allocator::make(with_v4("239.1.2.3"), 7);
  {
    auto lease = allocator->acquire(false).value();
    const auto moved = std::move(lease);
    EXPECT_EQ(allocator->acquire(false)->endpoint().port(), 5042);
  }
  EXPECT_EQ(allocator->acquire(false)->endpoint().port(), 5041);
}

} // namespace
} // namespace group_allocator_test
