/// Simulated conversations of one kind, each with the troubles that its seed draws: what `fleetcast simulate fleet` and
/// `fleetcast simulate session` have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::apps {

/// Which of them are run, and how that is told.
struct schedule_run {
  std::string
    command; ///< that runs these again, without --seed and --schedules: "fleetcast simulate fleet --hosts 5"
  std::uint64_t first_seed = 1;
  std::uint64_t count = 1000;
  bool json = false;
};

/// One kind of conversation.
class simulated_schedules {
public:
  virtual ~simulated_schedules() = default;

  /// Runs the one with this seed. What is false in it, a sentence each.
  [[nodiscard]] virtual std::vector<std::string> run(std::uint64_t seed) = 0;

  /// Of all that were run so far, for programs.
  [[nodiscard]] virtual nlohmann::json figures() const = 0;

  /// The same for people: what each is, and its value.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> lines() const = 0;
};

/// Adds --schedules, --seed and --json.
void add_schedule_options(CLI::App& command, schedule_run& run);

/// Its words and the options that were given, but for those of `add_schedule_options`.
[[nodiscard]] std::string words_of(const CLI::App& command);

/// Runs them, prints the outcome on standard output, and what is wrong, with the command that shows it again, on standard
/// error. Gives the program's exit code: 0 no schedule failed, 1 one did, 128 + signal stopped.
[[nodiscard]] int run_schedules(const schedule_run& run, simulated_schedules& schedules);

} // namespace fleetcast::apps
