#include "protocol/send/report_lateness.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace report_lateness_test {
namespace {

TEST(ReportLateness, IsWhatTheNextReportMakesUpFor) {
  report_lateness late;
  late.on_report(milliseconds(10), milliseconds(40));
  EXPECT_EQ(late.value(), milliseconds(30));
}

TEST(ReportLateness, AReportThatTakesAsLongAsThePathIsNotLate) {
  report_lateness late;
  late.on_report(milliseconds(40), milliseconds(40));
  late.on_report(milliseconds(90), milliseconds(40));
  EXPECT_EQ(late.value(), duration{});
}

TEST(ReportLateness, WhatTimersDoIsNotLateness) {
  report_lateness late;
  late.on_report(milliseconds(1), milliseconds(4));
  EXPECT_EQ(late.value(), duration{});
}

TEST(ReportLateness, IsForgottenByAndBy) {
  report_lateness late;
  late.on_report({}, milliseconds(50));
  const auto first = late.value();
  late.on_report(milliseconds(20), milliseconds(20));
  EXPECT_LT(late.value(), first);
  EXPECT_GT(late.value(), first * 9 / 10);
  for (int i = 0; i < 100; ++i)
    late.on_report(milliseconds(20), milliseconds(20));
  EXPECT_EQ(late.value(), duration{});
}

TEST(ReportLateness, ExcusesNoMoreThanAHostWaitsForItsProcessor) {
  report_lateness late;
  late.on_report({}, seconds(2));
  EXPECT_EQ(late.value(), milliseconds(100));
}

} // namespace
} // namespace report_lateness_test
} // namespace fleetcast::protocol
