/// This host's end of a fleet: starts, watches, stores and cancels jobs for coordinators.
///
/// A job is one object for one file. Jobs are kept by id, so a coordinator that asks again (its message
/// was lost, it died, it is another one) finds the true state and starts nothing twice. The agent needs
/// no coordinator for a job once it is started; only `together` waits for a word, an hour at most.
///
/// Bounds: jobs that run, jobs that are remembered, watchers of a job, and the length of all text. What is
/// beyond is refused with server_busy; of the jobs that are over the oldest is forgotten, of watchers
/// the oldest. Messages of types that nobody expects are dropped and counted.
///
/// Supervision: monitors its receptions, and says `internal` for one that crashed. Monitors watchers, to
/// forget them. Its own crash ends its receptions, and with them their sessions.
#pragma once

#include "actors/fleet/frame_tally.hpp"
#include "actors/fleet/messages.hpp"
#include "actors/fleet/reception.hpp"
#include "actors/status.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

struct agent_limits {
  std::size_t running = 4; ///< jobs that are not over
  std::size_t kept = 64;   ///< jobs, those that are over included
  std::size_t watchers = 8;

  /// How long a staged file waits for the word of a coordinator.
  std::chrono::seconds staged{3600};

  /// A watcher hears this often at least.
  std::chrono::milliseconds keep_alive{2000};

  /// What befell the frames of its links, to be shown with its status; null: not shown.
  std::shared_ptr<const frame_tally> frames = nullptr;
};

/// How an agent makes its receptions; tests put others in their place.
class agent_parts {
public:
  agent_parts() = default;
  agent_parts(const agent_parts&) = delete;
  agent_parts& operator=(const agent_parts&) = delete;
  virtual ~agent_parts() = default;

  /// Or why it cannot begin.
  virtual tl::expected<reception_actor, failure>
  receive(caf::scheduled_actor& agent, const job_request& request, const std::string& destination,
          const reception_host_actor& self)
    = 0;
};

/// The real ones: actors on threads of their own that open sessions at `manager`. Empty paths: the user's defaults.
std::shared_ptr<agent_parts> storing_parts(std::shared_ptr<target_files> files,
                                           session_manager_actor manager, std::string known_servers,
                                           std::string identity);

/// An agent with what its own process says to it; a peer that says these is not heard.
using local_agent_actor = agent_actor::extend<caf::reacts_to<reception_news>,
                                              caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>,
                                              caf::replies_to<status_atom>::with<status_snapshot>>;

class agent_state {
public:
  static inline const char* name = "fleet_agent";

  explicit agent_state(local_agent_actor::pointer self) : self_(self) {}

  /// Only where the agent dies with jobs left: they end, since nobody could cancel them any more.
  ~agent_state();

  agent_state(const agent_state&) = delete;
  agent_state& operator=(const agent_state&) = delete;

  local_agent_actor::behavior_type make_behavior(std::shared_ptr<agent_parts> parts,
                                                 agent_limits limits);

private:
  struct job {
    job_request request;
    job_report report;
    reception_actor reception; ///< null once it has ended
    std::vector<caf::strong_actor_ptr> watchers;
    protocol::timestamp staged_at{};
    protocol::timestamp told_at{};

    job_phase phase() const noexcept { return phase_of(report.phase); }
  };

  using answer = caf::result<job_report>;

  answer start(const job_request& request);
  caf::result<job_state> watch(const std::string& id);
  answer retry(const std::string& id);
  answer commit(const std::string& id);
  answer cancel(const std::string& id);

  void begin(job& one);
  void hear(const reception_news& news);
  void tick();
  void stop();
  void on_down(const caf::down_msg& down);
  void end(job& one, job_phase phase, failure reason);
  void tell(job& one);
  void add_watcher(job& one);
  void quit_if_done();
  bool make_room();
  job* find(const std::string& id);
  std::size_t running() const;
  job_report report_of(const std::string& id, const job* found) const;
  status_snapshot status() const;

  local_agent_actor::pointer self_;
  std::shared_ptr<agent_parts> parts_;
  agent_limits limits_;
  std::list<job> jobs_; ///< the oldest first
  vitals vitals_;
  bool stopping_ = false;
  bool ticking_ = false;
  std::uint64_t refused_ = 0;
  std::uint64_t dropped_ = 0;
};

local_agent_actor::behavior_type agent(local_agent_actor::stateful_pointer<agent_state> self,
                                       std::shared_ptr<agent_parts> parts, agent_limits limits);

} // namespace fleetcast::actors::fleet
