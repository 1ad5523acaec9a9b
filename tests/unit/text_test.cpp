#include "protocol/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::protocol {
namespace text_test {
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

TEST(Text, ReplacesWhatMakesPeopleReadSomethingElse) {
  for (const auto* hidden :
       {"\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", // direction
        "\u2028", "\u2029",                                                   // separators
        "\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u3164", // no width
        "\ufff9", "\U000e0041"}) {
    EXPECT_FALSE(is_plain_text(hidden)) << hidden;
    const std::string name = std::string{"a"} + hidden + "b";
    EXPECT_EQ(plain_text(name, '?'), "a" + std::string(name.size() - 2, '?') + "b");
  }
}

TEST(Text, KeepsTheNeighboursOfWhatItReplaces) {
  for (const auto* shown : {"\u2027", "\u202f", "\u200a", "\u2010", "\u205f", "\u2070", "\u00a0",
                            "\u00ae", "\ufefe", "\ufffd", "\U000e1000", "\U0001f600\ufe0f"})
    EXPECT_TRUE(is_plain_text(shown)) << shown;
}

TEST(Text, CutsBetweenCharacters) {
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("abc", 2), "ab");
  EXPECT_EQ(cut_text("a\u00e4b", 2), "a");
  EXPECT_EQ(cut_text("\U0001f600", 3), "");
}

TEST(Text, ShowsSoMuchOfAStrangersText) {
  EXPECT_EQ(outside_text("lab/image"), "lab/image");
  EXPECT_EQ(outside_text("a\u202etxt.exe\n"), "a???txt.exe?");
  EXPECT_EQ(outside_text(std::string(4000, 'x')), std::string(max_outside_text - 3, 'x') + "...");
  EXPECT_EQ(outside_text("ab\u00e4\u00e4cdefg", 7), "ab\u00e4...");
}

} // namespace
} // namespace text_test
} // namespace fleetcast::protocol
