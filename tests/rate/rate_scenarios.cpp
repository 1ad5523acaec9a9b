/// Runs many of the sampled scenarios and says which keep to the rate rule. Simulated time: the figures depend on number
/// and seed alone.
#include "tests/support/rate_scenario.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using namespace fleetcast::protocol::simulation;

struct arguments {
  std::uint64_t first = 0;
  std::uint64_t count = 300;
  std::vector<std::uint64_t> seeds{1, 2, 3};
  unsigned jobs = 2;
  bool all = false;
};

class campaign {
public:
  explicit campaign(const arguments& a) : arguments_(a) {}

  /// How many were outside.
  std::uint64_t run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < arguments_.jobs; ++i)
      threads.emplace_back([this] { work(); });
    for (auto& t : threads)
      t.join();
    fmt::print("{} of {} outside\n", outside_, arguments_.count * arguments_.seeds.size());
    return outside_;
  }

private:
  void work() {
    const auto seeds = arguments_.seeds.size();
    for (auto i = next_++; i < arguments_.count * seeds; i = next_++) {
      const auto scenario
        = sampled_scenario(arguments_.first + i / seeds, arguments_.seeds[i % seeds]);
      const auto outcome = fleetcast::protocol::simulation::run(scenario);
      say(scenario, judge(scenario, outcome));
    }
  }

  void say(const rate_scenario& scenario, const rate_verdict& v) {
    const std::lock_guard lock{mutex_};
    outside_ += v.within() ? 0 : 1;
    if (arguments_.all || !v.within())
      fmt::print("{} sent {:.3f} time {:.3f} second {:.2f}{} | {}\n",
                 v.within() ? "within " : "OUTSIDE", v.sent, v.time, v.worst_second,
                 v.intact ? "" : " NOT INTACT", scenario.name);
    std::fflush(stdout);
  }

  const arguments& arguments_;
  std::atomic<std::uint64_t> next_{0};
  std::mutex mutex_;
  std::uint64_t outside_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{"Sampled scenarios of the rate rule, each against a run with a fixed rate"};
  app.add_option("--first", a.first, "Number of the first scenario")->capture_default_str();
  app.add_option("--count", a.count, "How many")->capture_default_str();
  app.add_option("--seeds", a.seeds, "Seeds, each of which every scenario is run with")
    ->delimiter(',')
    ->capture_default_str();
  app.add_option("--jobs", a.jobs, "How many at once")
    ->check(CLI::Range(1U, 256U))
    ->capture_default_str();
  app.add_flag("--all", a.all, "Print those within the bounds, too");
  CLI11_PARSE(app, argc, argv);
  return campaign{a}.run() == 0 ? 0 : 1;
}
