#include "actors/io/way.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace fleetcast::actors::io {
namespace way_test {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::make_address;
using protocol::failure;
using protocol::failure_code;

struct on {
  unsigned interface;
  const char* value;
  unsigned prefix;
  const char* other_end = nullptr;
};

inventory host(const std::vector<std::string>& names, const std::vector<on>& addresses) {
  inventory result;
  for (unsigned i = 0; i < names.size(); ++i)
    result.interfaces.push_back({{i + 1, names[i]}});
  for (const auto& one : addresses)
    result.addresses.push_back({one.interface, "", make_address(one.value),
                                make_address(one.other_end != nullptr ? one.other_end : one.value),
                                one.prefix});
  return result;
}

/// 1 lo, 2 eth0, 3 eth1, 4 eth2, 5 tun0 (one other end), 6 wg0 (no address of its own)
const inventory& sample() {
  static const auto result
    = host({"lo", "eth0", "eth1", "eth2", "tun0", "wg0"}, {{1, "127.0.0.1", 8},
                                                           {1, "::1", 128},
                                                           {2, "169.254.7.7", 16},
                                                           {2, "10.91.0.1", 24},
                                                           {2, "10.91.0.9", 24},
                                                           {2, "10.94.0.1", 24},
                                                           {2, "fe80::1%2", 64},
                                                           {2, "fd91::1", 64},
                                                           {3, "10.92.0.1", 24},
                                                           {3, "fe80::1%3", 64},
                                                           {3, "fd92::1", 64},
                                                           {3, "fd92::9", 64},
                                                           {4, "10.93.0.1", 24},
                                                           {4, "fe80::7%4", 64},
                                                           {5, "10.8.0.1", 32, "10.8.0.2"}});
  return result;
}

struct expectation {
  std::string what;
  std::string wish;
  std::string far;
  std::string near;
  unsigned route; ///< index of the interface; 0: none is known
  std::string source;
  std::string interface;
  std::string local;
};

std::ostream& operator<<(std::ostream& out, const expectation& one) {
  return out << one.what;
}

way_request request_of(const expectation& one) {
  way_request result;
  result.wish = one.wish;
  result.far = make_address(one.far);
  result.near = make_address(one.near);
  result.to_far = tl::unexpected{failure{failure_code::network_unreachable, 0, "no route"}};
  if (one.route != 0) {
    result.to_far = route{one.route, {}, false};
    if (!one.source.empty())
      result.to_far->source = make_address(one.source);
  }
  return result;
}

class WayTable : public ::testing::TestWithParam<expectation> {};

TEST_P(WayTable, IsTheOneOfTheTable) {
  const auto& one = GetParam();
  const auto found = choose_way(sample(), request_of(one));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->interface.name, one.interface);
  ASSERT_TRUE(found->local);
  EXPECT_EQ(found->local->to_string(), make_address(one.local).to_string());
}

INSTANTIATE_TEST_SUITE_P(
  ByRoute, WayTable,
  ::testing::Values(
    expectation{"the client is a neighbour and came by that interface", "", "10.91.0.2",
                "10.91.0.1", 2, "10.91.0.1", "eth0", "10.91.0.1"},
    expectation{"it came by another address of it than the kernel would send from", "", "10.91.0.2",
                "10.91.0.9", 2, "10.91.0.1", "eth0", "10.91.0.9"},
    expectation{"it came by an address of another network on the same interface", "", "10.91.0.2",
                "10.94.0.1", 2, "10.91.0.1", "eth0", "10.94.0.1"},
    expectation{"it is behind the second interface and came by the first one's address", "",
                "10.92.0.2", "10.91.0.1", 3, "10.92.0.1", "eth1", "10.92.0.1"},
    expectation{"the same in IPv6; of two neighbours the kernel's choice", "", "fd92::2", "fd91::1",
                3, "fd92::9", "eth1", "fd92::9"},
    expectation{"the same, and the kernel does not say", "", "fd92::2", "fd91::1", 3, "", "eth1",
                "fd92::1"},
    expectation{"it is beyond a gateway", "", "192.0.2.2", "10.91.0.1", 3, "10.92.0.1", "eth1",
                "10.92.0.1"},
    expectation{"it is beyond a gateway, and only the kernel knows our address", "", "192.0.2.2",
                "10.92.0.1", 2, "10.94.0.1", "eth0", "10.94.0.1"},
    expectation{"nothing is known but where it came by", "", "192.0.2.2", "10.93.0.1", 0, "",
                "eth2", "10.93.0.1"},
    expectation{"a link-local client", "", "fe80::2%3", "fe80::1%3", 0, "", "eth1", "fe80::1%3"},
    expectation{"a global client never hears of a link-local address if there is another", "",
                "2001:db8::2", "fd91::1", 3, "", "eth1", "fd92::1"},
    expectation{"the other end of a tunnel", "", "10.8.0.2", "10.91.0.1", 5, "", "tun0",
                "10.8.0.1"},
    expectation{"an interface without an address keeps the one the client knows", "", "10.9.0.2",
                "10.91.0.1", 6, "10.91.0.1", "wg0", "10.91.0.1"},
    expectation{"a client on this host, over the loopback interface", "", "127.0.0.1", "127.0.0.1",
                1, "127.0.0.1", "lo", "127.0.0.1"},
    expectation{"any address of the loopback network", "", "127.1.2.3", "127.1.2.3", 1, "127.0.0.1",
                "lo", "127.0.0.1"},
    expectation{"a client on this host, over an address of a network", "", "10.91.0.1", "10.91.0.1",
                1, "10.91.0.1", "eth0", "10.91.0.1"},
    expectation{"the same in IPv6", "", "fd92::1", "fd92::1", 1, "fd92::1", "eth1", "fd92::1"}));

INSTANTIATE_TEST_SUITE_P(
  ByWish, WayTable,
  ::testing::Values(expectation{"the client came by that interface", "eth0", "10.91.0.2",
                                "10.91.0.1", 2, "10.91.0.1", "eth0", "10.91.0.1"},
                    expectation{"the client came by another; its neighbour on that one", "eth0",
                                "10.94.0.2", "10.93.0.1", 4, "10.93.0.1", "eth0", "10.94.0.1"},
                    expectation{"no neighbour there, link-local ones last", "eth0", "10.93.0.2",
                                "10.93.0.1", 4, "10.93.0.1", "eth0", "10.91.0.1"},
                    expectation{"an address, whatever the client came by", "10.91.0.9", "10.91.0.2",
                                "10.91.0.1", 2, "10.91.0.1", "eth0", "10.91.0.9"},
                    expectation{"an address, and another IP version is spoken", "10.92.0.1",
                                "fd92::2", "fd92::9", 3, "fd92::9", "eth1", "fd92::9"},
                    expectation{"a link-local address with its zone", "fe80::1%3", "fd92::2",
                                "fd92::1", 3, "fd92::1", "eth1", "fe80::1%3"},
                    expectation{"only a link-local address there", "eth2", "fd92::2", "fd92::1", 3,
                                "fd92::1", "eth2", "fe80::7%4"},
                    expectation{"a client on this host", "eth1", "127.0.0.1", "127.0.0.1", 1,
                                "127.0.0.1", "eth1", "10.92.0.1"}));

using maybe_route = tl::expected<route, failure>;

TEST(RouteForGroups, IsThatOfOurAnswersUnlessOnlyTheOtherStaysOnTheLink) {
  const maybe_route none
    = tl::unexpected{failure{failure_code::network_unreachable, 0, "no route"}};
  const maybe_route link_2 = route{2, {}, false};
  const maybe_route link_3 = route{3, {}, false};
  const maybe_route gateway_2 = route{2, {}, true};
  const maybe_route gateway_3 = route{3, {}, true};
  const auto chosen = [](const maybe_route& of_answers, const maybe_route& any) {
    const auto found = route_for_groups(of_answers, any);
    return found ? found->interface : 0;
  };
  EXPECT_EQ(chosen(link_2, link_3), 2U) << "two interfaces in one network";
  EXPECT_EQ(chosen(link_2, gateway_3), 2U);
  EXPECT_EQ(chosen(gateway_2, link_3), 3U) << "a neighbour that answers reach by a gateway";
  EXPECT_EQ(chosen(gateway_2, gateway_3), 2U) << "two uplinks";
  EXPECT_EQ(chosen(gateway_2, none), 2U);
  EXPECT_EQ(chosen(none, link_3), 3U);
  EXPECT_EQ(chosen(none, gateway_3), 3U);
  EXPECT_EQ(chosen(none, none), 0U);
}

TEST(NoWay, IsToldWithWhatThereIs) {
  const auto found
    = choose_way(sample(), request_of({"", "", "192.0.2.2", "192.0.2.9", 0, "", "", ""}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, failure_code::network_fault);
  for (const auto* part : {"192.0.2.2", "no route", "--interface", "eth2 (10.93.0.1"})
    EXPECT_NE(found.error().text.find(part), std::string::npos) << found.error().text;
}

TEST(NoWay, IsByAnInterfaceThatIsDown) {
  auto here = sample();
  here.interfaces[3].is_up = false;
  const auto found
    = choose_way(here, request_of({"", "eth2", "10.93.0.2", "10.91.0.1", 2, "", "", ""}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().text.find("network interface eth2 is down"), 0U) << found.error().text;
}

TEST(NoWay, IsByAnInterfaceThatIsNotThere) {
  const auto found
    = choose_way(sample(), request_of({"", "eth9", "10.93.0.2", "10.91.0.1", 2, "", "", ""}));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().text.find("eth9"), std::string::npos);
  EXPECT_NE(found.error().text.find("eth2 (10.93.0.1"), std::string::npos);
}

TEST(NoWay, IsToSendByAnInterfaceWithoutAnAddressOfThatVersion) {
  auto request = request_of({"", "wg0", "10.93.0.2", "10.91.0.1", 2, "", "", ""});
  const auto sending = choose_way(sample(), request);
  ASSERT_FALSE(sending);
  EXPECT_NE(sending.error().text.find("wg0 has no IPv4 address"), std::string::npos)
    << sending.error().text;
  request.use = way_use::receive;
  const auto receiving = choose_way(sample(), request);
  ASSERT_TRUE(receiving) << receiving.error().text;
  EXPECT_EQ(receiving->interface.name, "wg0");
  EXPECT_FALSE(receiving->local);
}

TEST(Way, SaysWhetherItsAddressWasNamed) {
  const auto named
    = choose_way(sample(), request_of({"", "10.91.0.9", "10.91.0.2", "10.91.0.1", 2, "", "", ""}));
  EXPECT_TRUE(named->is_local_named);
  const auto other
    = choose_way(sample(), request_of({"", "10.91.0.9", "fd91::2", "fd91::1", 2, "", "", ""}));
  EXPECT_FALSE(other->is_local_named);
  const auto by_name
    = choose_way(sample(), request_of({"", "eth0", "10.91.0.2", "10.91.0.1", 2, "", "", ""}));
  EXPECT_FALSE(by_name->is_local_named);
}

} // namespace
} // namespace way_test
} // namespace fleetcast::actors::io
