#include "actors/io/port_range.hpp"

#include <gtest/gtest.h>

namespace port_range_test {
namespace {

using fleetcast::actors::io::port_range;
using fleetcast::protocol::failure_code;

TEST(PortRange, IsOnePortOrTwoEnds) {
  EXPECT_EQ(port_range::parse("5050").value(), (port_range{5050, 5050}));
  EXPECT_EQ(port_range::parse("1-65535").value(), (port_range{1, 65535}));
  EXPECT_EQ(port_range::parse("5050-5050").value().to_string(), "5050");
  EXPECT_EQ(port_range::parse("5050-5113").value().to_string(), "5050-5113");
}

TEST(PortRange, IsNothingElse) {
  for (const auto* text : {"", "0", "-", "5050-", "-5050", "5051-5050", "65536", "1-65536",
                           "5050-5060-5070", " 5050", "5050 ", "+5050", "udp", "5050,5051"}) {
    const auto refused = port_range::parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, failure_code::invalid_argument);
    EXPECT_NE(refused.error().text.find("'" + std::string{text} + "'"), std::string::npos);
  }
}

} // namespace
} // namespace port_range_test
