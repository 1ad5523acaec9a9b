#include "apps/wdsmcast/trace_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include <unistd.h>

namespace fleetcast::apps {

namespace fs = std::filesystem;

class TraceFile : public ::testing::Test {
protected:
  std::string text() const {
    std::ifstream stream{path_};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  actors::testing::temporary_directory own_;
  fs::path directory_ = own_.path();
  std::string path_ = (directory_ / "trace.txt").string();
};

TEST_F(TraceFile, HoldsEachLineWithItsTimeAtOnce) {
  auto trace = trace_file::open(path_);
  ASSERT_TRUE(trace) << trace.error().text;
  trace->write("begun");
  trace->write("over, 100 %");
  auto time = std::string{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )"};
  EXPECT_TRUE(std::regex_match(text(), std::regex{time + "begun\n" + time + "over, 100 %\n"}))
    << text();
  EXPECT_FALSE(trace->incomplete());
}

TEST_F(TraceFile, BeginsEmpty) {
  std::ofstream{path_} << "of the last time";
  ASSERT_TRUE(trace_file::open(path_));
  EXPECT_EQ(text(), "");
}

TEST_F(TraceFile, ExplainsThatItCannotBeMade) {
  auto trace = trace_file::open((directory_ / "missing" / "trace.txt").string());
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().error, ENOENT);
  EXPECT_NE(trace.error().text.find("another file for /Trace"), std::string::npos);
}

TEST_F(TraceFile, NoticesThatLinesAreLost) {
  auto trace = trace_file::open("/dev/full");
  ASSERT_TRUE(trace);
  EXPECT_FALSE(trace->incomplete());
  trace->write("lost");
  EXPECT_TRUE(trace->incomplete());
}

} // namespace fleetcast::apps
