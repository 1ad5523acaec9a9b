#include "actors/console/command.hpp"
#include "actors/console/frame.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fleetcast::actors {
namespace command_test {
namespace {

TEST(Command, HasItsExampleUnderstood) {
  std::set<std::string_view> names;
  for (const auto& info : all_commands()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name << " is there twice";
    if (info.summary.empty())
      continue;
    const auto parsed = parse_command(info.example);
    ASSERT_TRUE(parsed) << info.name << ": " << parsed.error();
    EXPECT_EQ(parsed->what, info.what);
  }
}

TEST(Command, TakesItsArgumentsInTheirOrder) {
  const auto parsed = parse_command("  --json   kick 12  3 abort ");
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_TRUE(parsed->json);
  EXPECT_EQ(parsed->what, verb::kick);
  EXPECT_EQ(parsed->number(0), 12U);
  EXPECT_EQ(parsed->number(1), 3U);
  EXPECT_EQ(parsed->arguments[2], "abort");
}

TEST(Command, IsRefusedWithWhatToWrite) {
  for (const auto* line : {"",
                           "--json",
                           "dance",
                           "actor",
                           "actor x",
                           "session -1",
                           "session 1 2",
                           "kick 1",
                           "kick 1 2 gently",
                           "rate 1",
                           "rate 1 0",
                           "rate 1 1e99",
                           "rate 1 M",
                           "rate 1 nan",
                           "cancel 1 0",
                           "cancel 1 4294967296",
                           "events -g",
                           "log",
                           "log 3",
                           "session 99999999999999999999"}) {
    const auto parsed = parse_command(line);
    ASSERT_FALSE(parsed) << line;
    EXPECT_TRUE(parsed.error().find("write: ") != std::string::npos
                || parsed.error().find("help") != std::string::npos)
      << line << ": " << parsed.error();
  }
}

TEST(Command, LeavesTheLastOfACodeAlone) {
  const auto parsed = parse_command("cancel 1 4294967295");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->number(1), 4294967295U);
}

TEST(Command, KnowsRates) {
  EXPECT_EQ(parse_rate("auto"), 0U);
  EXPECT_EQ(parse_rate("800M"), 800'000'000U);
  EXPECT_EQ(parse_rate("1.5G"), 1'500'000'000U);
  EXPECT_EQ(parse_rate("250k"), 250'000U);
  EXPECT_EQ(parse_rate("100000"), 100'000U);
  for (const auto* text : {"", "99999", "401G", "fast", "1M1", "-5M", "0x10M", "inf"})
    EXPECT_FALSE(parse_rate(text)) << text;
}

TEST(Frame, SurvivesTheWay) {
  const auto bytes = encode(frame{frame_kind::lost, "3 events\n"});
  EXPECT_EQ(bytes, "lost 9\n3 events\n");
  const auto header = decode_frame_header("lost 9");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->kind, frame_kind::lost);
  EXPECT_EQ(header->size, 9U);
}

TEST(Frame, OfSomethingElseIsNone) {
  for (const auto* line : {"", "ok", "ok ", "ok x", "ok 1x", "fine 3", "ok -1", "ok 999999999999"})
    EXPECT_FALSE(decode_frame_header(line)) << line;
}

} // namespace
} // namespace command_test
} // namespace fleetcast::actors
