#include "apps/fleetcast/daemon/metrics_page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace fleetcast::apps {
namespace metrics_page_test {
namespace {

using namespace actors;

status_snapshot session(std::uint64_t id) {
  status_snapshot result;
  result.actor = "send_session";
  result.facts
    = {metrics::session(std::to_string(id)), metrics::object("lab/secret name"),
       metrics::source_datagrams(id), metrics::dropped(2, "forged"), metrics::longest_gap(0.5)};
  return result;
}

console_survey survey_of(std::size_t sessions, std::uint32_t receivers) {
  console_survey result;
  for (std::size_t i = 1; i <= sessions; ++i)
    result.roots.push_back(session(i));
  receiver_list list;
  for (std::uint32_t i = 1; i <= receivers; ++i) {
    receiver_report r;
    r.id = i;
    r.blocks = 1000;
    r.completed_blocks = 1000 - i;
    list.receivers.push_back(r);
  }
  result.receivers.emplace_back("1", list);
  return result;
}

const prometheus::MetricFamily* find(const std::vector<prometheus::MetricFamily>& all,
                                     const std::string& name) {
  const auto i
    = std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.name == name; });
  return i == all.end() ? nullptr : &*i;
}

TEST(MetricsPage, NamesMetricsAsPrometheusWants) {
  const auto all = families_of(survey_of(1, 1), 10, 10);
  const auto* sent = find(all, "fleetcast_source_datagrams_total");
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->type, prometheus::MetricType::Counter);
  ASSERT_EQ(sent->metric.size(), 1U);
  EXPECT_EQ(sent->metric[0].counter.value, 1.0);
  const auto* gap = find(all, "fleetcast_longest_gap_seconds");
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->metric[0].gauge.value, 0.5);
  EXPECT_NE(find(all, "fleetcast_receiver_rate_bits_per_second"), nullptr);
  EXPECT_EQ(find(all, "fleetcast_object"), nullptr) << "texts are no metrics";
}

TEST(MetricsPage, GivesTheMomentAtWhichACertificateExpires) {
  console_survey survey;
  status_snapshot agent;
  agent.actor = "fleet_agent";
  agent.facts = {metrics::certificate_expires("2027-01-15T08:00:00Z"),
                 metrics::certificate_expires_timestamp(1'800'000'000)};
  survey.roots.push_back(agent);
  EXPECT_NE(metrics_page(survey, 10, 10)
              .find("\nfleetcast_certificate_expires_timestamp_seconds{actor=\"fleet_agent\"} "
                    "1800000000\n"),
            std::string::npos);
}

TEST(MetricsPage, GivesSeriesToSoManySessionsAndReceiversAndCountsTheRest) {
  const auto all = families_of(survey_of(12, 30), 10, 8);
  EXPECT_EQ(find(all, "fleetcast_source_datagrams_total")->metric.size(), 10U);
  EXPECT_EQ(find(all, "fleetcast_sessions_not_shown")->metric[0].gauge.value, 2.0);
  const auto* percent = find(all, "fleetcast_receiver_percent");
  ASSERT_EQ(percent->metric.size(), 8U);
  EXPECT_EQ(find(all, "fleetcast_receivers_not_shown")->metric[0].gauge.value, 22.0);
  for (const auto& one : percent->metric)
    EXPECT_LE(one.gauge.value, 97.8 + 0.01) << "those furthest behind are shown";
}

TEST(MetricsPage, AddsUpWhatWouldBeTheSameSeries) {
  console_survey all;
  all.roots = {session(1), session(1)};
  const auto families = families_of(all, 10, 10);
  const auto* dropped = find(families, "fleetcast_dropped_total");
  ASSERT_EQ(dropped->metric.size(), 1U);
  EXPECT_EQ(dropped->metric[0].counter.value, 4.0);
}

TEST(MetricsPage, IsTextAsPrometheusReadsIt) {
  const auto text = metrics_page(survey_of(1, 0), 10, 10);
  EXPECT_NE(text.find("# TYPE fleetcast_source_datagrams_total counter\n"
                      "fleetcast_source_datagrams_total{actor=\"send_session\",session=\"1\"} 1\n"),
            std::string::npos)
    << text;
}

} // namespace
} // namespace metrics_page_test
} // namespace fleetcast::apps
