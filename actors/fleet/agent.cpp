#include "actors/fleet/agent.hpp"

#include "actors/fleet/local_order.hpp"
#include "actors/log.hpp"
#include "actors/own_thread.hpp"
#include "actors/runtime.hpp"
#include "actors/timer.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors::fleet {

namespace {

class session_parts final : public agent_parts {
public:
  session_parts(std::shared_ptr<target_files> files, session_manager_actor manager,
                std::string known_servers, std::string identity)
    : files_(std::move(files)),
      manager_(std::move(manager)),
      known_servers_(std::move(known_servers)),
      identity_(std::move(identity)) {}

  tl::expected<reception_actor, failure> receive(caf::scheduled_actor& agent,
                                                 const job_request& request,
                                                 const std::string& destination,
                                                 const reception_host_actor& self) override {
    reception_config config;
    config.request = request;
    config.destination = destination;
    config.known_servers = known_servers_;
    config.identity = identity_;
    config.session = runtime::next_session_id();
    config.files = files_;
    config.manager = manager_;
    config.agent = self;
    return spawn_on_own_thread(agent.system(), "a fleet_reception", reception, std::move(config));
  }

private:
  std::shared_ptr<target_files> files_;
  session_manager_actor manager_;
  std::string known_servers_;
  std::string identity_;
};

/// What never happened is left out.
void add_facts(const frame_tally& tally, std::vector<fact>& facts) {
  facts.push_back(metrics::fleet_links(tally.links()));
  facts.push_back(metrics::open_fleet_links(tally.open_links()));
  if (tally.turned_away() > 0)
    facts.push_back(metrics::turned_away(tally.turned_away()));
  for (std::size_t i = 0; i < frame_tally::drops; ++i)
    if (const auto why = static_cast<frame_drop>(i); tally.of(why) > 0)
      facts.push_back(metrics::dropped_frames(tally.of(why), std::string{label(why)}));
  for (std::size_t i = 0; i < frame_tally::ends; ++i)
    if (const auto why = static_cast<frame_end>(i); tally.of(why) > 0)
      facts.push_back(metrics::refused_links(tally.of(why), std::string{label(why)}));
}

/// `text` with every {host} replaced.
std::string with_host(std::string text, const std::string& host) {
  constexpr std::string_view placeholder = "{host}";
  for (auto at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + host.size()))
    text.replace(at, placeholder.size(), host);
  return text;
}

} // namespace

std::shared_ptr<agent_parts> storing_parts(std::shared_ptr<target_files> files,
                                           session_manager_actor manager, std::string known_servers,
                                           std::string identity) {
  return std::make_shared<session_parts>(std::move(files), std::move(manager),
                                         std::move(known_servers), std::move(identity));
}

agent_state::~agent_state() {
  for (const auto& one : jobs_)
    if (one.reception)
      caf::anon_send(one.reception, cancel_atom::value,
                     failure{failure_code::internal, 0, "the agent died"});
}

local_agent_actor::behavior_type agent_state::make_behavior(std::shared_ptr<agent_parts> parts,
                                                            agent_limits limits) {
  parts_ = std::move(parts);
  limits_ = std::move(limits);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self_->set_default_handler(
    [this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      ++dropped_;
      return caf::sec::unexpected_message;
    });
  return {
    [this](start_atom, const job_request& request) { return start(request); },
    [this](watch_atom, const std::string& id) { return watch(id); },
    [this](retry_atom, const std::string& id) { return retry(id); },
    [this](commit_atom, const std::string& id) { return commit(id); },
    [this](cancel_atom, const std::string& id) { return cancel(id); },
    [this](const reception_news& news) { hear(news); },
    [this](tick_atom) {
      if (is_local_order(*self_))
        tick();
    },
    [this](stop_atom) {
      if (is_local_order(*self_))
        stop();
    },
    [this](status_atom) { return status(); },
  };
}

// -- what a coordinator asks ----------------------------------------------------------------------

agent_state::answer agent_state::start(const job_request& request) {
  if (auto* known = find(request.job)) {
    add_watcher(*known);
    return known->report;
  }
  job_report refusal;
  refusal.job = request.job;
  refusal.phase = static_cast<std::uint8_t>(job_phase::failed);
  auto why = check(request);
  if (!why && stopping_)
    why = {failure_code::cancelled, 0, "the agent is shutting down"};
  if (!why && (running() >= limits_.running || !make_room()))
    why = {failure_code::server_busy, 0,
           "the agent already has " + std::to_string(running())
             + " jobs and takes no more; try again when some are over, or raise --max-jobs there"};
  if (why) {
    ++refused_;
    log().warn("refused a job: {}", why.text);
    refusal.code = static_cast<std::uint16_t>(why.code);
    refusal.reason = std::move(why.text);
    trim(refusal);
    return refusal;
  }
  auto& fresh = jobs_.emplace_back();
  fresh.request = request;
  add_watcher(fresh);
  begin(fresh);
  return fresh.report;
}

caf::result<job_state> agent_state::watch(const std::string& id) {
  job_state result;
  auto* known = find(id);
  if (known != nullptr) {
    add_watcher(*known);
    result.request = known->request;
  }
  result.report = report_of(id, known);
  return result;
}

agent_state::answer agent_state::retry(const std::string& id) {
  auto* known = find(id);
  if (known != nullptr) {
    add_watcher(*known);
    const bool again
      = known->phase() == job_phase::failed || known->phase() == job_phase::cancelled;
    if (again && !stopping_ && !known->reception && running() < limits_.running)
      begin(*known);
  }
  return report_of(id, known);
}

agent_state::answer agent_state::commit(const std::string& id) {
  auto* known = find(id);
  if (known != nullptr && known->reception && known->phase() == job_phase::staged)
    self_->send(known->reception, commit_atom::value);
  return report_of(id, known);
}

agent_state::answer agent_state::cancel(const std::string& id) {
  auto* known = find(id);
  if (known != nullptr && known->reception && !is_over(known->phase()))
    self_->send(known->reception, cancel_atom::value,
                failure{failure_code::cancelled, 0, "cancelled by the coordinator"});
  return report_of(id, known);
}

// -- what becomes of a job ------------------------------------------------------------------------

void agent_state::begin(job& one) {
  one.report = {};
  one.report.job = one.request.job;
  one.report.phase = static_cast<std::uint8_t>(job_phase::connecting);
  const auto destination = with_host(one.request.destination, one.request.host);
  log().info("job {}: {}/{} from {} to {}", one.request.job, one.request.name_space,
             one.request.object, one.request.server, destination);
  auto begun = parts_->receive(*self_, one.request, destination,
                               caf::actor_cast<reception_host_actor>(self_));
  if (!begun)
    return end(one, job_phase::failed, std::move(begun.error()));
  one.reception = *std::move(begun);
  self_->monitor(one.reception);
  if (!std::exchange(ticking_, true))
    self_->delayed_send(self_, limits_.keep_alive, tick_atom::value);
}

void agent_state::hear(const reception_news& news) {
  const auto from = self_->current_sender();
  const auto one = std::find_if(jobs_.begin(), jobs_.end(), [&](const job& j) {
    return j.reception && caf::actor_cast<caf::strong_actor_ptr>(j.reception) == from;
  });
  if (one == jobs_.end() || is_over(one->phase()))
    return;
  auto id = std::move(one->report.job);
  one->report = news.figures;
  one->report.job = std::move(id);
  if (news.phase == job_phase::staged)
    one->staged_at = now(self_);
  if (is_over(news.phase))
    return end(*one, news.phase, news.reason);
  one->report.phase = static_cast<std::uint8_t>(news.phase);
  tell(*one);
}

void agent_state::end(job& one, job_phase phase, failure reason) {
  one.report.phase = static_cast<std::uint8_t>(phase);
  one.report.code = static_cast<std::uint16_t>(reason.code);
  one.report.reason = std::move(reason.text);
  trim(one.report);
  if (phase == job_phase::done)
    log().info("job {}: done, {} bytes in {} ms, SHA-256 {}", one.report.job,
               one.report.written_bytes, one.report.elapsed_ms, one.report.digest);
  else
    log().warn("job {}: {}: {}", one.report.job, to_string(phase), one.report.reason);
  tell(one);
}

void agent_state::tell(job& one) {
  one.told_at = now(self_);
  for (const auto& watcher : one.watchers)
    self_->send(caf::actor_cast<watcher_actor>(watcher), one.report);
}

/// Watchers learn that the agent still lives; staged files that nobody came back for go.
void agent_state::tick() {
  const auto time = now(self_);
  ticking_ = false;
  for (auto& one : jobs_) {
    if (is_over(one.phase()))
      continue;
    ticking_ = true;
    if (one.phase() == job_phase::staged && time - one.staged_at >= limits_.staged && one.reception)
      self_->send(one.reception, cancel_atom::value,
                  failure{failure_code::cancelled, 0,
                          "staged, but no coordinator gave the word to activate it"});
    else if (time - one.told_at >= limits_.keep_alive)
      tell(one);
  }
  if (ticking_)
    self_->delayed_send(self_, limits_.keep_alive, tick_atom::value);
}

void agent_state::on_down(const caf::down_msg& down) {
  for (auto& one : jobs_) {
    std::erase_if(one.watchers, [&](const auto& watcher) { return down.source == watcher; });
    if (!one.reception || down.source != one.reception)
      continue;
    one.reception = nullptr;
    if (!is_over(one.phase()))
      end(one, job_phase::failed,
          {failure_code::internal, 0,
           "the fleet_reception actor died: " + self_->system().render(down.reason)});
  }
  quit_if_done();
}

void agent_state::stop() {
  stopping_ = true;
  for (const auto& one : jobs_)
    if (one.reception)
      self_->send(one.reception, cancel_atom::value,
                  failure{failure_code::cancelled, 0, "the agent is shutting down"});
  quit_if_done();
}

void agent_state::quit_if_done() {
  const auto lives = [](const job& one) { return one.reception != nullptr; };
  if (stopping_ && std::none_of(jobs_.begin(), jobs_.end(), lives))
    self_->quit();
}

// -- keeping jobs ---------------------------------------------------------------------------------

/// Whoever asked last stays; the one that has been silent longest makes room.
void agent_state::add_watcher(job& one) {
  const auto from = self_->current_sender();
  if (!from)
    return;
  const auto known = std::find(one.watchers.begin(), one.watchers.end(), from);
  if (known != one.watchers.end()) {
    std::rotate(known, known + 1, one.watchers.end());
    return;
  }
  if (one.watchers.size() >= limits_.watchers)
    one.watchers.erase(one.watchers.begin());
  one.watchers.push_back(from);
  self_->monitor(from->address());
}

bool agent_state::make_room() {
  if (jobs_.size() < limits_.kept)
    return true;
  const auto over = std::find_if(jobs_.begin(), jobs_.end(), [](const job& one) {
    return is_over(one.phase()) && !one.reception;
  });
  if (over == jobs_.end())
    return false;
  jobs_.erase(over);
  return true;
}

agent_state::job* agent_state::find(const std::string& id) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [&](const job& one) { return one.request.job == id; });
  return found == jobs_.end() ? nullptr : &*found;
}

std::size_t agent_state::running() const {
  return static_cast<std::size_t>(std::count_if(jobs_.begin(), jobs_.end(), [](const job& one) {
    return !is_over(one.phase()) || one.reception;
  }));
}

job_report agent_state::report_of(const std::string& id, const job* found) const {
  if (found != nullptr)
    return found->report;
  job_report result;
  result.job = id;
  trim(result);
  return result;
}

status_snapshot agent_state::status() const {
  status_snapshot result;
  result.actor = name;
  result.state = stopping_ ? "stopping" : "running";
  result.facts = {metrics::jobs(jobs_.size()), metrics::running_jobs(running()),
                  metrics::refused_jobs(refused_), metrics::unexpected_messages(dropped_)};
  if (limits_.frames)
    add_facts(*limits_.frames, result.facts);
  return vitals_.of(self_, std::move(result));
}

local_agent_actor::behavior_type agent(local_agent_actor::stateful_pointer<agent_state> self,
                                       std::shared_ptr<agent_parts> parts, agent_limits limits) {
  return self->state.make_behavior(std::move(parts), std::move(limits));
}

} // namespace fleetcast::actors::fleet
