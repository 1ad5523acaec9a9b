/// The actor around a host's jobs (protocol/fleet/job_book.hpp): makes receptions, and tells watchers.
///
/// A job is recorded before it begins and until it is over: an agent that dies or stops goes on with it in its next life.
///
/// Bounds beside those of the jobs: watchers of a job; of those the oldest is forgotten. Messages of types that nobody
/// expects are dropped and counted.
///
/// Supervision: monitors its receptions, and says `internal` for one that crashed. Monitors watchers, to
/// forget them. Its own crash ends its receptions, and with them their sessions.
#pragma once

#include "actors/fleet/frame_tally.hpp"
#include "actors/fleet/job_store.hpp"
#include "actors/fleet/messages.hpp"
#include "actors/fleet/reception.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/manager.hpp"
#include "protocol/fleet/job_book.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

struct agent_limits : protocol::fleet::job_limits {
  std::size_t watchers = 8; ///< of a job

  /// Null: its jobs do not outlive it.
  std::shared_ptr<job_store> store = nullptr;

  /// What befell the frames of its links, to be shown with its status; null: not shown.
  std::shared_ptr<const frame_tally> frames = nullptr;

  /// When the certificate of its links expires, Unix time, to be shown likewise; null or 0: it has none.
  std::shared_ptr<const std::atomic<std::int64_t>> certificate_expires = nullptr;
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

/// How agents receive. Empty paths: the user's defaults.
struct reception_settings {
  std::string known_servers;
  std::string identity;
  protocol::duration patience{0}; ///< how long a server may be away
};

/// The real ones: actors on threads of their own that open sessions at `manager`.
std::shared_ptr<agent_parts> storing_parts(std::shared_ptr<target_files> files,
                                           session_manager_actor manager,
                                           reception_settings settings);

/// An agent with what its own process says to it; a peer that says these is not heard.
using local_agent_actor
  = agent_actor::extend<caf::reacts_to<reception_news>, caf::reacts_to<open_atom>,
                        caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>,
                        caf::replies_to<status_atom>::with<status_snapshot>>;

class agent_state {
public:
  static inline const char* name = "fleet_agent";

  explicit agent_state(local_agent_actor::pointer self) : self_(self) {}

  /// Only where the agent dies with jobs left: their receptions end, since nobody could cancel them any more.
  ~agent_state();

  agent_state(const agent_state&) = delete;
  agent_state& operator=(const agent_state&) = delete;

  local_agent_actor::behavior_type make_behavior(std::shared_ptr<agent_parts> parts,
                                                 agent_limits limits);

private:
  using job_book = protocol::fleet::job_book;
  using answer = caf::result<job_report>;

  void go_on();
  answer start(const job_request& request);
  caf::result<job_state> watch(const std::string& id);
  answer answer_about(const std::string& id);

  void obey();
  void obey(const job_book::order& order);
  void begin(const job_book::order& order);
  void tell(const std::string& id);
  void add_watcher(const std::string& id);

  void hear(const reception_news& news);
  void on_down(const caf::down_msg& down);
  void tick();
  void stop();
  void quit_if_done();
  status_snapshot status() const;

  local_agent_actor::pointer self_;
  std::shared_ptr<agent_parts> parts_;
  agent_limits limits_;
  job_book jobs_{{}};
  std::map<job_book::run_number, reception_actor> receptions_;
  std::map<std::string, std::vector<caf::strong_actor_ptr>> watchers_; ///< by job
  vitals vitals_;
  bool ticking_ = false;
  std::uint64_t refused_ = 0;
  std::uint64_t dropped_ = 0;
};

/// An agent on a thread of its own, which waits for the disk of the store. Or why there is no thread for it.
[[nodiscard]] tl::expected<local_agent_actor, failure>
start_agent(caf::actor_system& system, std::shared_ptr<agent_parts> parts, agent_limits limits);

local_agent_actor::behavior_type agent(local_agent_actor::stateful_pointer<agent_state> self,
                                       std::shared_ptr<agent_parts> parts, agent_limits limits);

} // namespace fleetcast::actors::fleet
