#include "protocol/host_port.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {

namespace host_port_test {
namespace {

void expect_named(std::string_view text, std::string_view host, std::optional<std::uint16_t> port) {
  const auto named = parse_host_port(text);
  ASSERT_TRUE(named) << text;
  EXPECT_EQ(named->host, host) << text;
  EXPECT_EQ(named->port, port) << text;
}

} // namespace
} // namespace host_port_test

using namespace host_port_test;

TEST(HostPort, MayLackThePort) {
  expect_named("host", "host", std::nullopt);
  expect_named("192.0.2.1", "192.0.2.1", std::nullopt);
  expect_named("2001:db8::1", "2001:db8::1", std::nullopt);
  expect_named("[2001:db8::1]", "2001:db8::1", std::nullopt);
  expect_named("fe80::1%eth0", "fe80::1%eth0", std::nullopt);
}

TEST(HostPort, HasThePortBehindItsColon) {
  expect_named("host:1", "host", 1);
  expect_named("192.0.2.1:65535", "192.0.2.1", 65535);
  expect_named("[::1]:6000", "::1", 6000);
}

TEST(HostPort, RefusesEverythingElse) {
  for (const auto* text :
       {"",  ":", ":1", "host:", "host:0", "host:65536", "host:-1", "host:+1", "host:1x", "host: 1",
        "[", "]", "[]", "[]:1",  "[::1",   "[::1]:",     "[::1]x",  "::1]",    "[[::1]]", "ho[st"})
    EXPECT_FALSE(parse_host_port(text)) << text;
}

TEST(HostPort, OnlyAListenerMayLeaveThePortToTheSystem) {
  EXPECT_EQ(parse_host_port("[::]:0", port_use::listen)->port, 0);
  EXPECT_FALSE(parse_host_port("[::]:0"));
}

TEST(HostPort, SaysWhatIsWrong) {
  EXPECT_EQ(parse_host_port("host:70000").error(), "the port is not a number from 1 to 65535");
  EXPECT_EQ(parse_host_port("::]:x", port_use::listen).error(),
            "brackets belong around an IPv6 address");
  EXPECT_EQ(parse_host_port("[::1").error(), "the bracket is not closed");
  EXPECT_EQ(parse_host_port("[::1]5040").error(), "something other than :PORT follows the bracket");
  EXPECT_EQ(parse_host_port(":5040").error(), "it names no host");
}

} // namespace fleetcast::protocol
