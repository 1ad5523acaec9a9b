#include "actors/fleet/agent.hpp"

#include "actors/fleet/local_order.hpp"
#include "actors/kit/own_thread.hpp"
#include "actors/kit/session_ids.hpp"
#include "actors/kit/timer.hpp"
#include "actors/observe/log.hpp"
#include "protocol/utc_text.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace fleetcast::actors::fleet {

namespace {

class session_parts final : public agent_parts {
public:
  session_parts(std::shared_ptr<target_files> files, session_manager_actor manager,
                reception_settings settings)
    : files_(std::move(files)),
      manager_(std::move(manager)),
      settings_(std::move(settings)) {}

  tl::expected<reception_actor, failure> receive(caf::scheduled_actor& agent,
                                                 const job_request& request,
                                                 const std::string& destination,
                                                 const reception_host_actor& self) override {
    reception_config config;
    config.request = request;
    config.destination = destination;
    config.known_servers = settings_.known_servers;
    config.identity = settings_.identity;
    config.patience = settings_.patience;
    config.session = next_session_id();
    config.files = files_;
    config.manager = manager_;
    config.agent = self;
    return spawn_on_own_thread(agent.system(), "a fleet_reception", reception, std::move(config));
  }

private:
  std::shared_ptr<target_files> files_;
  session_manager_actor manager_;
  reception_settings settings_;
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

/// For people and for programs.
void add_expiry(std::int64_t expires, std::vector<fact>& facts) {
  const std::chrono::sys_seconds at{std::chrono::seconds{expires}};
  facts.push_back(metrics::certificate_expires(protocol::utc_text(at)));
  facts.push_back(metrics::certificate_expires_timestamp(static_cast<std::uint64_t>(expires)));
}

} // namespace

std::shared_ptr<agent_parts> storing_parts(std::shared_ptr<target_files> files,
                                           session_manager_actor manager,
                                           reception_settings settings) {
  return std::make_shared<session_parts>(std::move(files), std::move(manager), std::move(settings));
}

agent_state::~agent_state() {
  for (const auto& [run, reception] : receptions_)
    caf::anon_send(reception, stop_atom::value);
}

local_agent_actor::behavior_type agent_state::make_behavior(std::shared_ptr<agent_parts> parts,
                                                            agent_limits limits) {
  parts_ = std::move(parts);
  limits_ = std::move(limits);
  const protocol::fleet::job_limits& bounds = limits_;
  jobs_ = job_book{bounds};
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self_->set_default_handler(
    [this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      ++dropped_;
      return caf::sec::unexpected_message;
    });
  if (limits_.store)
    self_->send(self_, open_atom::value);
  return {
    [this](start_atom, const job_request& request) { return start(request); },
    [this](watch_atom, const std::string& id) { return watch(id); },
    [this](retry_atom, const std::string& id) {
      add_watcher(id);
      jobs_.on_retry(id);
      return answer_about(id);
    },
    [this](commit_atom, const std::string& id) {
      jobs_.on_commit(id);
      return answer_about(id);
    },
    [this](cancel_atom, const std::string& id) {
      jobs_.on_cancel(id);
      return answer_about(id);
    },
    [this](const reception_news& news) { hear(news); },
    [this](open_atom) {
      if (is_local_order(*self_))
        go_on();
    },
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

// -- what is left of an earlier life --------------------------------------------------------------

void agent_state::go_on() {
  for (const auto& request : limits_.store->kept()) {
    log().info("job {}: was not over when the agent ended, and goes on", request.job);
    if (const auto refusal = jobs_.on_start(request))
      log().warn("job {}: stays as it is until the agent is started again: {}", request.job,
                 refusal->reason);
  }
  obey();
}

// -- what a coordinator asks ----------------------------------------------------------------------

agent_state::answer agent_state::start(const job_request& request) {
  if (auto refusal = jobs_.on_start(request)) {
    ++refused_;
    log().warn("refused a job: {}", refusal->reason);
    return *std::move(refusal);
  }
  add_watcher(request.job);
  return answer_about(request.job);
}

caf::result<job_state> agent_state::watch(const std::string& id) {
  add_watcher(id);
  return job_state{jobs_.report_of(id), jobs_.request_of(id)};
}

agent_state::answer agent_state::answer_about(const std::string& id) {
  obey();
  return jobs_.report_of(id);
}

// -- what its jobs ask for ------------------------------------------------------------------------

void agent_state::obey() {
  while (const auto order = jobs_.next_order())
    obey(*order);
}

void agent_state::obey(const job_book::order& order) {
  using verb = job_book::verb;
  switch (order.what) {
    case verb::begin:
      return begin(order);
    case verb::commit:
      return self_->send(receptions_.at(order.run), commit_atom::value);
    case verb::cancel:
      return self_->send(receptions_.at(order.run), cancel_atom::value, order.why);
    case verb::suspend:
      return self_->send(receptions_.at(order.run), stop_atom::value);
    case verb::tell:
      return tell(order.job);
    case verb::forget:
      watchers_.erase(order.job);
      return;
  }
}

void agent_state::begin(const job_book::order& order) {
  const auto request = jobs_.request_of(order.job);
  const auto destination = destination_of(request);
  log().info("job {}: {}/{} from {} to {}", request.job, request.name_space, request.object,
             request.server, destination);
  if (limits_.store)
    if (const auto refused = limits_.store->keep(request))
      log().warn("job {}: {}; should the agent end before the job is over, nobody goes on with it",
                 request.job, refused.text);
  auto begun
    = parts_->receive(*self_, request, destination, caf::actor_cast<reception_host_actor>(self_));
  if (!begun)
    return jobs_.on_end(order.run, std::move(begun.error()), now(self_));
  self_->monitor(*begun);
  receptions_.emplace(order.run, *std::move(begun));
  if (!std::exchange(ticking_, true))
    self_->delayed_send(self_, limits_.keep_alive, tick_atom::value);
}

void agent_state::tell(const std::string& id) {
  const auto report = jobs_.report_of(id);
  const auto phase = phase_of(report.phase);
  if (phase == job_phase::done)
    log().info("job {}: done, {} bytes in {} ms, SHA-256 {}", id, report.written_bytes,
               report.elapsed_ms, report.digest);
  else if (is_over(phase))
    log().warn("job {}: {}: {}", id, to_string(phase), report.reason);
  if (limits_.store && is_over(phase))
    limits_.store->drop(id);
  for (const auto& watcher : watchers_[id])
    self_->send(caf::actor_cast<watcher_actor>(watcher), report);
}

/// The latest to ask is kept; if there are too many, the one that asked longest ago is dropped.
void agent_state::add_watcher(const std::string& id) {
  const auto from = self_->current_sender();
  if (!from || !jobs_.is_known(id))
    return;
  auto& all = watchers_[id];
  const auto known = std::find(all.begin(), all.end(), from);
  if (known != all.end()) {
    std::rotate(known, known + 1, all.end());
    return;
  }
  if (all.size() >= limits_.watchers)
    all.erase(all.begin());
  all.push_back(from);
  self_->monitor(from->address());
}

// -- what becomes of a job ------------------------------------------------------------------------

void agent_state::hear(const reception_news& news) {
  const auto from = self_->current_sender();
  const auto found = std::find_if(receptions_.begin(), receptions_.end(), [&](const auto& one) {
    return caf::actor_cast<caf::strong_actor_ptr>(one.second) == from;
  });
  if (found == receptions_.end())
    return;
  jobs_.on_news(found->first, news.phase, news.figures, news.reason, now(self_));
  obey();
}

void agent_state::on_down(const caf::down_msg& down) {
  for (auto& [job, all] : watchers_)
    std::erase_if(all, [&](const auto& watcher) { return down.source == watcher; });
  const auto found = std::find_if(receptions_.begin(), receptions_.end(),
                                  [&](const auto& one) { return down.source == one.second; });
  if (found != receptions_.end()) {
    const auto run = found->first;
    receptions_.erase(found);
    jobs_.on_end(run,
                 {failure_code::internal, 0,
                  "the fleet_reception actor died: " + self_->system().render(down.reason)},
                 now(self_));
    obey();
  }
  quit_if_done();
}

void agent_state::tick() {
  jobs_.on_tick(now(self_));
  obey();
  ticking_ = jobs_.has_open();
  if (ticking_)
    self_->delayed_send(self_, limits_.keep_alive, tick_atom::value);
}

void agent_state::stop() {
  jobs_.stop();
  obey();
  quit_if_done();
}

void agent_state::quit_if_done() {
  if (jobs_.is_stopping() && receptions_.empty())
    self_->quit();
}

status_snapshot agent_state::status() const {
  status_snapshot result;
  result.actor = name;
  result.state = jobs_.is_stopping() ? "stopping" : "running";
  result.facts = {metrics::jobs(jobs_.size()), metrics::running_jobs(jobs_.running()),
                  metrics::refused_jobs(refused_), metrics::unexpected_messages(dropped_)};
  if (limits_.frames)
    add_facts(*limits_.frames, result.facts);
  if (const auto expires = limits_.certificate_expires ? limits_.certificate_expires->load() : 0)
    add_expiry(expires, result.facts);
  return vitals_.of(self_, std::move(result));
}

tl::expected<local_agent_actor, failure>
start_agent(caf::actor_system& system, std::shared_ptr<agent_parts> parts, agent_limits limits) {
  return spawn_on_own_thread(system, "the fleet_agent", agent, std::move(parts), std::move(limits));
}

local_agent_actor::behavior_type agent(local_agent_actor::stateful_pointer<agent_state> self,
                                       std::shared_ptr<agent_parts> parts, agent_limits limits) {
  return self->state.make_behavior(std::move(parts), std::move(limits));
}

} // namespace fleetcast::actors::fleet
