#include "actors/io/routes.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <net/if.h>

namespace fleetcast::actors::io {
namespace routes_test {
namespace {

using boost::asio::ip::make_address;
using protocol::failure_code;

TEST(Route, ToThisHostIsToldWithTheAddressThatItLeavesFrom) {
  const auto found = route_to(make_address("127.0.0.1"));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->interface, if_nametoindex("lo"));
  EXPECT_EQ(found->source, make_address("127.0.0.1"));
  EXPECT_FALSE(found->through_gateway);
}

TEST(Route, FromAnAddressOfOursIsTold) {
  const auto found = route_to(make_address("127.0.0.1"), make_address("127.0.0.2"));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->interface, if_nametoindex("lo"));
}

TEST(Route, InIpv6IsToldToo) {
  const auto found = route_to(make_address("::1"));
  if (!found)
    GTEST_SKIP() << "no IPv6 here: " << found.error().text;
  EXPECT_EQ(found->interface, if_nametoindex("lo"));
  EXPECT_EQ(found->source, make_address("::1"));
}

TEST(Route, ToWhatNoHostIsIsAFailureThatNamesIt) {
  auto behind_no_interface = make_address("fe80::1").to_v6();
  behind_no_interface.scope_id(0x7fffffff);
  const auto nothing = route_to(behind_no_interface);
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().text.find("fe80::1"), std::string::npos) << nothing.error().text;
}

TEST(Route, LeadsToAWay) {
  const auto found = find_way(way_use::send, "", make_address("::ffff:127.0.0.1"),
                              make_address("::ffff:127.0.0.1"));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->interface.name, "lo");
  EXPECT_EQ(found->local, make_address("127.0.0.1"));
}

} // namespace
} // namespace routes_test
} // namespace fleetcast::actors::io
