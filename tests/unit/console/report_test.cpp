#include "actors/console/folded_text.hpp"
#include "actors/console/rendering.hpp"
#include "actors/console/report.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace fleetcast::actors {
namespace report_test {
namespace {

status_snapshot leaf(const std::string& kind, std::vector<fact> facts) {
  status_snapshot result;
  result.actor = kind;
  result.state = "fine";
  result.facts = std::move(facts);
  return result;
}

std::vector<status_snapshot> sample() {
  auto session = leaf("send_session", {metrics::session("3"), metrics::percent(99.96),
                                       metrics::rate(800'000'000), metrics::repair_datagrams(5)});
  session.id = 10;
  session.children.push_back(leaf("socket_writer", {metrics::bytes(7)}));
  auto silent = leaf("receive_session", {metrics::session("4")});
  silent.answered = false;
  silent.state = "no answer in 500 ms";
  auto manager = leaf("session_manager", {});
  manager.children = {session, silent};
  return {manager};
}

std::string text(verb what, const char* key, report::json value,
                 std::size_t columns = text_table::unlimited) {
  command c;
  c.what = what;
  report::json document;
  document[key] = std::move(value);
  return render(c, document, columns);
}

/// Of a narrow terminal: every line fits, and all that is to be in sight is there, wherever it was broken.
void expect_in_sight(const std::string& shown, std::size_t columns,
                     const std::vector<std::string>& wanted) {
  std::istringstream in{shown};
  std::string all;
  for (std::string line; std::getline(in, line);) {
    EXPECT_LE(columns_in(line), columns) << line;
    all += line;
  }
  std::erase(all, ' ');
  for (auto text : wanted) {
    std::erase(text, ' ');
    EXPECT_NE(all.find(text), std::string::npos) << columns << " columns lack " << text << ":\n"
                                                 << shown;
  }
}

TEST(Report, KeepsObjectHostAndCauseInSightOnNarrowTerminals) {
  const std::string object = "lab/releases/2026-11/debian-installer-bookworm-amd64.img";
  const std::string host = "rack7-node042.cluster.example.org";
  const std::string cause = "silent: receiver 2 (" + host + ", 10.91.0.42), 12 s";
  const auto sessions = report::json::array({{{"session", "3"},
                                              {"direction", "send"},
                                              {"state", "sending"},
                                              {"percent", 41.7},
                                              {"rate", 812e6},
                                              {"limited_by", cause},
                                              {"eta", 75.0},
                                              {"loss", 0.25},
                                              {"repairs", 1234},
                                              {"receivers", 16},
                                              {"object", object},
                                              {"peer", host},
                                              {"interface", "eth0"}}});
  const auto receivers = report::json::array({{{"receiver", 2},
                                               {"host", host},
                                               {"percent", 41.7},
                                               {"rate", 812e6},
                                               {"limited_by", "silent"},
                                               {"loss", 0.25},
                                               {"heard_seconds", 12.5},
                                               {"free_blocks", 7},
                                               {"kernel_drops", 0},
                                               {"address", "10.91.0.42:40123"},
                                               {"feedback", "10.91.0.1:40000"}}});
  for (const std::size_t columns : {60, 80, 120}) {
    expect_in_sight(text(verb::sessions, "sessions", sessions, columns), columns,
                    {object, host, cause, "41.7"});
    expect_in_sight(text(verb::receivers, "receivers", receivers, columns), columns,
                    {host, "silent", "41.7"});
  }
}

TEST(Report, HasARowForEachSessionThoseThatAreStuckToo) {
  const auto rows = report::of_sessions(sample());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["session"], 3);
  EXPECT_EQ(rows[0]["direction"], "send");
  EXPECT_EQ(rows[0]["repair_datagrams"], 5);
  EXPECT_TRUE(rows[0]["repaired_symbols"].is_null());
  EXPECT_TRUE(rows[0]["seconds_left"].is_null());
  EXPECT_EQ(rows[1]["session"], 4);
  EXPECT_EQ(rows[1]["state"], "no answer in 500 ms");
  EXPECT_TRUE(rows[1]["bits_per_second"].is_null());
}

TEST(Report, SaysOfEachSessionWhichWayItsDatagramsTake) {
  const auto rows = report::of_sessions(
    {leaf("send_session",
          {metrics::session("3"), metrics::interface("eth2"), metrics::local_address("192.0.2.7"),
           metrics::group("239.255.7.1:5041"), metrics::feedback("192.0.2.7:5050")})});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["interface"], "eth2");
  EXPECT_EQ(rows[0]["local_address"], "192.0.2.7");
  EXPECT_EQ(rows[0]["group"], "239.255.7.1:5041");
  EXPECT_EQ(rows[0]["feedback"], "192.0.2.7:5050");
  EXPECT_NE(text(verb::sessions, "sessions", rows).find("eth2"), std::string::npos);
}

TEST(Report, FindsActorsAndSessions) {
  const auto all = sample();
  EXPECT_EQ(report::find_actor(all, 10)->actor, "send_session");
  EXPECT_EQ(report::find_actor(all, 99), nullptr);
  EXPECT_EQ(report::find_session(all, "4")->actor, "receive_session");
  EXPECT_EQ(report::find_session(all, "5"), nullptr);
}

TEST(Report, OfCountersHasNumbersOnlyWithTheirSession) {
  const auto rows = report::of_counters(sample(), "by");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["name"], "bytes");
  EXPECT_EQ(rows[0]["session"], 3) << "that of its parent";
  EXPECT_EQ(rows[0]["unit"], "bytes");
  EXPECT_EQ(report::of_counters(sample(), "?ytes").size(), 1U);
  EXPECT_EQ(report::of_counters(sample(), "r*s").size(), 1U);
  EXPECT_TRUE(report::of_counters(sample(), "nothing").empty());
}

TEST(Report, GathersTheLabelsOfOneMetric) {
  const auto actor = report::of_actor(
    leaf("reassembly", {metrics::dropped(3, "forged"), metrics::dropped(4, "late")}));
  EXPECT_EQ(actor["facts"]["dropped"]["forged"], 3);
  EXPECT_EQ(actor["facts"]["dropped"]["late"], 4);
}

TEST(Report, PutsThoseFurthestBehindFirst) {
  receiver_list list;
  for (const auto done : {5U, 2U, 9U}) {
    receiver_report r;
    r.id = done;
    r.completed_blocks = done;
    r.blocks = 10;
    r.received_packets = 95;
    r.lost_packets = 5;
    r.feedback = "192.0.2.7:5050";
    list.receivers.push_back(r);
  }
  const auto rows = report::of_receivers(list);
  EXPECT_EQ(rows[0]["receiver"], 2);
  EXPECT_EQ(rows[2]["receiver"], 9);
  EXPECT_EQ(rows[0]["feedback"], "192.0.2.7:5050");
  EXPECT_DOUBLE_EQ(rows[0]["loss_percent"].get<double>(), 5.0);
  EXPECT_DOUBLE_EQ(rows[0]["percent"].get<double>(), 20.0);
}

TEST(Rendering, NeverShowsAHundredPercentOfWhatIsNotDone) {
  const auto shown = text(verb::sessions, "sessions", report::of_sessions(sample()));
  EXPECT_NE(shown.find(" 99.9 "), std::string::npos) << shown;
  EXPECT_EQ(shown.find("100.0"), std::string::npos) << shown;
  EXPECT_NE(shown.find("800.0 Mbit/s"), std::string::npos) << shown;
}

TEST(Rendering, NamesWhatLimitsASessionAndWhom) {
  const auto shown = [](std::vector<fact> facts) {
    return text(verb::sessions, "sessions",
                report::of_sessions({leaf("send_session", std::move(facts))}));
  };
  EXPECT_NE(shown({metrics::session("3"), metrics::limited_by("silent"),
                   metrics::limited_by_detail("receiver 2 (lab-17, 10.0.0.17), 12 s")})
              .find("silent: receiver 2 (lab-17, 10.0.0.17), 12 s"),
            std::string::npos);
  EXPECT_EQ(shown({metrics::session("3"), metrics::limited_by("rate")}).find("rate:"),
            std::string::npos);
}

TEST(Rendering, OfNothingSaysSo) {
  EXPECT_EQ(text(verb::sessions, "sessions", report::json::array()), "no session\n");
  EXPECT_EQ(text(verb::receivers, "receivers", report::json::array()), "no receiver\n");
}

TEST(Rendering, LetsNoHostWriteToTheTerminal) {
  receiver_list list;
  receiver_report r;
  r.host = "\x1b[2Jevil";
  list.receivers.push_back(r);
  const auto shown = text(verb::receivers, "receivers", report::of_receivers(list));
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_NE(shown.find("?[2Jevil"), std::string::npos) << shown;
}

TEST(Rendering, TellsTimesAndRates) {
  EXPECT_EQ(time_text(4.25), "4.2 s");
  EXPECT_EQ(time_text(3723), "1:02:03");
  EXPECT_EQ(rate_text(1'500'000'000), "1.50 Gbit/s");
  EXPECT_EQ(rate_text(2'500'000), "2.5 Mbit/s");
  EXPECT_EQ(rate_text(900), "0.9 kbit/s");
}

} // namespace
} // namespace report_test
} // namespace fleetcast::actors
