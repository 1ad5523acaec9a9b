#include "actors/console/folded_text.hpp"
#include "actors/console/text_table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace fleetcast::actors {
namespace text_table_test {
namespace {

using lines = std::vector<std::string>;

text_table sample() {
  text_table result{{{"ID"}, {"RATE", 1}, {"CAUSE"}, {"AGE", 2}}};
  result.add({"1", "800.0 Mbit/s", "host: receiver 2", "4.2 s"});
  result.add({"22", "1.0 Mbit/s", "-", "1.0 s"});
  return result;
}

TEST(TextTable, IsAsWideAsItMustBe) {
  EXPECT_EQ(sample().text(), "ID  RATE          CAUSE             AGE\n"
                             "1   800.0 Mbit/s  host: receiver 2  4.2 s\n"
                             "22  1.0 Mbit/s    -                 1.0 s\n");
}

TEST(TextTable, LeavesTheLeastImportantColumnOutFirst) {
  EXPECT_EQ(sample().text(40), "ID  RATE          CAUSE\n"
                               "1   800.0 Mbit/s  host: receiver 2\n"
                               "22  1.0 Mbit/s    -\n");
  EXPECT_EQ(sample().text(26), "ID  CAUSE\n"
                               "1   host: receiver 2\n"
                               "22  -\n");
}

TEST(TextTable, PutsWhatMattersBelowWhereNothingElseHelps) {
  EXPECT_EQ(sample().text(19), "ID  RATE\n"
                               "1   800.0 Mbit/s\n"
                               "    CAUSE: host:\n"
                               "    receiver 2\n"
                               "22  1.0 Mbit/s\n")
    << "which makes room for others, and nothing is no line";
}

TEST(TextTable, LosesNothingThatMattersAndIsNeverTooWide) {
  for (std::size_t columns = 6; columns < 50; ++columns) {
    std::istringstream in{sample().text(columns)};
    std::string all;
    for (std::string line; std::getline(in, line);) {
      EXPECT_LE(columns_in(line), columns) << line;
      all += line;
    }
    std::erase(all, ' ');
    EXPECT_NE(all.find("host:receiver2"), std::string::npos) << columns << ": " << all;
  }
}

TEST(FoldedText, BreaksBetweenWordsAndLongWordsWhereItMust) {
  EXPECT_EQ(folded("one two three", 7), (lines{"one two", "three"}));
  EXPECT_EQ(folded("one two", 8, 4), (lines{"    one", "    two"}));
  EXPECT_EQ(folded("a /a/long/path", 6), (lines{"a", "/a/lon", "g/path"}));
  EXPECT_EQ(folded("", 10), lines{""});
}

TEST(FoldedText, CountsWhatATerminalShows) {
  EXPECT_EQ(columns_in("Gerät"), 5U);
  EXPECT_EQ(columns_in("Gera\xcc\x88t"), 5U) << "a combining mark";
  EXPECT_EQ(columns_in("日本"), 4U);
  EXPECT_EQ(cut_to_columns("日本", 3), "日");
  EXPECT_EQ(folded("日本語", 4), (lines{"日本", "語"}));
  EXPECT_EQ(folded("日", 1), lines{"日"}) << "no narrower";
  EXPECT_EQ(columns_in("\xff\xe6"), 2U) << "what is no text";
}

} // namespace
} // namespace text_table_test
} // namespace fleetcast::actors
