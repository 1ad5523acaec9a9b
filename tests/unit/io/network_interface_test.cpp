#include "actors/io/network_interface.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <net/if.h>

namespace network_interface_test {
namespace {

using boost::asio::ip::make_address;
using fleetcast::actors::io::find_interface;
using fleetcast::actors::io::inventory;
using fleetcast::actors::io::is_link_local;
using fleetcast::actors::io::unmapped;
using fleetcast::protocol::failure_code;

TEST(NetworkInterface, IsFoundByNameAndByAddress) {
  const auto by_name = find_interface("lo");
  ASSERT_TRUE(by_name) << by_name.error().text;
  EXPECT_EQ(by_name->name, "lo");
  EXPECT_EQ(by_name->index, if_nametoindex("lo"));
  EXPECT_EQ(find_interface("127.0.0.1"), by_name);
}

TEST(NetworkInterface, OfAnyLoopbackAddressIsTheLoopbackInterface) {
  EXPECT_EQ(find_interface("127.1.2.3"), find_interface("lo"));
}

TEST(NetworkInterface, ThatIsUnknownIsAnsweredByAListOfThoseThereAre) {
  const auto nothing = find_interface("nosuch0");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, failure_code::network_fault);
  EXPECT_NE(nothing.error().text.find("nosuch0"), std::string::npos);
  EXPECT_NE(nothing.error().text.find("lo (127.0.0.1"), std::string::npos) << nothing.error().text;
}

TEST(NetworkInterface, OfAForeignAddressIsRefusedWithTheListToo) {
  const auto nothing = find_interface("203.0.113.77");
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().text.find("203.0.113.77"), std::string::npos);
  EXPECT_NE(nothing.error().text.find("lo (127.0.0.1"), std::string::npos) << nothing.error().text;
}

TEST(NetworkInterface, IsListedWithTheNetworksOfItsAddresses) {
  const auto here = inventory::take();
  ASSERT_TRUE(here) << here.error().text;
  const auto* held = here->find(make_address("127.0.0.1"));
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->interface, if_nametoindex("lo"));
  EXPECT_EQ(held->network, make_address("127.0.0.1"));
  EXPECT_EQ(held->prefix, 8U);
  EXPECT_TRUE(here->find("lo")->is_up);
}

TEST(NetworkInterface, OfAnAliasIsFoundByItsLabel) {
  inventory here;
  here.interfaces.push_back({{2, "eth0"}});
  here.addresses.push_back({2, "", make_address("192.0.2.7"), make_address("192.0.2.7"), 24});
  here.addresses.push_back(
    {2, "eth0:1", make_address("198.51.100.7"), make_address("198.51.100.7"), 24});
  const auto found = find_interface(here, "eth0:1");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->interface.name, "eth0");
  EXPECT_EQ(found->address, make_address("198.51.100.7"));
  EXPECT_FALSE(find_interface(here, "eth0")->address);
  EXPECT_FALSE(find_interface(here, "eth0:2"));
}

TEST(NetworkInterface, IsDescribedWithWhatMakesItUnfit) {
  inventory here;
  here.interfaces.push_back({{2, "eth0"}});
  here.interfaces.push_back({{3, "eth1"}, false});
  here.addresses.push_back({2, "", make_address("192.0.2.7"), make_address("192.0.2.7"), 24});
  EXPECT_EQ(here.describe(), "eth0 (192.0.2.7), eth1 (down, no address)");
}

TEST(Address, OfAnIpv4PeerOfASocketForBothIsUnmapped) {
  EXPECT_EQ(unmapped(make_address("::ffff:192.0.2.7")), make_address("192.0.2.7"));
  EXPECT_EQ(unmapped(make_address("2001:db8::7")), make_address("2001:db8::7"));
  EXPECT_EQ(unmapped(make_address("192.0.2.7")), make_address("192.0.2.7"));
}

TEST(Address, IsLinkLocalInBothVersions) {
  EXPECT_TRUE(is_link_local(make_address("169.254.7.7")));
  EXPECT_TRUE(is_link_local(make_address("fe80::7")));
  EXPECT_FALSE(is_link_local(make_address("169.253.7.7")));
  EXPECT_FALSE(is_link_local(make_address("fd00::7")));
}

} // namespace
} // namespace network_interface_test
