#include "actors/io/ip_reassembly.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors::io {
namespace ip_reassembly_test {
namespace {

constexpr const char* table = "Ip: Forwarding ReasmReqds ReasmOKs\n"
                              "Ip: 1 40 20\n"
                              "Tcp: MaxConn ReasmOKs\n"
                              "Tcp: -1 7\n";

TEST(IpReassembly, FindsAColumnOfTheRightRows) {
  EXPECT_EQ(counter_in_table(table, "Ip:", "ReasmOKs"), 20U);
  EXPECT_EQ(counter_in_table(table, "Tcp:", "ReasmOKs"), 7U);
  EXPECT_EQ(counter_in_table(table, "Tcp:", "MaxConn"), 0U) << "-1 is none";
}

TEST(IpReassembly, FindsALineOfAList) {
  constexpr const char* list = "Ip6InReceives   12\nIp6ReasmOKs   \t3\n";
  EXPECT_EQ(counter_in_list(list, "Ip6ReasmOKs"), 3U);
  EXPECT_EQ(counter_in_list(list, "Ip6Reasm"), 0U);
}

TEST(IpReassembly, IsZeroWhereNothingCanBeRead) {
  for (const auto* text :
       {"", "Ip:", "Ip: ReasmOKs\n", "Ip: ReasmOKs\nTcp: 5\n", "Ip: ReasmOKs\nIp: x\n"})
    EXPECT_EQ(counter_in_table(text, "Ip:", "ReasmOKs"), 0U) << text;
  EXPECT_EQ(counter_in_list("Ip6ReasmOKs", "Ip6ReasmOKs"), 0U);
}

} // namespace
} // namespace ip_reassembly_test
} // namespace fleetcast::actors::io
