#include "actors/console/line_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::actors {
namespace {

using refusal = line_buffer::refusal;

TEST(LineBuffer, CutsLinesOutOfPieces) {
  line_buffer lines;
  for (const auto* piece : {"tr", "ee\nses", "sions\r\n", "half"})
    EXPECT_EQ(lines.put(piece), std::string{piece}.size());
  EXPECT_EQ(lines.take(), "tree");
  EXPECT_EQ(lines.take(), "sessions");
  EXPECT_TRUE(lines.empty()) << "a line without an end is no line";
}

TEST(LineBuffer, TakesTheLongestLineAndRefusesOneByteMore) {
  line_buffer lines;
  lines.put(std::string(line_buffer::max_line, 'x') + "\n");
  EXPECT_EQ(lines.refused(), refusal::none);
  EXPECT_EQ(lines.take().size(), line_buffer::max_line);
  lines.put(std::string(line_buffer::max_line + 1, 'x'));
  EXPECT_EQ(lines.refused(), refusal::too_long);
}

TEST(LineBuffer, ReadsNoFurtherThanThereIsRoom) {
  line_buffer lines;
  const std::string many(2 * (line_buffer::max_waiting + 5), '\n');
  EXPECT_EQ(lines.put(many), line_buffer::max_waiting);
  EXPECT_EQ(lines.put(many), 0U);
  lines.take();
  EXPECT_EQ(lines.put(many), 1U);
}

TEST(LineBuffer, LooksAtNothingBehindALineThatIsNoText) {
  line_buffer lines;
  lines.put(std::string{"tree\nwr\0ng\ntree\n", 16});
  EXPECT_EQ(lines.refused(), refusal::not_text);
  EXPECT_EQ(lines.take(), "tree");
  EXPECT_TRUE(lines.empty());
}

TEST(PlainText, IsUtf8WithoutControlCharacters) {
  for (const auto* text :
       {"", "tree", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_plain_text(text)) << text;
  for (const auto* text :
       {"\t", "\x7f", "\x1b[2J", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
        "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xff", "\xe2\x82"})
    EXPECT_FALSE(is_plain_text(text)) << text;
}

} // namespace
} // namespace fleetcast::actors
