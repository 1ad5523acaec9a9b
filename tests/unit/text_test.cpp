#include "protocol/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::protocol {
namespace {

TEST(PlainText, IsUtf8WithoutControlCharacters) {
  for (const auto* text :
       {"", "tree", "\xc2\xa0", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_plain_text(text)) << text;
  for (const auto* text :
       {"\t", "\x7f", "\x1b[2J", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
        "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "\xc2\x80", "\xc2\x9b[2J"})
    EXPECT_FALSE(is_plain_text(text)) << text;
}

TEST(PlainText, IsMadeByReplacingBytes) {
  EXPECT_EQ(plain_text("a\x1b[2J\r\x7f", ' '), "a [2J  ");
  EXPECT_EQ(plain_text("\xc2\x9b[2J", '?'), "??[2J");
  EXPECT_EQ(plain_text("\x9b\xff \xc3\xa4\xe2\x82", '?'), "?? \xc3\xa4??") << "what is text stays";
  EXPECT_EQ(plain_text(std::string{"\0", 1}, '?'), "?");
  EXPECT_EQ(plain_text("", '?'), "");
}

} // namespace
} // namespace fleetcast::protocol
