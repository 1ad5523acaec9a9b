#include "actors/fleet/coordinator.hpp"

#include "actors/fleet/local_order.hpp"
#include "actors/timer.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors::fleet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How often the coordinator looks around: soon enough for people, rarely enough for thousands of hosts.
constexpr milliseconds tick_interval{500};

/// From one attempt to reach an agent to the next. Short, since a partition that healed shall be noticed
/// within 5 s; a SYN every second harms nobody.
constexpr milliseconds dial_interval{1000};

/// The network answers a dial long before; this only bounds a lost answer.
constexpr seconds dial_patience{10};

/// An agent answers at once; one that does not is asked again.
constexpr seconds answer_patience{5};

/// An agent with a job speaks every 2 s: two lost in a row, and some.
constexpr seconds silence{5};

/// A host whose connections end right after they began, one after another, is given up: each is dialled a
/// second after the last, for as long as anybody else is busy.
constexpr std::size_t most_short_links = 20;
constexpr seconds short_link{5};

/// Time for agents to confirm a cancel.
constexpr seconds cancel_patience{5};

failure say(failure_code code, std::string text) {
  return {code, 0, std::move(text)};
}

/// How a report says that it did not go well; none: done.
failure failure_of(const job_report& report) {
  switch (phase_of(report.phase)) {
    case job_phase::done:
      return {};
    case job_phase::cancelled:
      return say(failure_code::cancelled, report.reason.empty() ? "cancelled" : report.reason);
    default:
      // Whatever a peer's code says: this is no success.
      return {report.code == 0 ? failure_code::internal : static_cast<failure_code>(report.code), 0,
              report.reason.empty() ? "failed, and its agent does not say why" : report.reason};
  }
}

} // namespace

coordinator_actor::behavior_type
coordinator_state::make_behavior(fleet_plan plan, std::shared_ptr<fleet_network> network) {
  plan_ = std::move(plan);
  network_ = std::move(network);
  began_at_ = now(self_);
  for (const auto& who : plan_.hosts) {
    auto& one = hosts_.emplace_back();
    one.who = who;
    one.heard_at = began_at_;
  }
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self_->set_default_handler(
    [](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      return caf::sec::unexpected_message;
    });
  // With the first tick: whoever made this actor has a handle to it by then.
  self_->send(self_, tick_atom::value);
  return {
    [this](job_report& report) {
      const auto from = by_agent_.find(caf::actor_cast<caf::actor_addr>(self_->current_sender()));
      if (from != by_agent_.end() && report.job == plan_.request.job)
        hear(from->second, std::move(report));
    },
    [this](const link_up& up) { on_up(up); },
    [this](const link_failed& failed) { on_failed(failed); },
    [this](tick_atom) {
      if (is_local_order(*self_))
        tick();
    },
    [this](stop_atom) {
      if (is_local_order(*self_))
        self_->quit();
    },
    [this](view_atom) -> caf::result<fleet_view> {
      if (!is_local_order(*self_))
        return caf::sec::unexpected_message;
      return view();
    },
  };
}

bool coordinator_state::sees_through() const noexcept {
  return plan_.what == fleet_plan::task::run || plan_.what == fleet_plan::task::retry;
}

// -- contact --------------------------------------------------------------------------------------

void coordinator_state::dial(std::size_t number) {
  auto& one = hosts_[number];
  one.link = contact::dialling;
  one.dialled_at = now(self_);
  ++one.dials;
  network_->dial(one.who, number, caf::actor_cast<link_sink_actor>(self_));
}

void coordinator_state::on_up(const link_up& up) {
  if (up.host >= hosts_.size())
    return;
  auto& one = hosts_[up.host];
  if (one.finished || one.link == contact::up)
    return;
  one.link = contact::up;
  one.agent = up.agent;
  one.asking = false;
  one.spoken_to = false;
  one.heard_at = now(self_);
  one.up_at = one.heard_at;
  by_agent_[up.agent.address()] = up.host;
  self_->monitor(up.agent);
  consider_start();
  // Whatever it was when contact was lost: its agent may have been started anew meanwhile.
  one.asked = one.asked && !sees_through();
  look_after(up.host);
  settle();
}

void coordinator_state::on_failed(const link_failed& failed) {
  if (failed.host >= hosts_.size())
    return;
  auto& one = hosts_[failed.host];
  if (one.finished || one.link == contact::up)
    return;
  one.link = contact::none;
  one.reason = failed.reason;
  if (is_past_waiting(one))
    finish(one, one.reason);
  settle();
}

void coordinator_state::on_down(const caf::down_msg& down) {
  const auto found = by_agent_.find(down.source);
  if (found == by_agent_.end())
    return;
  auto& one = hosts_[found->second];
  by_agent_.erase(found);
  one.agent = nullptr;
  one.link = contact::none;
  one.asking = false;
  one.short_links = now(self_) - one.up_at < short_link ? one.short_links + 1 : 0;
  if (one.finished)
    return;
  one.reason = say(failure_code::connection_lost, "the connection to its agent was lost");
  if (one.short_links >= most_short_links)
    finish(one,
           say(failure_code::connection_lost,
               "the last " + std::to_string(one.short_links)
                 + " connections to its agent ended right after they began; see the log there"));
  settle();
}

// -- questions and answers ------------------------------------------------------------------------

/// What this host needs next, if anything can be done now.
void coordinator_state::look_after(std::size_t number) {
  auto& one = hosts_[number];
  if (one.finished || one.link != contact::up || one.asking)
    return;
  if (withdrawn_)
    cancel(number);
  else if (one.asked && committed_ && one.phase() == job_phase::staged)
    commit(number);
  else if (!one.asked || !in_contact(one)) // silent: maybe it does not know any more that we watch
    ask(number);
}

template <class... Ts>
void coordinator_state::request_report(std::size_t number, Ts&&... what) {
  auto& one = hosts_[number];
  one.asking = true;
  one.spoken_to = true;
  self_->request(one.agent, answer_patience, std::forward<Ts>(what)...)
    .then(
      [this, number, by = one.agent](job_report& report) {
        answered(number, by, std::move(report));
      },
      [this, number, by = one.agent](const caf::error& error) { not_answered(number, by, error); });
}

void coordinator_state::ask(std::size_t number) {
  using task = fleet_plan::task;
  auto& one = hosts_[number];
  const auto& id = plan_.request.job;
  if (plan_.what == task::cancel)
    return request_report(number, cancel_atom::value, id);
  if (plan_.what == task::retry && one.report.job.empty())
    return request_report(number, retry_atom::value, id);
  if (plan_.what != task::watch) {
    if (!started_)
      return;
    auto request = plan_.request;
    request.host = one.who.name;
    return request_report(number, start_atom::value, std::move(request));
  }
  one.asking = true;
  one.spoken_to = true;
  self_->request(one.agent, answer_patience, watch_atom::value, id)
    .then(
      [this, number, by = one.agent](job_state& state) {
        if (phase_of(state.report.phase) != job_phase::unknown && !told_)
          told_ = std::move(state.request);
        answered(number, by, std::move(state.report));
      },
      [this, number, by = one.agent](const caf::error& error) { not_answered(number, by, error); });
}

void coordinator_state::commit(std::size_t number) {
  request_report(number, commit_atom::value, plan_.request.job);
}

void coordinator_state::cancel(std::size_t number) {
  request_report(number, cancel_atom::value, plan_.request.job);
}

void coordinator_state::answered(std::size_t number, const agent_actor& by, job_report report) {
  auto& one = hosts_[number];
  if (one.agent != by)
    return; // contact was lost meanwhile, and the host has another agent or none
  one.asking = false;
  one.asked = true;
  hear(number, std::move(report));
}

/// Asked again at the next tick, as long as there is contact.
void coordinator_state::not_answered(std::size_t number, const agent_actor& by,
                                     const caf::error& error) {
  auto& one = hosts_[number];
  if (one.agent != by || one.finished)
    return;
  one.asking = false;
  if (error != caf::sec::unexpected_message && error != caf::sec::unexpected_response)
    return;
  finish(one, say(failure_code::unsupported_version,
                  "its agent does not understand: " + self_->system().render(error)
                    + "; is it of another version?"));
  settle();
}

void coordinator_state::hear(std::size_t number, job_report report) {
  auto& one = hosts_[number];
  trim(report);
  one.heard_at = now(self_);
  one.short_links = 0;
  if (one.finished)
    return;
  const auto before = one.phase();
  one.report = std::move(report);
  one.reason = {};
  const auto phase = one.phase();
  if (plan_.what == fleet_plan::task::watch)
    finish(one, {});
  else if (plan_.what == fleet_plan::task::cancel || withdrawn_) {
    if (phase == job_phase::unknown || is_over(phase))
      finish(one, withdrawn_ && phase != job_phase::done
                    ? (phase == job_phase::failed ? failure_of(one.report) : withdrawn_)
                    : failure{});
  } else if (phase == job_phase::unknown)
    one.asked = false; // its agent was started anew, or never heard of the job
  else if (is_over(phase))
    finish(one, failure_of(one.report));
  // Mere progress decides nothing, and it is most of what comes.
  if (phase != before || one.finished)
    settle();
}

// -- decisions ------------------------------------------------------------------------------------

void coordinator_state::tick() {
  if (all_finished_)
    return;
  const auto time = now(self_);
  consider_start();
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    auto& one = hosts_[i];
    if (one.finished)
      continue;
    if (one.link == contact::dialling && time - one.dialled_at >= dial_patience) {
      one.link = contact::none;
      one.reason = say(failure_code::connect_timeout, "no word of its agent");
    }
    if (one.link == contact::none && !withdrawn_
        && (one.dialled_at == timestamp{} || time - one.dialled_at >= dial_interval))
      dial(i);
    look_after(i);
  }
  consider_time();
  settle();
  if (!all_finished_)
    self_->delayed_send(self_, tick_interval, tick_atom::value);
}

void coordinator_state::settle() {
  if (all_finished_)
    return;
  consider_activation();
  consider_giving_up();
  if (!std::all_of(hosts_.begin(), hosts_.end(), [](const host& one) { return one.finished; }))
    return;
  all_finished_ = true;
  if (plan_.finished)
    plan_.finished();
}

void coordinator_state::consider_start() {
  using kind = start_policy::kind;
  if (started_)
    return;
  const auto up = static_cast<std::size_t>(std::count_if(
    hosts_.begin(), hosts_.end(), [](const host& one) { return one.link == contact::up; }));
  started_ = plan_.start.when == kind::now
             || (plan_.start.when == kind::quorum && up >= plan_.start.quorum)
             || (plan_.start.when == kind::window && now(self_) - began_at_ >= plan_.start.window);
  if (!started_)
    return;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    look_after(i);
}

void coordinator_state::consider_activation() {
  if (!sees_through() || withdrawn_)
    return;
  bool any_failed = false;
  bool any_staged = false;
  bool any_open = false;
  for (const auto& one : hosts_) {
    if (one.finished && !one.succeeded)
      any_failed = true;
    else if (one.finished)
      committed_ = plan_.request.together; // maybe by a coordinator before this one
    else if (one.phase() == job_phase::staged && in_contact(one))
      any_staged = true;
    else
      any_open = true;
  }
  if (any_failed && plan_.abort_on_failure && !committed_)
    return withdraw(
      say(failure_code::cancelled, "cancelled, since another host failed and --on-fail is abort"));
  if (plan_.request.together && any_staged && !any_open)
    committed_ = true;
  if (!committed_)
    return;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (hosts_[i].phase() == job_phase::staged)
      look_after(i);
}

/// A host nobody can reach does not hold up the end.
void coordinator_state::consider_giving_up() {
  if (!started_ && plan_.start.when == start_policy::kind::window)
    return;
  const auto busy
    = std::any_of(hosts_.begin(), hosts_.end(), [this](const host& one) { return is_busy(one); });
  const auto time = now(self_);
  bool others_open = false;
  for (auto& one : hosts_) {
    if (one.finished)
      continue;
    if (in_contact(one) || busy || time - one.heard_at < plan_.patience) {
      others_open = others_open || !in_contact(one) || one.asked || started_;
      continue;
    }
    auto why = one.reason;
    if (!why && one.link == contact::up)
      why = say(failure_code::sender_silent, "its agent is connected but has said nothing for "
                                               + std::to_string((time - one.heard_at) / seconds{1})
                                               + " s");
    else if (!why)
      why = say(failure_code::connect_timeout, "no word of its agent");
    if (one.asked)
      why.text += " The job may still complete there; `fleetcast fleet status` tells.";
    finish(one, std::move(why));
  }
  // A quorum that can no longer be met.
  if (!others_open && !started_)
    for (auto& one : hosts_)
      if (!one.finished && sees_through())
        finish(one, say(failure_code::cancelled, "not started: the quorum of "
                                                   + std::to_string(plan_.start.quorum)
                                                   + " hosts was not reached"));
}

void coordinator_state::consider_time() {
  const auto time = now(self_);
  if (!withdrawn_ && plan_.timeout > seconds{0} && time - began_at_ >= plan_.timeout)
    withdraw(say(failure_code::cancelled,
                 "not done within " + std::to_string(plan_.timeout.count()) + " s (--timeout)"));
  if (withdrawn_ && time - withdrawn_at_ >= cancel_patience)
    for (auto& one : hosts_)
      if (!one.finished)
        finish(one, say(withdrawn_.code, withdrawn_.text + "; its agent did not confirm"));
}

/// Ends the job everywhere: for hosts in contact once they confirm.
void coordinator_state::withdraw(failure reason) {
  if (withdrawn_)
    return;
  withdrawn_ = std::move(reason);
  withdrawn_at_ = now(self_);
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    auto& one = hosts_[i];
    if (one.finished)
      continue;
    if (one.link == contact::up)
      look_after(i);
    else
      finish(one, one.reason ? one.reason : withdrawn_);
  }
}

void coordinator_state::finish(host& one, failure reason) {
  one.finished = true;
  one.succeeded = !reason;
  one.reason = std::move(reason);
  if (one.agent) {
    self_->demonitor(one.agent.address());
    by_agent_.erase(one.agent.address());
    one.agent = nullptr;
  }
}

/// Waiting cures neither a name that does not exist nor a certificate for other names: a new certificate takes somebody's
/// hand, and `fleet retry` is there for afterwards. But if the host was already in contact under its name, its agent is
/// probably being renewed and restarted, or its address is moving. That is a matter of moments, so it gets the patience
/// of any host that was lost.
bool coordinator_state::is_past_waiting(const host& one) {
  const auto is_sure = one.reason.detail != 0;
  const auto was_in_contact = one.up_at != timestamp{};
  return is_sure
         && (one.reason.code == failure_code::name_unresolved
             || (one.reason.code == failure_code::handshake_failed && !was_in_contact));
}

/// An agent that was told nothing has nothing to say.
bool coordinator_state::in_contact(const host& one) const {
  return one.link == contact::up && (!one.spoken_to || now(self_) - one.heard_at < silence);
}

/// Something may still come of it without anybody else.
bool coordinator_state::is_busy(const host& one) const {
  return !one.finished && in_contact(one) && (one.asked || started_)
         && one.phase() != job_phase::staged;
}

fleet_view coordinator_state::view() const {
  fleet_view result;
  result.job = plan_.request.job;
  result.request = told_;
  if (!result.request && !plan_.request.server.empty())
    result.request = plan_.request;
  result.elapsed = std::chrono::duration_cast<milliseconds>(now(self_) - began_at_);
  result.finished = all_finished_;
  for (const auto& one : hosts_) {
    auto& shown = result.hosts.emplace_back();
    shown.name = one.who.name;
    shown.dials = one.dials;
    shown.in_contact = one.finished || in_contact(one);
    shown.finished = one.finished;
    shown.succeeded = one.succeeded;
    shown.report = one.report;
    shown.reason = one.reason;
  }
  return result;
}

coordinator_actor::behavior_type
coordinator(coordinator_actor::stateful_pointer<coordinator_state> self, fleet_plan plan,
            std::shared_ptr<fleet_network> network) {
  return self->state.make_behavior(std::move(plan), std::move(network));
}

} // namespace fleetcast::actors::fleet
