// What people type: sizes, addresses, names.
#include "apps/common/byte_size.hpp"
#include "apps/common/object_address.hpp"
#include "apps/common/wide_text.hpp"

#include <gtest/gtest.h>

namespace fleetcast::apps {

TEST(ByteSize, UnderstandsUnitsInEveryUsualSpelling) {
  EXPECT_EQ(parse_byte_size("0"), 0U);
  EXPECT_EQ(parse_byte_size("1048576"), 1048576U);
  for (const auto* text : {"1M", "1m", "1MB", "1MiB", "1mib", "1024K", "1024kB", "1048576B"})
    EXPECT_EQ(parse_byte_size(text), 1048576U) << text;
  EXPECT_EQ(parse_byte_size("3G"), 3ULL << 30);
  EXPECT_EQ(parse_byte_size("2T"), 2ULL << 40);
  EXPECT_EQ(parse_byte_size("16777215T"), 16777215ULL << 40);
}

TEST(ByteSize, RefusesEverythingElse) {
  for (const auto* text : {"", "M", "-1", "+1", " 1", "1 M", "1.5M", "1X", "1Mi", "1MM", "0x10",
                           "18446744073709551616", "16777216T"})
    EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
}

TEST(ObjectAddress, IsServerNamespaceObject) {
  auto address = parse_object_address("[::1]:5040/lab/a/b c.img");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->server, "[::1]:5040");
  EXPECT_EQ(address->name_space, "lab");
  EXPECT_EQ(address->object, "a/b c.img");
  EXPECT_EQ(address->base_name(), "b c.img");
}

TEST(ObjectAddress, BaseNameFollowsTheLastSlashOfEitherKind) {
  EXPECT_EQ(parse_object_address("s/n/disk.img")->base_name(), "disk.img");
  EXPECT_EQ(parse_object_address("s/n/a\\b.wim")->base_name(), "b.wim");
  EXPECT_EQ(parse_object_address("s/n/a/")->base_name(), "");
  EXPECT_EQ(parse_object_address("s/n/a/..")->base_name(), "..");
}

TEST(ObjectAddress, ExplainsWhatItWants) {
  for (const auto* text : {"", "server", "server/lab", "server/lab/", "/lab/x", "server//x"}) {
    auto address = parse_object_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().find("SERVER[:PORT]/NAMESPACE/OBJECT"), std::string::npos);
  }
}

TEST(ToWide, DecodesEveryLength) {
  EXPECT_EQ(to_wide(""), L"");
  EXPECT_EQ(to_wide("a\x7f\xc2\x80\xdf\xbf"), L"a\u007f\u0080\u07ff");
  EXPECT_EQ(to_wide("\xe0\xa0\x80\xef\xbf\xbf"), L"\u0800\uffff");
  EXPECT_EQ(to_wide("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), L"\U00010000\U0010ffff");
}

TEST(ToWide, RefusesMalformedText) {
  for (std::string_view text :
       {std::string_view{"\0", 1}, std::string_view{"\x80"}, std::string_view{"\xc2"},
        std::string_view{"\xc2 "}, std::string_view{"\xc0\xaf"}, std::string_view{"\xe0\x80\x80"},
        std::string_view{"\xed\xa0\x80"}, std::string_view{"\xf4\x90\x80\x80"},
        std::string_view{"\xf8\x88\x80\x80\x80"}, std::string_view{"\xff"}})
    EXPECT_EQ(to_wide(text), std::nullopt);
}

} // namespace fleetcast::apps
