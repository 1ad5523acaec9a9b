#include "actors/console/folded_text.hpp"
#include "api/fleetcast_ext.h"
#include "apps/fleetcast/fleet/fleet_report.hpp"
#include "apps/fleetcast/fleet/job_record.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace fleetcast::apps {
namespace fleet_report_test {
namespace {

using actors::fleet::fleet_view;
using actors::fleet::host_view;
using actors::fleet::job_phase;
using protocol::failure_code;

host_view host(const std::string& name, job_phase phase, std::uint64_t written = 0) {
  host_view result;
  result.name = name;
  result.in_contact = true;
  result.report.phase = static_cast<std::uint8_t>(phase);
  result.report.object_bytes = 1000;
  result.report.written_bytes = written;
  result.report.bits_per_second = 800;
  result.report.limited_by = "consumer";
  result.finished = is_over(phase);
  result.succeeded = phase == job_phase::done;
  return result;
}

fleet_view sample() {
  fleet_view view;
  view.job = "job-1";
  view.hosts = {host("quick", job_phase::receiving, 900), host("slow", job_phase::receiving, 100),
                host("ready", job_phase::done, 1000), host("poor", job_phase::failed, 500),
                host("gone", job_phase::receiving, 300)};
  view.hosts[3].reason = {failure_code::disk_full, 0, "disk full there"};
  view.hosts[4].in_contact = false;
  view.hosts[4].reason = {failure_code::connection_refused, 0, "refused"};
  return view;
}

TEST(FleetReport, SummaryCountsAndNamesTheSlowestWithItsLimit) {
  const auto text = format_summary(sample());
  EXPECT_NE(text.find("5 hosts:"), std::string::npos) << text;
  EXPECT_NE(text.find("2 receiving"), std::string::npos) << text;
  EXPECT_NE(text.find("1 out of contact"), std::string::npos) << text;
  EXPECT_NE(text.find("slowest slow at 10 % (consumer)"), std::string::npos) << text;
}

TEST(FleetReport, LiveTablePutsTroubleFirstAndFitsTheTerminal) {
  const auto lines = format_live(sample(), 110, 5);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[2].substr(0, 4), "poor");
  EXPECT_EQ(lines[3].substr(0, 4), "gone");
  EXPECT_EQ(lines[4], "and 3 more");
  EXPECT_EQ(format_live(sample(), 110, 7).size(), 7U);
  EXPECT_EQ(format_live(sample(), 110, 40).size(), 7U) << "what there is";
  EXPECT_LE(format_live(sample(), 110, 2).size(), 2U);
}

/// All lines fit, and all of `wanted` is there, wherever it was broken.
void expect_in_sight(const std::vector<std::string>& lines, std::size_t columns,
                     const std::vector<std::string>& wanted) {
  std::string all;
  for (const auto& line : lines) {
    EXPECT_LE(actors::columns_in(line), columns) << line;
    all += line;
  }
  std::erase(all, ' ');
  for (auto text : wanted) {
    std::erase(text, ' ');
    EXPECT_NE(all.find(text), std::string::npos)
      << columns << " columns lack " << text << ": " << all;
  }
}

std::vector<std::string> lines_in(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

TEST(FleetReport, KeepsObjectHostsAndCausesInSightOnNarrowTerminals) {
  auto view = sample();
  view.request.emplace();
  view.request->server = "images.example.org";
  view.request->name_space = "releases";
  view.request->object = "2026-11/debian-installer-bookworm-amd64.img";
  view.request->destination = "{host}/debian.img";
  view.hosts[2].report.digest = std::string(64, 'a');
  view.hosts[3].name = "rack7-node042.cluster.example.org";
  view.hosts[3].reason.text
    = "cannot write /srv/fleetcast/rack7-node042.cluster.example.org/debian.img: No space left on "
      "device";
  const std::vector<std::string> wanted{
    "images.example.org/releases/2026-11/debian-installer-bookworm-amd64.img",
    view.hosts[3].name,
    view.hosts[3].reason.text,
    "refused",
    "quick",
    "out of contact"};
  for (const std::size_t columns : {60, 80, 120}) {
    expect_in_sight(format_live(view, columns, 40), columns, wanted);
    expect_in_sight(lines_in(format_report(view, false, columns)), columns, wanted);
  }
}

TEST(FleetReport, LetsFiguresGoBeforeTheCauseLeavesItsLine) {
  const auto lines = format_live(sample(), 60, 40);
  const auto poor = std::find_if(lines.begin(), lines.end(),
                                 [](const auto& line) { return line.starts_with("poor"); });
  ASSERT_NE(poor, lines.end());
  EXPECT_TRUE(poor->ends_with("disk full there")) << *poor;
}

TEST(FleetReport, IsOneLineForEachHostWhereNoTerminalIsNarrow) {
  auto view = sample();
  view.hosts[2].report.digest = std::string(64, 'a');
  const auto text = format_report(view);
  const auto at = text.find("\nready");
  ASSERT_NE(at, std::string::npos) << text;
  const auto line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  EXPECT_TRUE(line.ends_with(view.hosts[2].report.digest)) << line;
}

TEST(FleetReport, NamesTheCauseForEachHostThatFailed) {
  const auto text = format_report(sample());
  EXPECT_NE(text.find("poor: disk full there"), std::string::npos) << text;
  EXPECT_NE(text.find("1 of 5 hosts succeeded"), std::string::npos) << text;
  const auto asked = format_report(sample(), true);
  EXPECT_EQ(asked.find("succeeded"), std::string::npos) << "asking is no success: " << asked;
  EXPECT_NE(asked.find(format_summary(sample())), std::string::npos) << asked;
}

TEST(FleetReport, NoticesDifferentContents) {
  auto view = sample();
  view.hosts[1] = host("other", job_phase::done, 1000);
  EXPECT_FALSE(digests_differ(view));
  view.hosts[1].report.digest = "ab";
  EXPECT_TRUE(digests_differ(view));
}

TEST(FleetReport, TellsAgentsOfOneHostApart) {
  auto view = sample();
  for (std::size_t i = 0; i < view.hosts.size(); ++i)
    view.hosts[i].port = static_cast<std::uint16_t>(5045 + i);
  view.hosts[1].name = "quick";
  view.hosts[3].name = view.hosts[4].name = "::1";
  const host_labels labels{view};
  EXPECT_EQ(labels.of(view.hosts[0]), "quick:5045");
  EXPECT_EQ(labels.of(view.hosts[1]), "quick:5046");
  EXPECT_EQ(labels.of(view.hosts[2]), "ready") << "there is one of this name";
  EXPECT_EQ(labels.of(view.hosts[3]), "[::1]:5048");
  EXPECT_NE(format_summary(view).find("slowest quick:5046"), std::string::npos);
  EXPECT_NE(format_report(view).find("[::1]:5048: disk full there"), std::string::npos);
  EXPECT_EQ(format_live(view, 200, 5)[2].substr(0, 10), "[::1]:5048");
  EXPECT_EQ(to_json(view.hosts[1])["port"], 5046);
  EXPECT_EQ(to_json(view)["slowest"], "quick:5046");
}

TEST(FleetReport, GivesProgramsNumbers) {
  const auto one = to_json(sample().hosts[3]);
  EXPECT_EQ(one["state"], "failed");
  EXPECT_FALSE(one["succeeded"]);
  EXPECT_EQ(one["percent"], 50);
  EXPECT_EQ(one["limited_by"], "consumer");
  EXPECT_EQ(one["error"]["text"], "disk full there");
  EXPECT_EQ(one["error"]["code"], ERROR_DISK_FULL);
  EXPECT_EQ(one["error"]["name"], "ERROR_DISK_FULL");
  EXPECT_FALSE(to_json(sample().hosts[2]).contains("error"));
  const auto all = to_json(sample());
  EXPECT_EQ(all["hosts"], 5);
  EXPECT_EQ(all["hosts_succeeded"], 1);
  EXPECT_EQ(all["hosts_failed"], 1);
  EXPECT_EQ(all["hosts_out_of_contact"], 1);
  EXPECT_EQ(all["slowest"], "slow");
}

TEST(FleetReport, SaysWhenACopyTookItsName) {
  auto one = sample().hosts[2];
  EXPECT_FALSE(to_json(one).contains("activated"));
  one.report.activated_us = 1'767'225'600'000'250;
  EXPECT_EQ(to_json(one)["activated"], "2026-01-01T00:00:00.000250Z");
}

TEST(FleetReport, KnowsNoOtherLimitsThanTheProtocol) {
  auto one = sample().hosts[0];
  for (const auto* word : {"", "disk", "<script>"}) {
    one.report.limited_by = word;
    EXPECT_EQ(to_json(one)["limited_by"], "unknown") << word;
  }
}

TEST(FleetReport, CopesWithFiguresThatMakeNoSense) {
  auto view = sample();
  view.hosts[0].report.written_bytes = ~0ULL;
  view.hosts[1].report.object_bytes = 0;
  view.hosts[2].report.phase = 200;
  view.hosts[3].report.activated_us = ~0ULL;
  for (const auto& one : view.hosts)
    EXPECT_FALSE(to_json(one).empty());
  EXPECT_FALSE(format_report(view).empty());
  EXPECT_FALSE(format_live(view, 80, 24).empty());
  view.hosts.clear();
  EXPECT_FALSE(format_summary(view).empty());
}

job_record sample_record() {
  job_record record;
  record.request.job = "job-1";
  record.request.server = "server";
  record.request.port = 5040;
  record.request.name_space = "lab";
  record.request.object = "a b.img";
  record.request.destination = "{host}.img";
  record.request.together = true;
  record.abort_on_failure = true;
  record.hosts = {{"a", 1}, {"b", 2}};
  return record;
}

TEST(JobRecord, SurvivesItsFile) {
  actors::testing::temporary_directory directory;
  ASSERT_TRUE(save(sample_record(), directory.path()));
  const auto loaded = load_job("job-1", directory.path());
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(to_text(**loaded), to_text(sample_record()));
  EXPECT_EQ((*loaded)->hosts[1].name, "b");
  EXPECT_TRUE((*loaded)->request.together);
}

TEST(JobRecord, IsMissingOrWrongWithoutHarm) {
  actors::testing::temporary_directory directory;
  const auto missing = load_job("job-1", directory.path());
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  for (const auto* text : {"", "{", "[]", "{}", "{\"job\": 7}"})
    EXPECT_FALSE(parse_job(text)) << text;
  auto bad = sample_record();
  bad.request.job = "../x";
  EXPECT_FALSE(parse_job(to_text(bad)));
  bad = sample_record();
  bad.hosts.clear();
  EXPECT_FALSE(parse_job(to_text(bad)));
}

TEST(JobRecord, MakesIdsThatAreIds) {
  const auto one = make_job_id();
  EXPECT_TRUE(actors::fleet::is_job_id(one)) << one;
  EXPECT_NE(one, make_job_id());
}

} // namespace
} // namespace fleet_report_test
} // namespace fleetcast::apps
