#include "protocol/simulation/simulated_host.hpp"

#include <utility>

namespace fleetcast::protocol::simulation {

using fleet::job_phase;

simulated_host::simulated_host(event_queue& events, behaviour how, std::uint64_t seed)
  : events_(events),
    how_(how),
    random_(seed),
    keeps_jobs_(seed % 2 == 0) {}

void simulated_host::start() {
  ++life_;
  jobs_.emplace(fleet::job_limits{});
  for (const auto& [id, request] : kept_)
    (void)jobs_->on_start(request);
  tick();
}

void simulated_host::crash() {
  ++life_;
  jobs_.reset();
  receptions_.clear();
}

/// Does `what` within the longest step, unless the agent has died by then.
void simulated_host::later(std::function<void()> what) {
  const auto delay = duration{
    static_cast<std::int64_t>(random_.unit() * static_cast<double>(how_.longest_step.count()))};
  events_.schedule(events_.now() + delay, [this, life = life_, what = std::move(what)] {
    if (life == life_)
      what();
  });
}

void simulated_host::tick() {
  jobs_->on_tick(events_.now());
  obey();
  events_.schedule(events_.now() + fleet::job_limits{}.keep_alive, [this, life = life_] {
    if (life == life_)
      tick();
  });
}

// -- what it is asked -----------------------------------------------------------------------------

fleet::job_report simulated_host::answer(const std::string& id) {
  obey();
  return jobs_->report_of(id);
}

fleet::job_report simulated_host::answer_start(const fleet::job_request& request) {
  if (auto refusal = jobs_->on_start(request))
    return *std::move(refusal);
  return answer(request.job);
}

fleet::job_state simulated_host::answer_watch(const std::string& id) const {
  return {jobs_->report_of(id), jobs_->request_of(id)};
}

fleet::job_report simulated_host::answer_retry(const std::string& id) {
  jobs_->on_retry(id);
  return answer(id);
}

fleet::job_report simulated_host::answer_commit(const std::string& id) {
  jobs_->on_commit(id);
  return answer(id);
}

fleet::job_report simulated_host::answer_cancel(const std::string& id) {
  jobs_->on_cancel(id);
  return answer(id);
}

std::optional<std::string> simulated_host::holds(const std::string& destination) const {
  const auto found = disk_.find(destination);
  return found == disk_.end() ? std::nullopt : std::optional{found->second};
}

// -- its receptions -------------------------------------------------------------------------------

void simulated_host::obey() {
  using verb = job_book::verb;
  while (const auto order = jobs_->next_order()) {
    switch (order->what) {
      case verb::begin:
        begin(*order);
        break;
      case verb::commit:
        later([this, run = order->run] { take_name(run); });
        break;
      case verb::suspend: // it dies without a word, always
        break;
      case verb::cancel:
        finish(order->run, job_phase::cancelled, order->why);
        break;
      case verb::tell:
        if (is_over(fleet::phase_of(jobs_->report_of(order->job).phase)))
          kept_.erase(order->job);
        if (told)
          told(jobs_->report_of(order->job));
        break;
      case verb::forget:
        break;
    }
  }
}

void simulated_host::begin(const job_book::order& order) {
  const auto request = jobs_->request_of(order.job);
  if (keeps_jobs_)
    kept_[order.job] = request;
  receptions_[order.run].request = request;
  later([this, run = order.run] { step(run); });
}

/// From each phase to the next.
void simulated_host::step(run_number run) {
  const auto found = receptions_.find(run);
  if (found == receptions_.end())
    return;
  auto& one = found->second;
  if (random_.unit() * 300 < how_.failures) // each of three steps may be the one
    return finish(run, job_phase::failed, {failure_code::disk_full, 0, "the disk is full"});
  if (one.phase == job_phase::storing && !one.request.together)
    return take_name(run);
  one.phase = static_cast<job_phase>(static_cast<int>(one.phase) + 1);
  report(run, one.phase);
  if (one.phase == job_phase::staged)
    has_staged_ = true;
  else
    later([this, run] { step(run); });
}

void simulated_host::take_name(run_number run) {
  const auto found = receptions_.find(run);
  if (found == receptions_.end())
    return;
  const auto request = found->second.request;
  if (request.together && found->second.phase != job_phase::staged)
    return;
  if (!lies())
    disk_[destination_of(request)] = request.object;
  if (request.together && activated)
    activated(request);
  found->second.phase = job_phase::done;
  // It may die between the two.
  later([this, run] { finish(run, job_phase::done, {}); });
}

bool simulated_host::lies() {
  return how_.lies > 0 && random_.unit() * 100 <= how_.lies;
}

void simulated_host::finish(run_number run, job_phase phase, failure why) {
  const auto found = receptions_.find(run);
  if (found == receptions_.end() || (phase == job_phase::cancelled && is_over(found->second.phase)))
    return;
  receptions_.erase(found);
  report(run, phase, std::move(why));
  jobs_->on_end(run, {failure_code::internal, 0, "its reception died"}, events_.now());
  obey();
}

void simulated_host::report(run_number run, job_phase phase, failure why) {
  jobs_->on_news(run, phase, {}, std::move(why), events_.now());
  obey();
}

} // namespace fleetcast::protocol::simulation
