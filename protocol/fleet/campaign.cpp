#include "protocol/fleet/campaign.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::protocol::fleet {

namespace {

/// Between two attempts to reach an agent. Short, so that the end of a partition is noticed within 5 s; one SYN a second
/// harms nobody.
constexpr milliseconds dial_interval{1000};

/// The network answers a dial long before; this only bounds a lost answer.
constexpr seconds dial_patience{10};

/// An agent with a job speaks every 2 s: two lost in a row, and some.
constexpr seconds silence{5};

/// A host whose connections end right after they began, one after another, is given up: each is dialled a
/// second after the last, for as long as anybody else is busy.
constexpr std::size_t most_short_links = 20;
constexpr seconds short_link{5};

/// Time for agents to confirm a cancel.
constexpr seconds cancel_patience{5};

failure make_failure(failure_code code, std::string text) {
  return {code, 0, std::move(text)};
}

} // namespace

campaign::campaign(campaign_plan plan, timestamp now) : plan_(std::move(plan)), began_at_(now) {
  hosts_.resize(plan_.hosts.size());
  for (auto& one : hosts_)
    one.heard_at = now;
}

bool campaign::sees_through() const noexcept {
  return plan_.what == task::run || plan_.what == task::retry;
}

job_request campaign::request_for(std::size_t host) const {
  auto result = plan_.request;
  result.host = plan_.hosts[host].name;
  return result;
}

// -- contact --------------------------------------------------------------------------------------

std::optional<campaign::contact> campaign::on_up(std::size_t host, timestamp now) {
  if (host >= hosts_.size())
    return std::nullopt;
  auto& one = hosts_[host];
  if (!one.is_open() || one.reach == link::up)
    return std::nullopt;
  one.reach = link::up;
  one.said = talk::nothing;
  one.heard_at = now;
  one.up_at = now;
  const contact made{host, ++one.contacts};
  start_if_due(now);
  // Whatever it was when contact was lost: its agent may have been started anew meanwhile.
  one.asked = one.asked && !sees_through();
  one.is_ours = false;
  tend(host, now);
  settle(now);
  return made;
}

void campaign::on_unreachable(std::size_t host, failure reason, timestamp now, prospect later) {
  if (host >= hosts_.size())
    return;
  auto& one = hosts_[host];
  if (!one.is_open() || one.reach == link::up)
    return;
  one.reach = link::none;
  one.reason = std::move(reason);
  if (is_past_waiting(one, later))
    finish(one, one.reason, now);
  settle(now);
}

/// Waiting cures neither a name that does not exist nor a certificate for other names: a new certificate takes somebody's
/// hand, and `fleet retry` is there for afterwards. But if the host was already in contact under its name, its agent is
/// probably being renewed and restarted, or its address is moving. That is a matter of moments, so it gets the patience
/// of any host that was lost.
bool campaign::is_past_waiting(const member& one, prospect later) {
  return later == prospect::no_such_host || (later == prospect::another_name && one.contacts == 0);
}

/// The host of a contact that still stands; null for one of before.
campaign::member* campaign::on_contact(const contact& which) {
  if (which.host >= hosts_.size())
    return nullptr;
  auto& one = hosts_[which.host];
  return one.is_open() && one.reach == link::up && one.contacts == which.number ? &one : nullptr;
}

void campaign::on_down(const contact& lost, timestamp now) {
  auto* one = on_contact(lost);
  if (one == nullptr)
    return;
  one->reach = link::none;
  one->said = talk::nothing;
  one->short_links = now - one->up_at < short_link ? one->short_links + 1 : 0;
  one->reason = make_failure(failure_code::connection_lost, "the connection to its agent was lost");
  if (one->short_links >= most_short_links)
    finish(
      *one,
      make_failure(failure_code::connection_lost,
                   "the last " + std::to_string(one->short_links)
                     + " connections to its agent ended right after they began; see the log there"),
      now);
  settle(now);
}

// -- questions and answers ------------------------------------------------------------------------

void campaign::tell(std::size_t number, verb what) {
  hosts_[number].said = talk::waiting;
  hosts_[number].word = what;
  orders_.push({what, {number, hosts_[number].contacts}});
}

/// Says what this host needs next, if anything can be said now.
void campaign::tend(std::size_t number, timestamp now) {
  auto& one = hosts_[number];
  if (!one.is_open() || one.reach != link::up || one.said == talk::waiting)
    return;
  if (withdrawn_)
    return tell(number, verb::cancel);
  if (one.asked && committed_ && one.phase() == job_phase::staged)
    return tell(number, verb::commit);
  if (one.asked && in_contact(one, now))
    return;
  // Silent, or not asked yet: maybe it does not know any more that we watch.
  if (const auto word = first_word(one); word != verb::start || started_)
    tell(number, word);
}

campaign::verb campaign::first_word(const member& one) const {
  switch (plan_.what) {
    case task::watch:
      return verb::watch;
    case task::cancel:
      return verb::cancel;
    case task::retry:
      if (!one.report.job.empty())
        return knows_request() ? verb::start : verb::watch;
      return knows_request() && !one.is_ours ? verb::watch : verb::retry;
    case task::run:
      break;
  }
  return verb::start;
}

void campaign::on_answer(const contact& from, job_report report, timestamp now) {
  auto* one = on_contact(from);
  if (one == nullptr)
    return;
  one->said = talk::spoken;
  one->asked = true;
  // An agent refuses another request under the id of a job that it has.
  if (one->word == verb::start)
    one->is_ours = true;
  hear(*one, std::move(report), now);
}

void campaign::on_answer(const contact& from, job_state state, timestamp now) {
  auto* one = on_contact(from);
  if (one == nullptr)
    return;
  const bool is_known = phase_of(state.report.phase) != job_phase::unknown;
  if (is_known && !told_)
    told_ = state.request;
  if (plan_.what != task::retry || !is_known || !knows_request())
    return on_answer(from, std::move(state.report), now);
  // Tried again by its id alone, another job would bring another object than the one that is asked for.
  one->said = talk::spoken;
  one->heard_at = now;
  one->is_ours = state.request == request_for(from.host);
  if (one->is_ours)
    return tend(from.host, now);
  finish(*one,
         make_failure(failure_code::invalid_request,
                      "its agent knows another job by this id: " + state.request.object + " to "
                        + state.request.destination),
         now);
  settle(now);
}

/// Asked again at the next tick, as long as there is contact.
void campaign::on_no_answer(const contact& from) {
  if (auto* one = on_contact(from))
    one->said = talk::spoken;
}

void campaign::on_misunderstood(const contact& from, std::string_view how, timestamp now) {
  auto* one = on_contact(from);
  if (one == nullptr)
    return;
  finish(*one,
         make_failure(failure_code::unsupported_version,
                      "its agent does not understand: " + std::string{how}
                        + "; is it of another version?"),
         now);
  settle(now);
}

void campaign::on_report(const contact& from, job_report report, timestamp now) {
  auto* one = on_contact(from);
  if (one == nullptr || report.job != plan_.request.job)
    return;
  one->heard_at = now;
  // What it says of a job that somebody else began under this id proves nothing.
  if (one->is_ours || !sees_through() || !knows_request())
    hear(*one, std::move(report), now);
}

void campaign::hear(member& one, job_report report, timestamp now) {
  trim(report);
  one.heard_at = now;
  one.short_links = 0;
  const auto before = one.phase();
  one.report = std::move(report);
  one.reason = {};
  conclude(one, now);
  // Mere progress decides nothing, and it is most of what comes.
  if (one.phase() != before || !one.is_open())
    settle(now);
}

/// What the latest report means for this host.
void campaign::conclude(member& one, timestamp now) {
  if (plan_.what == task::watch)
    return finish(one, {}, now);
  if (plan_.what == task::cancel || withdrawn_)
    return conclude_withdrawn(one, now);
  if (is_over(one.phase()))
    return finish(one, failure_of(one.report), now);
  if (one.phase() != job_phase::unknown)
    return;
  // Its agent was started anew, or never heard of the job.
  one.asked = false;
  if (!knows_request())
    finish(one,
           make_failure(failure_code::invalid_request,
                        "its agent does not know the job, and neither does this host: start it "
                        "again with `fleetcast fleet get`"),
           now);
}

void campaign::conclude_withdrawn(member& one, timestamp now) {
  const auto phase = one.phase();
  if (phase != job_phase::unknown && !is_over(phase))
    return;
  const bool is_done = phase == job_phase::done && (one.is_ours || !knows_request());
  if (!withdrawn_ || is_done)
    return finish(one, {}, now);
  finish(one, phase == job_phase::failed ? failure_of(one.report) : withdrawn_, now);
}

// -- decisions ------------------------------------------------------------------------------------

void campaign::on_tick(timestamp now) {
  if (finished_)
    return;
  start_if_due(now);
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    auto& one = hosts_[i];
    if (!one.is_open())
      continue;
    if (one.reach == link::dialling && now - one.dialled_at >= dial_patience) {
      one.reach = link::none;
      one.reason = make_failure(failure_code::connect_timeout, "no word of its agent");
    }
    if (one.reach == link::none && !withdrawn_
        && (one.dials == 0 || now - one.dialled_at >= dial_interval))
      dial(i, now);
    tend(i, now);
  }
  end_if_overdue(now);
  settle(now);
}

void campaign::dial(std::size_t number, timestamp now) {
  auto& one = hosts_[number];
  one.reach = link::dialling;
  one.dialled_at = now;
  ++one.dials;
  orders_.push({verb::dial, {number, one.contacts}});
}

void campaign::settle(timestamp now) {
  if (finished_)
    return;
  activate_if_due(now);
  give_up_if_due(now);
  finished_ = !any(outcome::open);
}

void campaign::start_if_due(timestamp now) {
  using kind = start_policy::kind;
  if (started_)
    return;
  const auto& start = plan_.start;
  started_ = start.when == kind::now || (start.when == kind::quorum && connected() >= start.quorum)
             || (start.when == kind::window && now - began_at_ >= start.window);
  if (!started_)
    return;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    tend(i, now);
}

void campaign::activate_if_due(timestamp now) {
  if (!sees_through() || withdrawn_)
    return;
  // A host that is done was told to activate, maybe by a coordinator before this one.
  if (plan_.request.together && any(outcome::succeeded))
    committed_ = true;
  if (plan_.abort_on_failure && !committed_ && any(outcome::failed))
    return withdraw(make_failure(failure_code::cancelled,
                                 "cancelled, since another host failed and --on-fail is abort"),
                    now);
  if (plan_.request.together && all_staged(now))
    committed_ = true;
  if (!committed_)
    return;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (hosts_[i].phase() == job_phase::staged)
      tend(i, now);
}

/// All that are left, and not none.
bool campaign::all_staged(timestamp now) const {
  const auto stands = [&](const member& one) {
    return !one.is_open() || (one.phase() == job_phase::staged && in_contact(one, now));
  };
  return any(outcome::open) && std::all_of(hosts_.begin(), hosts_.end(), stands);
}

/// A host nobody can reach does not hold up the end.
void campaign::give_up_if_due(timestamp now) {
  if (!started_ && plan_.start.when == start_policy::kind::window)
    return;
  const auto busy = std::any_of(hosts_.begin(), hosts_.end(),
                                [&](const member& one) { return is_busy(one, now); });
  bool may_still_come = false;
  for (auto& one : hosts_) {
    if (!one.is_open())
      continue;
    const bool here = in_contact(one, now);
    if (here || busy || now - one.heard_at < plan_.patience)
      may_still_come = may_still_come || !here;
    else
      finish(one, why_given_up(one, now), now);
  }
  if (!may_still_come && !started_ && sees_through())
    give_up_quorum(now);
}

/// Of hosts that wait for it.
void campaign::give_up_quorum(timestamp now) {
  for (auto& one : hosts_)
    if (one.is_open() && !one.asked)
      finish(one,
             make_failure(failure_code::cancelled, "not started: the quorum of "
                                                     + std::to_string(plan_.start.quorum)
                                                     + " hosts was not reached"),
             now);
}

failure campaign::why_given_up(const member& one, timestamp now) const {
  auto why = one.reason;
  if (!why && one.reach == link::up)
    why = make_failure(failure_code::sender_silent,
                       "its agent is connected but has said nothing for "
                         + std::to_string((now - one.heard_at) / seconds{1}) + " s");
  else if (!why)
    why = make_failure(failure_code::connect_timeout, "no word of its agent");
  if (one.asked)
    why.text += " The job may still complete there; `fleetcast fleet status` tells.";
  return why;
}

void campaign::end_if_overdue(timestamp now) {
  if (plan_.timeout > seconds{0} && now - began_at_ >= plan_.timeout)
    withdraw(
      make_failure(failure_code::cancelled,
                   "not done within " + std::to_string(plan_.timeout.count()) + " s (--timeout)"),
      now);
  if (!withdrawn_ || now - withdrawn_at_ < cancel_patience)
    return;
  for (auto& one : hosts_)
    if (one.is_open())
      finish(one, make_failure(withdrawn_.code, withdrawn_.text + "; its agent did not confirm"),
             now);
}

/// Ends the job everywhere: for hosts in contact once they confirm.
void campaign::withdraw(failure reason, timestamp now) {
  if (withdrawn_)
    return;
  withdrawn_ = std::move(reason);
  withdrawn_at_ = now;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    auto& one = hosts_[i];
    if (!one.is_open())
      continue;
    if (one.reach == link::up)
      tend(i, now);
    else
      finish(one, one.reason ? one.reason : withdrawn_, now);
  }
}

void campaign::finish(member& one, failure reason, timestamp now) {
  one.in_contact_at_end = in_contact(one, now);
  one.result = reason ? outcome::failed : outcome::succeeded;
  one.reason = std::move(reason);
  if (one.reach == link::up)
    orders_.push({verb::release, {static_cast<std::size_t>(&one - hosts_.data()), one.contacts}});
}

// -- what holds -----------------------------------------------------------------------------------

/// An agent that was told nothing has nothing to say.
bool campaign::in_contact(const member& one, timestamp now) const {
  return one.reach == link::up && (one.said == talk::nothing || now - one.heard_at < silence);
}

/// Something may still come of it without anybody else.
bool campaign::is_busy(const member& one, timestamp now) const {
  return one.is_open() && in_contact(one, now) && (one.asked || started_)
         && one.phase() != job_phase::staged;
}

bool campaign::any(outcome result) const noexcept {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const member& one) { return one.result == result; });
}

std::size_t campaign::connected() const noexcept {
  return static_cast<std::size_t>(std::count_if(
    hosts_.begin(), hosts_.end(), [](const member& one) { return one.reach == link::up; }));
}

fleet_view campaign::view(timestamp now) const {
  fleet_view result;
  result.job = plan_.request.job;
  result.request = told_;
  if (!told_ && knows_request())
    result.request = plan_.request;
  result.elapsed = std::chrono::duration_cast<milliseconds>(now - began_at_);
  result.finished = finished_;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto& one = hosts_[i];
    auto& shown = result.hosts.emplace_back();
    shown.name = plan_.hosts[i].name;
    shown.port = plan_.hosts[i].port;
    shown.dials = one.dials;
    shown.in_contact = one.is_open() ? in_contact(one, now) : one.in_contact_at_end;
    shown.finished = !one.is_open();
    shown.succeeded = one.result == outcome::succeeded;
    shown.report = one.report;
    shown.reason = one.reason;
  }
  return result;
}

bool campaign::validate() const {
  const auto is_sound = [](const member& one) {
    const bool waits_for_nobody = one.said == talk::waiting && one.reach != link::up;
    const bool silent_failure = one.result == outcome::failed && !one.reason;
    const bool doubtful_success = one.result == outcome::succeeded && one.reason;
    return !waits_for_nobody && !silent_failure && !doubtful_success;
  };
  return std::all_of(hosts_.begin(), hosts_.end(), is_sound) && finished_ == !any(outcome::open)
         && (!committed_ || plan_.request.together);
}

} // namespace fleetcast::protocol::fleet
