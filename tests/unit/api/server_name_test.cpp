#include "api/server_name.hpp"

#include <gtest/gtest.h>

namespace fleetcast::api {

using name = server_name;

TEST(ServerName, TakesTheDefaultPort) {
  EXPECT_EQ(parse_server_name("host"), (name{"host", 5040}));
  EXPECT_EQ(parse_server_name("192.0.2.1"), (name{"192.0.2.1", 5040}));
  EXPECT_EQ(parse_server_name("2001:db8::1"), (name{"2001:db8::1", 5040}));
  EXPECT_EQ(parse_server_name("[2001:db8::1]"), (name{"2001:db8::1", 5040}));
  EXPECT_EQ(parse_server_name("fe80::1%eth0"), (name{"fe80::1%eth0", 5040}));
}

TEST(ServerName, TakesAGivenPort) {
  EXPECT_EQ(parse_server_name("host:1"), (name{"host", 1}));
  EXPECT_EQ(parse_server_name("192.0.2.1:65535"), (name{"192.0.2.1", 65535}));
  EXPECT_EQ(parse_server_name("[::1]:6000"), (name{"::1", 6000}));
}

TEST(ServerName, RefusesEverythingElse) {
  for (const auto* text : {"", "host:0", "host:1x", "[::1]x"})
    EXPECT_EQ(parse_server_name(text), std::nullopt) << text;
}

} // namespace fleetcast::api
