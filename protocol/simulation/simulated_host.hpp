/// A host of a simulated fleet: an agent's real jobs, receptions that take their time or fail, and a disk that
/// outlives both.
#pragma once

#include "protocol/fleet/job_book.hpp"
#include "protocol/simulation/event_queue.hpp"
#include "protocol/simulation/small_random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace fleetcast::protocol::simulation {

class simulated_host {
public:
  using job_book = fleet::job_book;

  struct behaviour {
    duration longest_step
      = seconds(8);      ///< of a reception: to connect, to receive, to store, to take the name
    double failures = 0; ///< receptions of a hundred that fail
    double lies
      = 0; ///< of a hundred that say they are done, those that stored nothing: tests see that the judge notices
  };

  simulated_host(event_queue& events, behaviour how, std::uint64_t seed);

  simulated_host(const simulated_host&) = delete;
  simulated_host& operator=(const simulated_host&) = delete;

  bool is_up() const noexcept { return jobs_.has_value(); }

  /// Its agent is started, and goes on with the jobs that it kept; every other host's agent keeps none.
  void start();

  /// Its agent dies, and with it whatever has no name yet.
  void crash();

  /// An agent that is up answers; what it has to tell goes to `told`.
  fleet::job_report answer_start(const fleet::job_request& request);
  fleet::job_state answer_watch(const std::string& id) const;
  fleet::job_report answer_retry(const std::string& id);
  fleet::job_report answer_commit(const std::string& id);
  fleet::job_report answer_cancel(const std::string& id);

  /// Called for each report that watchers are to hear.
  std::function<void(const fleet::job_report&)> told;

  /// Called when a staged file took its name.
  std::function<void(const fleet::job_request&)> activated;

  /// The object that a destination holds; none if there is no such file.
  std::optional<std::string> holds(const std::string& destination) const;

  bool has_staged() const noexcept { return has_staged_; } ///< ever

private:
  struct reception {
    fleet::job_request request;
    fleet::job_phase phase = fleet::job_phase::connecting;
  };

  using run_number = job_book::run_number;

  void obey();
  void begin(const job_book::order& order);
  void step(run_number run);
  void finish(run_number run, fleet::job_phase phase, failure why);
  void take_name(run_number run);
  void report(run_number run, fleet::job_phase phase, failure why = {});
  void tick();
  bool lies();
  void later(std::function<void()> what);
  fleet::job_report answer(const std::string& id);

  event_queue& events_;
  behaviour how_;
  small_random random_;
  std::optional<job_book> jobs_;
  std::map<run_number, reception> receptions_;
  std::map<std::string, std::string> disk_; ///< objects by destination
  bool keeps_jobs_;
  std::map<std::string, fleet::job_request> kept_; ///< on the disk, too
  std::uint64_t life_ = 0; ///< what was to happen in an earlier one does not
  bool has_staged_ = false;
};

} // namespace fleetcast::protocol::simulation
