#include "actors/console/line_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::actors {
namespace line_buffer_test {
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

} // namespace
} // namespace line_buffer_test
} // namespace fleetcast::actors
