#include "api/utf8.hpp"

#include <gtest/gtest.h>

namespace fleetcast::api {

TEST(ToUtf8, EncodesEveryLength) {
  EXPECT_EQ(to_utf8(L"", 10), "");
  EXPECT_EQ(to_utf8(L"a\u007f", 10), "a\x7f");
  EXPECT_EQ(to_utf8(L"\u0080\u07ff", 10), "\xc2\x80\xdf\xbf");
  EXPECT_EQ(to_utf8(L"\u0800\ud7ff\ue000\uffff", 10),
            "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
  EXPECT_EQ(to_utf8(L"\U00010000\U0010ffff", 10), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

TEST(ToUtf8, RefusesWhatIsNoCodePoint) {
  for (unsigned long value : {0xd800UL, 0xdfffUL, 0x110000UL, 0x7fffffffUL, 0xffffffffUL}) {
    const wchar_t text[] = {L'x', static_cast<wchar_t>(value), 0};
    EXPECT_EQ(to_utf8(text, 10), std::nullopt) << value;
  }
}

TEST(ToUtf8, ReadsOneCharacterBeyondTheLimitAndNoFurther) {
  // Not terminated: the sanitizer sees a read too many.
  const wchar_t text[] = {L'a', L'b', L'c'};
  EXPECT_EQ(to_utf8(text, 2), "abc");
}

} // namespace fleetcast::api
