/// One job on many hosts: connects to all agents at once, starts receivers by the start policy, watches,
/// activates, and knows in the end what became of each.
///
///     out of contact <-> in contact ── start ──> asked ──> the agent's own phases ──> finished
///
/// Nobody waits for a dead host: each is dialled again every second for as long as others are busy and
/// for `patience` at least, and joins the running transmission when it comes; then it is given up, with
/// the last thing its dialling said. The truth about a job is with the agents: this actor asks, and asks
/// again, so that a message that is lost, or its own death, costs nothing but time.
///
/// `together` is two phases: every host stages and verifies; once all that are left are staged and in
/// contact, all are told to activate in one go. With `abort_on_failure` the first host that fails before
/// that moment cancels all others.
///
/// Supervision: monitors the agents it is in contact with; losing one means to dial it again.
#pragma once

#include "actors/fleet/messages.hpp"
#include "protocol/timestamp.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

struct fleet_host {
  std::string name;
  std::uint16_t port = 0; ///< of its agent
};

struct link_up {
  std::size_t host = 0;
  agent_actor agent;
};

struct link_failed {
  std::size_t host = 0;

  /// `detail` 1 with name_unresolved: the name server is sure that there is no such host; with handshake_failed: the
  /// agent's certificate is for other names.
  failure reason;
};

using link_sink_actor = caf::typed_actor<caf::reacts_to<link_up>, caf::reacts_to<link_failed>>;

/// How a coordinator reaches agents; tests put another in its place.
class fleet_network {
public:
  fleet_network() = default;
  fleet_network(const fleet_network&) = delete;
  fleet_network& operator=(const fleet_network&) = delete;
  virtual ~fleet_network() = default;

  /// Does not block. `to` hears link_up or link_failed with this `number` within some seconds.
  virtual void dial(const fleet_host& host, std::size_t number, link_sink_actor to) = 0;
};

/// When receivers begin. Later ones join the running transmission in any case.
struct start_policy {
  enum class kind : std::uint8_t { now, quorum, window };

  kind when = kind::now;
  std::size_t quorum = 0;         ///< hosts in contact
  std::chrono::seconds window{0}; ///< since the coordinator began
};

struct fleet_plan {
  enum class task : std::uint8_t {
    run,    ///< start where it is not started yet, and see it through
    watch,  ///< ask once
    cancel, ///< end it everywhere
    retry   ///< start again where it failed, and see it through
  };

  task what = task::run;
  job_request request; ///< `host` is filled in for each
  std::vector<fleet_host> hosts;
  start_policy start;
  bool abort_on_failure = false;

  /// For everything; zero: no limit.
  std::chrono::seconds timeout{0};

  /// How long a host may be out of contact when nobody else is busy.
  std::chrono::milliseconds patience{15000};

  /// Called on the coordinator's thread, once, when every host has finished.
  std::function<void()> finished;
};

/// A host as people see it.
struct host_view {
  std::string name;
  std::size_t dials = 0; ///< attempts to reach its agent
  bool in_contact = false;
  bool finished = false;
  bool succeeded = false;
  job_report report; ///< the latest
  failure reason;    ///< why it did not succeed, or why it is out of contact
};

struct fleet_view {
  std::string job;
  std::vector<host_view> hosts;
  /// As an agent told, with `watch`; else as it was given, if it was.
  std::optional<job_request> request;
  std::chrono::milliseconds elapsed{0};
  bool finished = false;
};

using view_atom = caf::atom_constant<caf::atom("view")>;

using coordinator_actor
  = watcher_actor::extend<caf::reacts_to<link_up>, caf::reacts_to<link_failed>,
                          caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>,
                          caf::replies_to<view_atom>::with<fleet_view>>;

class coordinator_state {
public:
  static inline const char* name = "fleet_coordinator";

  explicit coordinator_state(coordinator_actor::pointer self) : self_(self) {}

  coordinator_actor::behavior_type make_behavior(fleet_plan plan,
                                                 std::shared_ptr<fleet_network> network);

private:
  using timestamp = protocol::timestamp;

  enum class contact : std::uint8_t { none, dialling, up };

  struct host {
    fleet_host who;
    contact link = contact::none;
    agent_actor agent;
    timestamp dialled_at{};
    timestamp up_at{};      ///< when contact was made last
    timestamp heard_at{};   ///< or when contact was lost, or never made
    bool asking = false;    ///< a request is on its way
    bool spoken_to = false; ///< since there is contact
    bool asked = false;     ///< the agent has answered for this job
    bool finished = false;
    bool succeeded = false;
    std::size_t dials = 0;
    std::size_t short_links = 0; ///< in a row, and its agent said nothing on them
    job_report report;
    failure reason;

    job_phase phase() const noexcept { return phase_of(report.phase); }
  };

  bool sees_through() const noexcept;
  void on_up(const link_up& up);
  void on_failed(const link_failed& failed);
  void on_down(const caf::down_msg& down);
  void tick();

  void dial(std::size_t number);
  void ask(std::size_t number);
  void commit(std::size_t number);
  void cancel(std::size_t number);
  template <class... Ts>
  void request_report(std::size_t number, Ts&&... what);
  void answered(std::size_t number, const agent_actor& by, job_report report);
  void not_answered(std::size_t number, const agent_actor& by, const caf::error& error);
  void hear(std::size_t number, job_report report);

  void consider_start();
  void consider_activation();
  void consider_giving_up();
  void consider_time();
  void withdraw(failure reason);
  void finish(host& one, failure reason);
  void look_after(std::size_t number);
  void settle();

  static bool is_past_waiting(const host& one);
  bool in_contact(const host& one) const;
  bool is_busy(const host& one) const;
  fleet_view view() const;

  coordinator_actor::pointer self_;
  fleet_plan plan_;
  std::shared_ptr<fleet_network> network_;
  std::vector<host> hosts_;
  std::map<caf::actor_addr, std::size_t> by_agent_;
  std::optional<job_request> told_;
  timestamp began_at_{};
  bool started_ = false;   ///< the start policy is met
  bool committed_ = false; ///< staged files may take their names
  failure withdrawn_;      ///< why the job is being cancelled
  timestamp withdrawn_at_{};
  bool all_finished_ = false;
};

coordinator_actor::behavior_type
coordinator(coordinator_actor::stateful_pointer<coordinator_state> self, fleet_plan plan,
            std::shared_ptr<fleet_network> network);

} // namespace fleetcast::actors::fleet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::fleet::fleet_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::fleet::link_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::fleet::link_up)
