#include "apps/fleetcast/simulate/schedule_run.hpp"

#include "apps/common/json_output.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/failure_object.hpp"
#include "apps/fleetcast/simulate/run_watcher.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace fleetcast::apps {

namespace {

/// Seeds that are listed; the others are counted.
constexpr std::size_t most_violations = 20;

constexpr std::uint64_t most_schedules = 1'000'000'000;

struct violation {
  std::uint64_t seed = 0;
  std::vector<std::string> faults;
};

struct schedule_tally {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::vector<violation> violations; ///< the first of them
};

/// False: stopped by a signal.
bool run_all(const schedule_run& run, simulated_schedules& schedules, run_watcher& watcher,
             schedule_tally& tally) {
  const auto how_far = [&] {
    return fmt::format("{} of {} schedules, {} failed", tally.done, run.count, tally.failed);
  };
  while (tally.done < run.count) {
    if (!watcher.look(how_far))
      return false;
    const auto seed = run.first_seed + tally.done++;
    auto faults = schedules.run(seed);
    if (faults.empty())
      continue;
    ++tally.failed;
    if (tally.violations.size() < most_violations)
      tally.violations.push_back({seed, std::move(faults)});
  }
  return true;
}

std::string repeating(const schedule_run& run, std::uint64_t seed) {
  return fmt::format("{} --seed {} --schedules 1", run.command, seed);
}

nlohmann::json to_json(const schedule_run& run, const schedule_tally& tally,
                       const simulated_schedules& schedules) {
  auto violations = nlohmann::json::array();
  for (const auto& one : tally.violations)
    violations.push_back(
      {{"seed", one.seed}, {"faults", one.faults}, {"command", repeating(run, one.seed)}});
  nlohmann::json result{{"seed", run.first_seed},
                        {"schedules", tally.done},
                        {"succeeded", tally.failed == 0},
                        {"schedules_failed", tally.failed},
                        {"violations", std::move(violations)}};
  result.update(schedules.figures());
  return result;
}

std::string table_of(const schedule_run& run, const schedule_tally& tally,
                     const simulated_schedules& schedules) {
  std::string text;
  const auto line = [&](std::string_view what, std::string_view value) {
    text += fmt::format("{:<16} {}\n", what, value);
  };
  line("schedules", fmt::format("{}, {} failed", tally.done, tally.failed));
  for (const auto& [what, value] : schedules.lines())
    line(what, value);
  line("first seed", std::to_string(run.first_seed));
  for (const auto& one : tally.violations)
    for (const auto& fault : one.faults)
      line(fmt::format("seed {}", one.seed), fault);
  return text;
}

/// Without the program's name, as `complain` wants it.
std::string name_of(const schedule_run& run) {
  constexpr std::string_view program = "fleetcast ";
  const auto options = run.command.find(" -");
  auto name = run.command.substr(0, options);
  return name.starts_with(program) ? name.substr(program.size()) : name;
}

int stop(const schedule_run& run, const schedule_tally& tally, int signal) {
  const protocol::failure reason{
    protocol::failure_code::cancelled, 0,
    fmt::format("stopped after {} of {} schedules, none of which failed", tally.done, run.count)};
  if (run.json)
    print_json({{"error", error_object(reason)}}, 2);
  return complain(name_of(run), reason, exit_code::signal_base + signal);
}

} // namespace

void add_schedule_options(CLI::App& command, schedule_run& run) {
  command.add_option("--schedules", run.count, "How many to run, each with its own seed")
    ->check(CLI::Range(std::uint64_t{1}, most_schedules))
    ->capture_default_str()
    ->type_name("N");
  command.add_option("--seed", run.first_seed, "Of the first; the next ones have the next numbers")
    ->capture_default_str()
    ->type_name("N");
  command.add_flag("--json", run.json, "Print one JSON object");
}

std::string words_of(const CLI::App& command) {
  constexpr std::array<std::string_view, 3> left_out{"--schedules", "--seed", "--json"};
  std::string result;
  for (const auto* at = &command; at != nullptr; at = at->get_parent())
    result.insert(0, at->get_name() + (result.empty() ? "" : " "));
  for (const auto* option : command.get_options()) {
    const auto name = option->get_name();
    if (option->count() > 0 && std::find(left_out.begin(), left_out.end(), name) == left_out.end())
      result += " " + name + " " + option->results().front();
  }
  return result;
}

int run_schedules(const schedule_run& run, simulated_schedules& schedules) {
  run_watcher watcher;
  schedule_tally tally;
  const auto is_whole = run_all(run, schedules, watcher, tally);
  watcher.finish();
  if (!is_whole && tally.failed == 0)
    return stop(run, tally, watcher.last_signal());
  if (run.json)
    print_json(to_json(run, tally, schedules), 2);
  else
    fmt::print("{}", table_of(run, tally, schedules));
  if (tally.failed == 0)
    return exit_code::success;
  return complain(name_of(run),
                  fmt::format("{} of {} schedules failed; run the first again with: {}",
                              tally.failed, tally.done,
                              repeating(run, tally.violations.front().seed)));
}

} // namespace fleetcast::apps
