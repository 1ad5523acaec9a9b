#include "apps/fleetcast/help_layout.hpp"

#include <gtest/gtest.h>

namespace fleetcast::apps {
namespace help_layout_test {
namespace {

TEST(HelpLayout, FillsParagraphsAndKeepsExamples) {
  EXPECT_EQ(filled("one two\nthree four five\n\nnew\n  fleetcast   get\nafter\n", 13),
            "one two three\nfour five\n\nnew\n  fleetcast   get\nafter\n");
}

TEST(HelpLayout, CountsCharactersAndNotBytes) {
  EXPECT_EQ(filled("äöü äöü", 7), "äöü äöü\n");
}

TEST(HelpLayout, PutsDescriptionsBesideShortNamesAndBelowLongOnes) {
  CLI::App app;
  app.formatter(std::make_shared<help_layout>());
  bool flag = false;
  app.add_flag("--short", flag,
               "What it is for, in so many words that they do not fit the rest of one line");
  app.add_flag("--a-name-that-is-quite-long", flag, "Below");
  const auto text = app.help();
  EXPECT_NE(text.find("  --short                 What it is for"), std::string::npos) << text;
  EXPECT_NE(text.find("  --a-name-that-is-quite-long\n                          Below\n"),
            std::string::npos)
    << text;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), help_columns) << line;
}

} // namespace
} // namespace help_layout_test
} // namespace fleetcast::apps
