#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

namespace fleetcast::actors {
namespace log_test {
namespace {

using ::testing::HasSubstr;

class Log : public ::testing::Test {
protected:
  Log() {
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    sink->set_pattern("%v");
    log().sinks() = {sink};
    set_log_level(spdlog::level::info);
  }

  ~Log() override {
    set_log_level(spdlog::level::off);
    log().sinks().clear();
  }

  std::string text() const { return text_.str(); }
  auto lines() const {
    const auto all = text_.str();
    return std::count(all.begin(), all.end(), '\n');
  }

private:
  std::ostringstream text_;
};

TEST_F(Log, IsNotDrownedByLinesOfOneKind) {
  for (int i = 0; i < 5000; ++i)
    log("control_server").warn("refused {}", i);
  log("control_server").warn("another kind");
  EXPECT_LT(lines(), 1500);
  EXPECT_GT(lines(), 999) << "a burst passes";
  EXPECT_THAT(text(), HasSubstr("another kind\n"));
  tell_left_out(true);
  EXPECT_THAT(text(), HasSubstr(" more lines of this kind in the last "));
  EXPECT_THAT(text(), HasSubstr(" s: refused {}\n"));
}

TEST_F(Log, ShowsNoCharacterThatSteersOrMisleads) {
  log().info("{}", "a\u202eb\u2028c\x1b[2J\n2026-01-01 forged line\xff");
  EXPECT_EQ(text(), "a???b???c?[2J?2026-01-01 forged line?\n");
}

TEST_F(Log, CutsLines) {
  log().info("begins {}", std::string(100'000, 'x'));
  EXPECT_EQ(text().size(), log_voice::max_line + 1);
}

TEST(EventLogText, IsPlain) {
  event_log events;
  events.note(event_kind::receiver_joined, 1, "a\u202eb\n");
  EXPECT_EQ(events.after(0).front().text, "a???b?");
}

} // namespace
} // namespace log_test
} // namespace fleetcast::actors
