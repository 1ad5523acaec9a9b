/// What `fleetcast get` prints, and where.
#include "apps/common/leftovers.hpp"
#include "apps/common/terminal.hpp"
#include "apps/fleetcast/get/bar_style.hpp"
#include "apps/fleetcast/get/json_style.hpp"
#include "apps/fleetcast/get/line_style.hpp"
#include "apps/fleetcast/get/quiet_style.hpp"
#include "apps/fleetcast/get/reporter.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace fleetcast::apps {
namespace report_style_test {
namespace {

struct printed {
  std::string out;
  std::string error;
};

printed by(const std::function<void()>& what) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  what();
  printed result;
  result.out = testing::internal::GetCapturedStdout();
  result.error = testing::internal::GetCapturedStderr();
  return result;
}

transfer_figures half() {
  transfer_figures figures;
  figures.object_bytes = 100;
  figures.written_bytes = 50;
  figures.seconds = 1;
  return figures;
}

const get_failure& no_luck() {
  static const get_failure failure{1, ERROR_SUCCESS, "no luck", std::nullopt};
  return failure;
}

/// All that a style is told in one transfer, and both ends.
printed all_of(report_style& style) {
  return by([&style] {
    style.continuing(50, 100);
    style.reusing("/older", 7);
    style.started("/copy", 100, 10);
    style.waiting(3);
    style.progress(half());
    style.warning("odd");
    style.completed("/copy", half());
    style.failed(no_luck());
  });
}

const std::string continuing = "continuing at 50 %: 50 B of 100 B are here and are checked again\n";
const std::string reusing = "/older has 7 B: what has not changed is taken from there\n";
const std::string warning = "fleetcast get: warning: odd\n";
const std::string failed = "fleetcast get: no luck\n";

TEST(ReportStyle, QuietSaysFailuresOnly) {
  quiet_style style;
  const auto said = all_of(style);
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.error, failed);
}

TEST(ReportStyle, LinesGoToStandardErrorAndTheResultWhereItIsWanted) {
  const auto before_result = continuing + reusing + "waiting for the server for 3 s\n"
                             + format_line(half()) + "\n" + warning;
  const auto result = format_result("/copy", half()) + "\n";
  line_style to_file{stdout};
  const auto said = all_of(to_file);
  EXPECT_EQ(said.out, result);
  EXPECT_EQ(said.error, before_result + failed);
  line_style to_stream{stderr};
  const auto beside_stream = all_of(to_stream);
  EXPECT_EQ(beside_stream.out, "") << "the object is there";
  EXPECT_EQ(beside_stream.error, before_result + result + failed);
}

TEST(ReportStyle, TheBarMakesRoomForLines) {
  bar_style style{stdout};
  const auto said = all_of(style);
  const auto bar = format_bar(half(), terminal_size{}.columns);
  EXPECT_EQ(said.out, format_result("/copy", half()) + "\n");
  EXPECT_EQ(said.error, continuing + reusing + "\rwaiting for the server for 3 s\033[K" + "\r" + bar
                          + "\033[K" + "\r\033[K" + warning + failed);
}

TEST(ReportStyle, JsonIsAnEventALineAndSaysTroubleOnStandardErrorToo) {
  json_style style{"server/lab/image"};
  const auto said = all_of(style);
  EXPECT_EQ(said.error, warning + failed);
  std::vector<nlohmann::json> events;
  std::istringstream lines{said.out};
  for (std::string line; std::getline(lines, line);)
    events.push_back(nlohmann::json::parse(line));
  std::vector<std::string> kinds;
  for (const auto& event : events)
    kinds.push_back(event.value("event", ""));
  ASSERT_EQ(kinds, (std::vector<std::string>{"continuing", "reusing", "started", "waiting",
                                             "progress", "warning", "completed", "failed"}));
  EXPECT_EQ(events[2], (nlohmann::json{{"event", "started"},
                                       {"address", "server/lab/image"},
                                       {"target", "/copy"},
                                       {"object_bytes", 100},
                                       {"block_bytes", 10}}));
  EXPECT_EQ(events[4]["waiting_for_server"], false);
  EXPECT_EQ(events[6].value("target", ""), "/copy");
  EXPECT_EQ(events[7]["exit"], 1);
  EXPECT_FALSE(events[7].contains("kept"));
}

TEST(ReportStyle, AFailureNamesItsErrorAndWhatIsKept) {
  const get_failure full{3, ERROR_DISK_FULL, "no room", kept_part{"/d/hidden", 1024, std::nullopt}};
  const auto sentences
    = std::string{"fleetcast get: no room (error 112, "} + FleetcastErrorText(ERROR_DISK_FULL)
      + ")\n"
        "fleetcast get: 1.0 KiB of it are kept in /d/hidden: run the same command "
        "again to continue, or with --fresh to start over; to give up, remove "
        "that file and "
      + journal_name_of("/d/hidden") + "\n";
  quiet_style quiet;
  EXPECT_EQ(by([&] { quiet.failed(full); }).error, sentences);
  json_style json{"server/lab/image"};
  const auto said = by([&] { json.failed(full); });
  EXPECT_EQ(said.error, sentences);
  EXPECT_EQ(nlohmann::json::parse(said.out)["kept"],
            (nlohmann::json{{"bytes", 1024}, {"file", "/d/hidden"}}));
}

TEST(Reporter, PassesOnWhatTheLibraryWarnsOf) {
  reporter report{std::make_unique<line_style>(stdout)};
  const auto said = by([&report] {
    reporter::take_log(&report, FLEETCAST_LOG_ERROR, "the end tells that");
    reporter::take_log(&report, FLEETCAST_LOG_WARNING, "odd");
    reporter::take_log(&report, FLEETCAST_LOG_INFO, "nobody asked");
  });
  EXPECT_EQ(said.error, warning);
}

} // namespace
} // namespace report_style_test
} // namespace fleetcast::apps
