/// `fleetcast simulate fleet` and `session` with a lie planted in what they simulate.
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/fleetcast_program.hpp"
#include "apps/fleetcast/simulate/simulate_fleet.hpp"
#include "apps/fleetcast/simulate/simulate_session.hpp"
#include "protocol/simulation/random_troubles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <string>

namespace fleetcast::apps {
namespace simulated_schedules_test {
namespace {

using protocol::simulation::control_scenario;
using protocol::simulation::fleet_scenario;
using testing::HasSubstr;
using testing::Not;

/// Three hosts and no trouble; with seed 3 they store nothing and say that they did.
fleet_scenario fleet_with_a_lie(std::uint64_t seed) {
  fleet_scenario result;
  result.plan = protocol::simulation::sample_plan(3);
  result.seed = seed;
  result.hosts.lies = seed == 3 ? 100 : 0;
  return result;
}

/// With seeds 3 and 5 the transmission notes a receipt that it loses.
control_scenario session_with_a_lie(std::uint64_t seed) {
  control_scenario result;
  result.seed = seed;
  result.lies = seed == 3 || seed == 5 ? 100 : 0;
  return result;
}

struct printed {
  int code = -1;
  std::string out;
  std::string error;
};

printed run(const schedule_run& which, simulated_schedules& schedules) {
  sigset_t before; // the command blocks those that end it, for good
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  printed result;
  result.code = run_schedules(which, schedules);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::fflush(stdout);
  result.out = testing::internal::GetCapturedStdout();
  result.error = testing::internal::GetCapturedStderr();
  return result;
}

schedule_run five_fleets() {
  return {"fleetcast simulate fleet --hosts 3", 1, 5, false};
}

TEST(SimulatedSchedules, NameTheSeedOfALieAndTheCommandThatShowsItAgain) {
  fleet_schedules schedules{fleet_with_a_lie};
  const auto result = run(five_fleets(), schedules);
  EXPECT_EQ(result.code, exit_code::failure);
  EXPECT_THAT(result.out, HasSubstr("5, 1 failed\n"));
  EXPECT_THAT(result.out,
              HasSubstr("seed 3           host0 is said to have the object and has not"));
  EXPECT_THAT(result.out, Not(HasSubstr("seed 4")));
  EXPECT_THAT(result.error, HasSubstr("fleetcast simulate fleet: 1 of 5 schedules failed"));
  EXPECT_THAT(result.error,
              HasSubstr(": fleetcast simulate fleet --hosts 3 --seed 3 --schedules 1\n"));
}

TEST(SimulatedSchedules, AreWellWithoutOne) {
  fleet_schedules schedules{fleet_with_a_lie};
  auto which = five_fleets();
  which.first_seed = 4;
  const auto result = run(which, schedules);
  EXPECT_EQ(result.code, exit_code::success) << result.out << result.error;
  EXPECT_THAT(result.out, HasSubstr("15, 15 got the object"));
  EXPECT_THAT(result.error, Not(HasSubstr("fleetcast")));
}

TEST(SimulatedSchedules, TellProgramsTheSame) {
  session_schedules schedules{session_with_a_lie};
  const auto result = run({"fleetcast simulate session", 2, 4, true}, schedules);
  EXPECT_EQ(result.code, exit_code::failure);
  const auto told = nlohmann::json::parse(result.out);
  EXPECT_EQ(told.at("seed"), 2);
  EXPECT_EQ(told.at("schedules"), 4);
  EXPECT_EQ(told.at("succeeded"), false);
  EXPECT_EQ(told.at("schedules_failed"), 2);
  ASSERT_EQ(told.at("violations").size(), 2U);
  const auto& first = told.at("violations")[0];
  EXPECT_EQ(first.at("seed"), 3);
  EXPECT_EQ(first.at("command"), "fleetcast simulate session --seed 3 --schedules 1");
  EXPECT_EQ(told.at("violations")[1].at("seed"), 5);
}

TEST(SimulatedSchedules, ListsTheFirstTwentyAndCountsTheOthers) {
  session_schedules schedules{[](std::uint64_t seed) {
    auto scenario = session_with_a_lie(seed);
    scenario.lies = 100;
    return scenario;
  }};
  const auto told
    = nlohmann::json::parse(run({"fleetcast simulate session", 1, 100, true}, schedules).out);
  EXPECT_GT(told.at("schedules_failed"), 20);
  EXPECT_EQ(told.at("violations").size(), 20U);
}

TEST(SimulatedSchedules, RepeatWithTheOptionsThatWereGiven) {
  fleetcast_program program;
  program.commands().parse("simulate fleet --seed 9 -n 5 --json --loss 2.5 --schedules 7");
  const auto* fleet = program.commands().get_subcommand("simulate")->get_subcommand("fleet");
  EXPECT_EQ(words_of(*fleet), "fleetcast simulate fleet --hosts 5 --loss 2.5");
}

TEST(SimulatedSchedules, RefuseOptionsOfTheGroup) {
  fleetcast_program program;
  EXPECT_THROW(program.commands().parse("simulate --receivers 5 fleet"), CLI::ParseError);
}

} // namespace
} // namespace simulated_schedules_test
} // namespace fleetcast::apps
