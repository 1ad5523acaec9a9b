/// One host's end of a fleet: the jobs that its agent knows, and what it answers about them.
///
/// A job is one object for one file. Jobs are kept by id, so a coordinator that asks again (its message
/// was lost, it died, it is another one) finds the true state and starts nothing twice. Another request under the id
/// of a job that is known is refused: an id names one request. A host needs no coordinator for a job once it is
/// started; only `together` waits for a word, and not for ever.
///
/// An agent that stops suspends its jobs. It does not report them as over, because the agent resumes them when it starts again, by
/// calling on_start with the same requests. The caller must therefore record a request before it carries out `begin`, and may
/// delete the record once the job is over (`tell`).
///
/// Each attempt at a job is a run with a number of its own; what a run of before says changes nothing.
///
/// Bounds: jobs that run, jobs that are remembered, and the length of all text. What is beyond is refused with
/// server_busy; of the jobs that are over the oldest is forgotten.
#pragma once

#include "protocol/fleet/job.hpp"
#include "protocol/order_queue.hpp"
#include "protocol/self_check.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

namespace fleetcast::protocol::fleet {

struct job_limits {
  std::size_t running = 4; ///< jobs that are not over
  std::size_t kept = 64;   ///< jobs, those that are over included

  /// How long a staged file waits for the word of a coordinator.
  std::chrono::seconds staged{3600};

  /// Watchers hear this often at least.
  milliseconds keep_alive{2000};
};

class job_book {
public:
  using run_number = std::uint64_t;

  enum class verb : std::uint8_t {
    begin,   ///< a run: on_news and on_end tell what comes of it
    commit,  ///< the staged file may take its name
    cancel,  ///< end the run, for `why`
    suspend, ///< end the run, but keep what arrived: the job goes on when the agent is back
    tell,    ///< the job's watchers: report_of(job)
    forget   ///< the job: nothing is known of it any more
  };

  struct order {
    verb what = verb::begin;
    run_number run = 0;
    std::string job;
    failure why;
  };

  explicit job_book(job_limits limits) : limits_(limits) {}

  // -- what a coordinator asks. Each may be repeated. Then `report_of` is the answer.

  /// What to answer in place of the job's report, if the job is refused.
  std::optional<job_report> on_start(const job_request& request);
  void on_retry(const std::string& id);
  void on_commit(const std::string& id);
  void on_cancel(const std::string& id);

  // -- what becomes of a run

  /// `figures` has neither phase nor code nor reason. A phase that is over ends the job, not yet the run.
  void on_news(run_number run, job_phase phase, job_report figures, failure reason, timestamp now);

  /// Nothing more comes of this run. `why` it failed, should its job not be over.
  void on_end(run_number run, failure why, timestamp now);

  /// Watchers learn that the host still lives; staged files that nobody came back for go.
  void on_tick(timestamp now);

  /// Suspends all runs and takes no further job.
  void stop();

  /// What to do next, until there is none. To be taken after each of the calls above.
  std::optional<order> next_order() {
    check_self_(*this);
    return orders_.next();
  }

  bool is_known(const std::string& id) const { return find(id) != nullptr; }

  /// Of a job that is not known: phase `unknown`.
  job_report report_of(const std::string& id) const;

  /// As it was asked for; all empty if the job is not known.
  job_request request_of(const std::string& id) const;

  std::size_t size() const noexcept { return jobs_.size(); }

  /// Jobs that are not over, or whose run has not ended.
  std::size_t running() const noexcept;

  /// Jobs that are not over.
  bool has_open() const noexcept;

  bool is_stopping() const noexcept { return stopping_; }

  [[nodiscard]] bool validate() const;

private:
  struct job {
    job_request request;
    job_report report;
    std::optional<run_number> run; ///< none once it has ended
    timestamp staged_at{};
    timestamp told_at{};

    job_phase phase() const noexcept { return phase_of(report.phase); }
    bool is_closed() const noexcept { return is_over(phase()) && !run; }
  };

  failure refusal_of(const job_request& request);
  bool make_room();
  void begin(job& one);
  void end(job& one, job_phase phase, failure reason, timestamp now);
  void tell(job& one, timestamp now);
  void cancel(const job& one, const char* why);
  job* find(const std::string& id);
  const job* find(const std::string& id) const;
  job* running(run_number run);

  job_limits limits_;
  std::list<job> jobs_; ///< the oldest first
  order_queue<order> orders_;
  self_check check_self_;
  run_number runs_ = 0;
  bool stopping_ = false;
};

} // namespace fleetcast::protocol::fleet
