#include "actors/io/network_interface.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <net/if.h>

namespace {

using boost::asio::ip::make_address;
using fleetcast::actors::io::address_of;
using fleetcast::actors::io::find_interface;
using fleetcast::actors::io::interface_of;
using fleetcast::protocol::failure_code;

TEST(NetworkInterface, IsFoundByNameAndByAddress) {
  const auto by_name = find_interface("lo");
  ASSERT_TRUE(by_name) << by_name.error().text;
  EXPECT_EQ(by_name->name, "lo");
  EXPECT_EQ(by_name->index, if_nametoindex("lo"));
  EXPECT_EQ(find_interface("127.0.0.1"), by_name);
}

TEST(NetworkInterface, OfAnyLoopbackAddressIsTheLoopbackInterface) {
  const auto found = interface_of(make_address("127.1.2.3"));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->name, "lo");
}

TEST(NetworkInterface, OfAnIpv4AddressInIpv6ClothesIsFound) {
  EXPECT_EQ(interface_of(make_address("::ffff:127.0.0.1")), find_interface("lo"));
}

TEST(NetworkInterface, ThatIsUnknownIsAnsweredByAListOfThoseThereAre) {
  const auto nothing = find_interface("nosuch0");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, failure_code::network_fault);
  EXPECT_NE(nothing.error().text.find("nosuch0"), std::string::npos);
  EXPECT_NE(nothing.error().text.find("lo (127.0.0.1"), std::string::npos) << nothing.error().text;
}

TEST(NetworkInterface, OfAForeignAddressIsRefusedWithTheListToo) {
  const auto nothing = interface_of(make_address("203.0.113.77"));
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().text.find("203.0.113.77"), std::string::npos);
  EXPECT_NE(nothing.error().text.find("lo (127.0.0.1"), std::string::npos) << nothing.error().text;
}

TEST(NetworkInterface, TellsAnAddressOfTheWantedVersion) {
  const auto address = address_of(find_interface("lo").value(), false);
  ASSERT_TRUE(address) << address.error().text;
  EXPECT_EQ(*address, make_address("127.0.0.1"));
}

} // namespace
