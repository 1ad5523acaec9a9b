#include "actors/fleet/host_list.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors::fleet {
namespace host_list_test {
namespace {

constexpr std::uint16_t default_port = 5045;

/// With the port where it is another one.
std::vector<std::string> names(std::string_view text) {
  const auto all = parse_hosts(text, default_port);
  EXPECT_TRUE(all) << (all ? "" : all.error());
  std::vector<std::string> result;
  if (all)
    for (const auto& one : *all)
      result.push_back(one.name + (one.port == default_port ? "" : ":" + std::to_string(one.port)));
  return result;
}

std::string error_of(std::string_view text) {
  const auto all = parse_hosts(text, default_port);
  return all ? "none" : all.error();
}

using list = std::vector<std::string>;

TEST(HostList, TakesNamesBetweenBlanksCommasAndLines) {
  EXPECT_EQ(names("a b,c\nd\r\n\te , f"), (list{"a", "b", "c", "d", "e", "f"}));
}

TEST(HostList, LeavesCommentsAndEmptyLinesOut) {
  EXPECT_EQ(names("# all\n\na # the first\n#b\nc"), (list{"a", "c"}));
}

TEST(HostList, KeepsTheWidthOfARange) {
  EXPECT_EQ(names("node[008-011]"), (list{"node008", "node009", "node010", "node011"}));
  EXPECT_EQ(names("n[9-11]"), (list{"n9", "n10", "n11"}));
}

TEST(HostList, TakesSeveralRangesInANameAndSeveralPartsInARange) {
  EXPECT_EQ(names("r[1-2]n[1,7]"), (list{"r1n1", "r1n7", "r2n1", "r2n7"}));
  EXPECT_EQ(names("n[1-2,5].lab:7"), (list{"n1.lab:7", "n2.lab:7", "n5.lab:7"}));
}

TEST(HostList, ReadsPortsAndAddresses) {
  EXPECT_EQ(names("a:5052 10.0.0.1:1 10.0.0.2"), (list{"a:5052", "10.0.0.1:1", "10.0.0.2"}));
  EXPECT_EQ(names("2001:db8::1 [2001:db8::2]:5052 [::1]"),
            (list{"2001:db8::1", "2001:db8::2:5052", "::1"}));
}

TEST(HostList, NotesGroups) {
  const auto all = parse_hosts("gate\n[rack1]\na\n[rack2] # the other\nb c", default_port);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 4U);
  EXPECT_EQ(all->at(0).group, "");
  EXPECT_EQ(all->at(1).group, "rack1");
  EXPECT_EQ(all->at(3).group, "rack2");
}

TEST(HostList, CountsAHostOnce) {
  EXPECT_EQ(names("a b a a:1 n[1-2] n1"), (list{"a", "b", "a:1", "n1", "n2"}));
  EXPECT_EQ(names("a a:5045 ::1 [::1]:5045 b:5045 b"), (list{"a", "::1", "b"}));
}

TEST(HostList, SaysWhatIsWrongAndInWhichLine) {
  EXPECT_EQ(error_of("a\nb["), "line 2: 'b[' has a bracket that is not closed");
  EXPECT_EQ(error_of("n[5-1]"), "line 1: 'n[5-1]' has a range that runs backwards");
  EXPECT_NE(error_of("n[a-b]").find("range"), std::string::npos);
  EXPECT_NE(error_of("n[]").find("range"), std::string::npos);
  EXPECT_NE(error_of("n[1-]").find("range"), std::string::npos);
  EXPECT_NE(error_of("a:0").find("port"), std::string::npos);
  EXPECT_NE(error_of("a:65536").find("port"), std::string::npos);
  EXPECT_NE(error_of("a:").find("port"), std::string::npos);
  EXPECT_NE(error_of("a/b").find("not a host name"), std::string::npos);
  EXPECT_NE(error_of("-a").find("not a host name"), std::string::npos);
  EXPECT_NE(error_of(std::string(300, 'a')).find("not a host name"), std::string::npos);
}

TEST(HostList, TakesAddressesAndDnsNames) {
  EXPECT_EQ(names("a_b.c-d. 10.0.0.7 x86 ::1 2001:DB8::7 fe80::1%eth0.5 ::ffff:10.0.0.7"),
            (list{"a_b.c-d.", "10.0.0.7", "x86", "::1", "2001:DB8::7", "fe80::1%eth0.5",
                  "::ffff:10.0.0.7"}));
}

TEST(HostList, TakesNothingElseForAHost) {
  for (const char* word :
       {".::",        "::.",      ".",           "..",         "a..b",
        ".a",         "a.-b",     "a-.b",        "-",          ":::",
        "1::2::3",    "::g",      "[::",         "::]",        "[::1",
        "::1%",       "::1%eth0", "fe80::1%a/b", "fe80::1%.a", "fe80::1%0123456789abcdef",
        "%",          "%::",      "::",          "[::]:1",     "0.0.0.0",
        "224.0.0.1",  "ff02::1",  "7",           "1.2.3",      "1.2.3.4.5",
        "256.1.1.1",  "1.2.3.04", "a.7",         "[1-3]x.9",   "0x7f.1",
        "0x7F000001", "a.0xa",    "a:b:c",       "a/b",        "a\\b",
        "a%b",        "fe80::1"})
    EXPECT_NE(error_of(word), "none") << word;
  EXPECT_NE(error_of(std::string(64, 'a')), "none");
  EXPECT_NE(error_of(std::string{"::1\0::1", 7}), "none");
  EXPECT_EQ(error_of(std::string(63, 'a')), "none");
}

TEST(HostList, IsBounded) {
  EXPECT_EQ(names("n[1-4096]").size(), max_hosts);
  EXPECT_NE(error_of("n[1-4097]").find("4096"), std::string::npos);
  EXPECT_NE(error_of("a n[1-4096]").find("4096"), std::string::npos);
  EXPECT_NE(error_of("n[0-999999999]").find("4096"), std::string::npos);
  EXPECT_NE(error_of("n[1-99]x[1-99]y[1-99]z[1-99]").find("4096"), std::string::npos);
  EXPECT_NE(error_of("n[1-9999999999]").find("range"), std::string::npos);
  EXPECT_NE(error_of(std::string(max_host_text + 1, ' ')).find("1 MiB"), std::string::npos);
}

TEST(HostList, TakesUpNoNameThatIsTooLong) {
  // Taken up by each of 4,096 names, it would be gigabytes.
  const std::string endless(max_host_text - 100, 'x');
  EXPECT_NE(error_of("n[1-4096]" + endless).find("too long"), std::string::npos);
  EXPECT_NE(error_of(endless + "[1-4096]").find("too long"), std::string::npos);
  EXPECT_NE(error_of("n[1-9]" + std::string(250, 'x') + "[10-11]").find("too long"),
            std::string::npos);
}

TEST(HostList, ShowsNoControlCharactersInItsComplaints) {
  EXPECT_EQ(error_of("a\x1b[1mb").find('\x1b'), std::string::npos);
}

} // namespace
} // namespace host_list_test
} // namespace fleetcast::actors::fleet
