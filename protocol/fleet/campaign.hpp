/// One job on many hosts: whom to dial, what to say to each agent, when to activate, and what became of each host.
///
///     out of contact <-> in contact ── start ──> asked ──> the agent's own phases ──> finished
///
/// Nobody waits for a dead host: each is dialled again every second for as long as others are busy and
/// for `patience` at least, and joins the running transmission when it comes; then it is given up, with
/// the last thing its dialling said. The truth about a job is with the agents: a campaign asks, and asks
/// again, so that a message that is lost, or its own death, costs nothing but time.
///
/// `together` is two phases: every host stages and verifies; once all that are left are staged and in
/// contact, all are told to activate in one go. With `abort_on_failure` the first host that fails before
/// that moment cancels all others.
///
/// Pure: time is a parameter, and what is to be done is taken out as orders. A request belongs to the contact
/// on which it was made; an answer on an earlier contact counts for nothing.
#pragma once

#include "protocol/fleet/campaign_plan.hpp"
#include "protocol/order_queue.hpp"
#include "protocol/self_check.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::protocol::fleet {

class campaign {
public:
  using task = campaign_plan::task;

  /// Look around this often: soon enough for people, rarely enough for thousands of hosts.
  static constexpr milliseconds tick_interval{500};

  /// A request that is not answered for this long is to be reported by `on_no_answer`.
  static constexpr seconds answer_patience{5};

  /// A connection to a host's agent. Numbers begin at 1 and grow with each connection to that host.
  struct contact {
    std::size_t host = 0;
    std::uint64_t number = 0;

    friend bool operator==(const contact&, const contact&) = default;
  };

  enum class verb : std::uint8_t {
    dial,  ///< `to.host`; on_up or on_unreachable tells what came of it
    start, ///< request_for(to.host)
    watch,
    retry,
    commit,
    cancel,
    release ///< nothing more is wanted of this contact
  };

  /// What a dial that came to nothing tells about later ones.
  enum class prospect : std::uint8_t {
    open,         ///< one of them may succeed
    no_such_host, ///< the name server is sure that there is none of this name
    another_name  ///< the agent's certificate is for other names
  };

  struct order {
    verb what = verb::dial;
    contact to;

    friend bool operator==(const order&, const order&) = default;
  };

  campaign(campaign_plan plan, timestamp now);

  /// Connected. The contact, unless nothing more is wanted of this host or it is in contact already.
  std::optional<contact> on_up(std::size_t host, timestamp now);

  /// A dial came to nothing.
  void on_unreachable(std::size_t host, failure reason, timestamp now,
                      prospect later = prospect::open);

  void on_down(const contact& lost, timestamp now);

  /// To every verb but `watch`.
  void on_answer(const contact& from, job_report report, timestamp now);

  /// To `watch`.
  void on_answer(const contact& from, job_state state, timestamp now);

  void on_no_answer(const contact& from);

  /// The agent answered that it does not know such a request: `how` says in which words.
  void on_misunderstood(const contact& from, std::string_view how, timestamp now);

  /// A report that nobody asked for just now.
  void on_report(const contact& from, job_report report, timestamp now);

  void on_tick(timestamp now);

  /// What to do next, until there is none. To be taken after each of the calls above.
  std::optional<order> next_order() {
    check_self_(*this);
    return orders_.next();
  }

  job_request request_for(std::size_t host) const;
  const std::string& job() const noexcept { return plan_.request.job; }

  /// Every host is finished.
  bool is_finished() const noexcept { return finished_; }

  fleet_view view(timestamp now) const;

  [[nodiscard]] bool validate() const;

private:
  enum class link : std::uint8_t { none, dialling, up };

  /// What was said to the agent on this contact.
  enum class talk : std::uint8_t { nothing, waiting, spoken };

  enum class outcome : std::uint8_t { open, succeeded, failed };

  struct member {
    link reach = link::none;
    talk said = talk::nothing;
    verb word = verb::dial; ///< what was said last
    outcome result = outcome::open;
    bool asked = false;   ///< its agent has answered for this job
    bool is_ours = false; ///< on this contact its agent took the request, or told it as its own
    bool in_contact_at_end = false; ///< when it finished
    std::uint64_t contacts = 0;
    std::size_t dials = 0;
    std::size_t short_links = 0; ///< in a row, and its agent said nothing on them
    timestamp dialled_at{};
    timestamp up_at{};    ///< when contact was made last
    timestamp heard_at{}; ///< or when contact was made or lost, or never was
    job_report report;
    failure reason;

    bool is_open() const noexcept { return result == outcome::open; }
    job_phase phase() const noexcept { return phase_of(report.phase); }
  };

  bool sees_through() const noexcept;
  member* on_contact(const contact& which);
  void dial(std::size_t number, timestamp now);
  void tell(std::size_t number, verb what);
  void tend(std::size_t number, timestamp now);
  verb first_word(const member& one) const;
  bool knows_request() const noexcept { return !plan_.request.server.empty(); }
  void hear(member& one, job_report report, timestamp now);
  void conclude(member& one, timestamp now);
  void conclude_withdrawn(member& one, timestamp now);

  static bool is_past_waiting(const member& one, prospect later);
  void start_if_due(timestamp now);
  void activate_if_due(timestamp now);
  bool all_staged(timestamp now) const;
  void give_up_if_due(timestamp now);
  void give_up_quorum(timestamp now);
  void end_if_overdue(timestamp now);
  void withdraw(failure reason, timestamp now);
  void finish(member& one, failure reason, timestamp now);
  failure why_given_up(const member& one, timestamp now) const;
  void settle(timestamp now);

  bool in_contact(const member& one, timestamp now) const;
  bool is_busy(const member& one, timestamp now) const;
  bool any(outcome result) const noexcept;
  std::size_t connected() const noexcept;

  campaign_plan plan_;
  std::vector<member> hosts_;
  order_queue<order> orders_;
  self_check check_self_;
  std::optional<job_request> told_;
  timestamp began_at_;
  timestamp withdrawn_at_{};
  failure withdrawn_;      ///< why the job is being cancelled
  bool started_ = false;   ///< the start policy is met
  bool committed_ = false; ///< staged files may take their names
  bool finished_ = false;
};

} // namespace fleetcast::protocol::fleet
