#include "apps/fleetcast/bench/bench_figures.hpp"

#include <gtest/gtest.h>

namespace fleetcast::apps {
namespace bench_figures_test {
namespace {

bench_round round_of(double seconds, std::vector<double> receivers) {
  bench_round result;
  result.seconds = seconds;
  for (const auto taken : receivers) {
    bench_receiver one;
    one.seconds = taken;
    one.lost_packets = 3;
    one.repaired_symbols = 2;
    one.peak_bytes = 10 << 20;
    result.receivers.push_back(one);
  }
  return result;
}

bench_figures figures_of(std::vector<bench_round> rounds) {
  bench_figures result;
  result.object_bytes = 1'000'000;
  result.rounds = std::move(rounds);
  return result;
}

TEST(BenchFigures, TheMedianIsTheOneInTheMiddle) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 1, 5, 6}), 5.5);
}

TEST(BenchFigures, RatesAreOfTheSlowest) {
  const auto figures = figures_of({round_of(4, {1, 2, 0.5})});
  EXPECT_EQ(rate_of(figures, figures.rounds[0]), 2'000'000);
  EXPECT_EQ(transfer_rate_of(figures, figures.rounds[0]), 4'000'000);
}

TEST(BenchFigures, NothingIsDividedByZero) {
  const auto figures = figures_of({round_of(0, {})});
  EXPECT_GT(rate_of(figures, figures.rounds[0]), 0);
  EXPECT_GT(transfer_rate_of(figures, figures.rounds[0]), 0);
}

TEST(BenchFigures, ProgramsGetAllOfIt) {
  auto figures = figures_of({round_of(4, {1, 2}), round_of(2, {1, 1}), round_of(1, {1, 1})});
  auto json = to_json(figures);
  EXPECT_EQ(json["object_bytes"], 1'000'000);
  EXPECT_EQ(json["median_bits_per_second"], 4'000'000);
  EXPECT_EQ(json["rounds"].size(), 3U);
  EXPECT_EQ(json["rounds"][0]["receivers"][1]["seconds"], 2.0);
  EXPECT_EQ(json["receiver_peak_bytes"], 10 << 20);
  EXPECT_FALSE(json.contains("server_peak_bytes"));
  figures.server_peak_bytes = 5;
  EXPECT_EQ(to_json(figures)["server_peak_bytes"], 5);
}

TEST(BenchFigures, PeopleGetALineARoundAndTheMedian) {
  const auto table = to_table(figures_of({round_of(0.008, {0.004, 0.002})}));
  EXPECT_NE(table.find("0.008    1.00 Gbit/s    2.00 Gbit/s          6          4       10.0"),
            std::string::npos)
    << table;
  EXPECT_NE(table.find("median: 1.00 Gbit/s to each receiver, 2.00 Gbit/s to all 2"),
            std::string::npos)
    << table;
}

} // namespace
} // namespace bench_figures_test
} // namespace fleetcast::apps
