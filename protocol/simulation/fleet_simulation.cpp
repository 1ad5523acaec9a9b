#include "protocol/simulation/fleet_simulation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fleetcast::protocol::simulation {

using fleet::job_report;

namespace {

/// A coordinator that died is started again after this.
constexpr seconds coordinator_outage{3};

/// Until an end notices that its connection is gone.
constexpr seconds longest_notice{4};

} // namespace

fleet_simulation::fleet_simulation(fleet_scenario scenario)
  : scenario_(std::move(scenario)),
    random_(scenario_.seed),
    began_at_(events_.now()) {
  const auto count = scenario_.plan.hosts.size();
  parted_until_.resize(count);
  links_.resize(count);
  open_questions_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    hosts_.push_back(std::make_unique<simulated_host>(events_, scenario_.hosts, random_()));
    hosts_[i]->told = [this, i](const job_report& report) { tell(i, report); };
    hosts_[i]->activated = [this, i](const fleet::job_request&) { check_activation(i); };
    hosts_[i]->start();
  }
  plant_strangers_jobs();
}

fleet_simulation::~fleet_simulation() = default;

fleet_outcome fleet_simulation::run() {
  start_coordinator();
  add_trouble(scenario_.between_cuts, &fleet_simulation::cut_one);
  add_trouble(scenario_.between_agent_deaths, &fleet_simulation::kill_agent);
  add_trouble(scenario_.between_coordinator_deaths, &fleet_simulation::kill_coordinator);
  add_trouble(scenario_.between_partitions, &fleet_simulation::part_one);
  while (!events_.empty() && events_.now() - began_at_ < scenario_.deadline
         && !(campaign_ && campaign_->is_finished()))
    events_.step();
  fleet_outcome outcome;
  outcome.took = events_.now() - began_at_;
  judge(outcome);
  return outcome;
}

// -- the coordinator ------------------------------------------------------------------------------

void fleet_simulation::start_coordinator() {
  ++coordinators_;
  campaign_ = std::make_unique<campaign>(scenario_.plan, events_.now());
  tick(coordinators_);
}

void fleet_simulation::tick(std::uint64_t coordinator) {
  if (coordinator != coordinators_ || !campaign_ || campaign_->is_finished())
    return;
  campaign_->on_tick(events_.now());
  obey();
  events_.schedule(events_.now() + campaign::tick_interval,
                   [this, coordinator] { tick(coordinator); });
}

void fleet_simulation::obey() {
  while (const auto order = campaign_->next_order()) {
    if (order->what == campaign::verb::dial)
      dial(order->to.host);
    else if (order->what == campaign::verb::release)
      cut(links_[order->to.host]);
    else
      ask(*order);
  }
  if (!campaign_->validate())
    false_claims_.emplace_back("the campaign contradicts itself");
}

void fleet_simulation::dial(std::size_t host) {
  const auto reached = events_.now() + up_to(scenario_.longest_delay);
  events_.schedule(reached, [this, host, by = coordinators_] {
    if (by != coordinators_ || !campaign_)
      return;
    if (hosts_[host]->is_up() && parted_until_[host] <= events_.now())
      return connect(host);
    // A host that is cut off may give no answer at all.
    if (random_.unit() < 0.5)
      campaign_->on_unreachable(host, {failure_code::connection_refused, 0, "refused"},
                                events_.now());
    obey();
  });
}

void fleet_simulation::connect(std::size_t host) {
  if (const auto made = campaign_->on_up(host, events_.now())) {
    links_[host] = std::make_shared<connection>();
    links_[host]->host = host;
    links_[host]->coordinator = coordinators_;
    links_[host]->contact = *made;
    open_questions_[host] = 0;
  }
  obey();
}

void fleet_simulation::ask(const campaign::order& order) {
  const auto on = links_[order.to.host];
  if (!on || on->contact != order.to)
    return;
  const auto question = ++questions_;
  open_questions_[order.to.host] = question;
  send(on, on->last_to_agent,
       [this, on, what = order.what, question] { answer(on, what, question); });
  events_.schedule(events_.now() + campaign::answer_patience, [this, on, question] {
    if (on->coordinator != coordinators_ || open_questions_[on->host] != question)
      return;
    open_questions_[on->host] = 0;
    at_coordinator(on, [&](campaign& c) { c.on_no_answer(on->contact); });
  });
}

void fleet_simulation::at_coordinator(const link& on, const std::function<void(campaign&)>& what) {
  if (on->coordinator != coordinators_ || !campaign_)
    return;
  what(*campaign_);
  obey();
}

// -- agents ---------------------------------------------------------------------------------------

void fleet_simulation::answer(const link& on, campaign::verb what, std::uint64_t question) {
  using verb = campaign::verb;
  auto& agent = *hosts_[on->host];
  if (!agent.is_up())
    return;
  const auto& id = scenario_.plan.request.job;
  fleet::job_state state;
  on->is_watching
    = on->is_watching || what == verb::start || what == verb::watch || what == verb::retry;
  if (what == verb::start) {
    state.report = agent.answer_start(request_for(on->host));
  } else if (what == verb::watch) {
    state = agent.answer_watch(id);
  } else if (what == verb::retry) {
    state.report = agent.answer_retry(id);
  } else if (what == verb::commit) {
    state.report = agent.answer_commit(id);
  } else {
    state.report = agent.answer_cancel(id);
  }
  send(on, on->last_to_coordinator, [this, on, what, question, state] {
    if (on->coordinator != coordinators_ || open_questions_[on->host] != question)
      return;
    open_questions_[on->host] = 0;
    at_coordinator(on, [&](campaign& c) {
      if (what == verb::watch)
        c.on_answer(on->contact, state, events_.now());
      else
        c.on_answer(on->contact, state.report, events_.now());
    });
  });
}

void fleet_simulation::tell(std::size_t host, const job_report& report) {
  const auto on = links_[host];
  if (!on || !on->is_watching)
    return;
  send(on, on->last_to_coordinator, [this, on, report] {
    at_coordinator(on, [&](campaign& c) { c.on_report(on->contact, report, events_.now()); });
  });
}

/// Nobody takes the name before every host was ready, or was given up.
void fleet_simulation::check_activation(std::size_t host) {
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (!hosts_[i]->has_staged() && scenario_.plan.abort_on_failure)
      false_claims_.push_back(scenario_.plan.hosts[host].name + " activated before "
                              + scenario_.plan.hosts[i].name + " was ready");
}

// -- the network ----------------------------------------------------------------------------------

template <class Action>
void fleet_simulation::send(const link& on, timestamp& last, Action what) {
  if (on->is_cut || (!troubles_are_over() && random_.unit() * 100 <= scenario_.losses))
    return;
  auto arrives = events_.now() + up_to(scenario_.longest_delay);
  if (scenario_.in_order)
    last = arrives = std::max(arrives, last);
  const auto deliver = [on, what = std::move(what)] {
    if (!on->is_cut)
      what();
  };
  events_.schedule(arrives, deliver);
  if (random_.unit() * 100 <= scenario_.repeats)
    events_.schedule(arrives + up_to(scenario_.longest_delay), deliver);
}

/// The coordinator notices after a while.
void fleet_simulation::cut(const link& which) {
  if (!which || which->is_cut)
    return;
  which->is_cut = true;
  events_.schedule(events_.now() + up_to(longest_notice), [this, which] {
    at_coordinator(which, [&](campaign& c) { c.on_down(which->contact, events_.now()); });
  });
}

// -- troubles -------------------------------------------------------------------------------------

duration fleet_simulation::up_to(duration longest) {
  return duration{static_cast<std::int64_t>(random_.unit() * static_cast<double>(longest.count()))};
}

std::size_t fleet_simulation::any_host() {
  return random_() % hosts_.size();
}

bool fleet_simulation::troubles_are_over() const {
  return events_.now() - began_at_ >= scenario_.troubles_end;
}

/// Again and again, at random times.
void fleet_simulation::add_trouble(duration between, void (fleet_simulation::*what)()) {
  if (between == duration::zero())
    return;
  const auto pause = duration{
    static_cast<std::int64_t>(-std::log(random_.unit()) * static_cast<double>(between.count()))};
  events_.schedule(events_.now() + pause, [this, between, what] {
    if (troubles_are_over())
      return;
    (this->*what)();
    add_trouble(between, what);
  });
}

void fleet_simulation::cut_one() {
  cut(links_[any_host()]);
}

void fleet_simulation::kill_agent() {
  const auto host = any_host();
  if (!hosts_[host]->is_up())
    return;
  hosts_[host]->crash();
  cut(links_[host]);
  events_.schedule(events_.now() + up_to(scenario_.longest_outage),
                   [this, host] { hosts_[host]->start(); });
}

void fleet_simulation::kill_coordinator() {
  if (!campaign_)
    return;
  campaign_.reset();
  for (const auto& one : links_)
    cut(one);
  events_.schedule(events_.now() + coordinator_outage, [this] { start_coordinator(); });
}

void fleet_simulation::part_one() {
  const auto host = any_host();
  parted_until_[host] = events_.now() + up_to(scenario_.longest_outage);
  cut(links_[host]);
}

// -- what is true ---------------------------------------------------------------------------------

fleet::job_request fleet_simulation::request_for(std::size_t host) const {
  auto request = scenario_.plan.request;
  request.host = scenario_.plan.hosts[host].name;
  return request;
}

/// Another coordinator used the same id for another object.
void fleet_simulation::plant_strangers_jobs() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (random_.unit() * 100 > scenario_.strangers_jobs)
      continue;
    auto request = request_for(i);
    request.object = "strange.img";
    hosts_[i]->answer_start(request);
  }
}

void fleet_simulation::judge(fleet_outcome& outcome) const {
  outcome.false_claims = false_claims_;
  if (!campaign_)
    return outcome.false_claims.emplace_back("there is no coordinator"), void();
  outcome.view = campaign_->view(events_.now());
  outcome.is_over = campaign_->is_finished();
  if (!outcome.is_over)
    outcome.false_claims.emplace_back("the campaign does not end");
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto& shown = outcome.view.hosts[i];
    if (shown.succeeded && scenario_.plan.what != fleet::campaign_plan::task::cancel
        && hosts_[i]->holds(destination_of(request_for(i))) != scenario_.plan.request.object)
      outcome.false_claims.push_back(shown.name + " is said to have the object and has not");
  }
}

} // namespace fleetcast::protocol::simulation
