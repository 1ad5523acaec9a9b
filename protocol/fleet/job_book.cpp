#include "protocol/fleet/job_book.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::protocol::fleet {

namespace {

std::uint8_t number_of(job_phase phase) noexcept {
  return static_cast<std::uint8_t>(phase);
}

} // namespace

// -- what a coordinator asks ----------------------------------------------------------------------

std::optional<job_report> job_book::on_start(const job_request& request) {
  const auto* known = find(request.job);
  if (known != nullptr && known->request == request)
    return std::nullopt;
  if (auto why = refusal_of(request)) {
    job_report refusal;
    refusal.job = request.job;
    refusal.phase = number_of(job_phase::failed);
    refusal.code = static_cast<std::uint16_t>(why.code);
    refusal.reason = std::move(why.text);
    trim(refusal);
    return refusal;
  }
  auto& fresh = jobs_.emplace_back();
  fresh.request = request;
  begin(fresh);
  return std::nullopt;
}

failure job_book::refusal_of(const job_request& request) {
  if (auto wrong = check(request))
    return wrong;
  if (const auto* known = find(request.job))
    return {failure_code::invalid_request, 0,
            "the agent knows another job by this id: " + known->request.object + " to "
              + known->request.destination + "; an id names one request"};
  if (stopping_)
    return {failure_code::cancelled, 0, "the agent is shutting down"};
  if (running() >= limits_.running || !make_room())
    return {failure_code::server_busy, 0,
            "the agent already has " + std::to_string(running())
              + " jobs and takes no more; try again when some are over, or raise --max-jobs there"};
  return {};
}

void job_book::on_retry(const std::string& id) {
  auto* known = find(id);
  if (known == nullptr || !known->is_closed() || known->phase() == job_phase::done)
    return;
  if (!stopping_ && running() < limits_.running)
    begin(*known);
}

void job_book::on_commit(const std::string& id) {
  if (const auto* known = find(id);
      known != nullptr && known->run && known->phase() == job_phase::staged)
    orders_.push({verb::commit, *known->run, id, {}});
}

void job_book::on_cancel(const std::string& id) {
  if (const auto* known = find(id); known != nullptr && known->run && !is_over(known->phase()))
    cancel(*known, "cancelled by the coordinator");
}

// -- what becomes of a run ------------------------------------------------------------------------

void job_book::begin(job& one) {
  one.report = {};
  one.report.job = one.request.job;
  one.report.phase = number_of(job_phase::connecting);
  one.run = ++runs_;
  orders_.push({verb::begin, *one.run, one.request.job, {}});
}

void job_book::on_news(run_number run, job_phase phase, job_report figures, failure reason,
                       timestamp now) {
  auto* one = running(run);
  if (one == nullptr || is_over(one->phase()))
    return;
  one->report = std::move(figures);
  one->report.job = one->request.job;
  if (is_over(phase))
    return end(*one, phase, std::move(reason), now);
  if (phase == job_phase::staged)
    one->staged_at = now;
  one->report.phase = number_of(phase);
  tell(*one, now);
}

void job_book::on_end(run_number run, failure why, timestamp now) {
  auto* one = running(run);
  if (one == nullptr)
    return;
  one->run.reset();
  if (!is_over(one->phase()) && !stopping_)
    end(*one, job_phase::failed, std::move(why), now);
}

void job_book::end(job& one, job_phase phase, failure reason, timestamp now) {
  one.report.phase = number_of(phase);
  one.report.code = static_cast<std::uint16_t>(reason.code);
  one.report.reason = std::move(reason.text);
  trim(one.report);
  tell(one, now);
}

void job_book::tell(job& one, timestamp now) {
  one.told_at = now;
  orders_.push({verb::tell, 0, one.request.job, {}});
}

void job_book::cancel(const job& one, const char* why) {
  orders_.push({verb::cancel, *one.run, one.request.job, {failure_code::cancelled, 0, why}});
}

void job_book::on_tick(timestamp now) {
  for (auto& one : jobs_) {
    if (is_over(one.phase()))
      continue;
    if (one.phase() == job_phase::staged && now - one.staged_at >= limits_.staged && one.run)
      cancel(one, "staged, but no coordinator gave the word to activate it");
    else if (now - one.told_at >= limits_.keep_alive)
      tell(one, now);
  }
}

void job_book::stop() {
  stopping_ = true;
  for (const auto& one : jobs_)
    if (one.run)
      orders_.push({verb::suspend, *one.run, one.request.job, {}});
}

// -- keeping jobs ---------------------------------------------------------------------------------

bool job_book::make_room() {
  if (jobs_.size() < limits_.kept)
    return true;
  const auto closed
    = std::find_if(jobs_.begin(), jobs_.end(), [](const job& one) { return one.is_closed(); });
  if (closed == jobs_.end())
    return false;
  orders_.push({verb::forget, 0, closed->request.job, {}});
  jobs_.erase(closed);
  return true;
}

const job_book::job* job_book::find(const std::string& id) const {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [&](const job& one) { return one.request.job == id; });
  return found == jobs_.end() ? nullptr : &*found;
}

job_book::job* job_book::find(const std::string& id) {
  return const_cast<job*>(std::as_const(*this).find(id));
}

job_book::job* job_book::running(run_number run) {
  const auto found
    = std::find_if(jobs_.begin(), jobs_.end(), [&](const job& one) { return one.run == run; });
  return found == jobs_.end() ? nullptr : &*found;
}

std::size_t job_book::running() const noexcept {
  return static_cast<std::size_t>(
    std::count_if(jobs_.begin(), jobs_.end(), [](const job& one) { return !one.is_closed(); }));
}

bool job_book::has_open() const noexcept {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [](const job& one) { return !is_over(one.phase()); });
}

job_report job_book::report_of(const std::string& id) const {
  if (const auto* known = find(id))
    return known->report;
  job_report result;
  result.job = id;
  trim(result);
  return result;
}

job_request job_book::request_of(const std::string& id) const {
  const auto* known = find(id);
  return known == nullptr ? job_request{} : known->request;
}

bool job_book::validate() const {
  const auto is_sound = [this](const job& one) {
    return one.report.job == one.request.job && (one.run || stopping_ || is_over(one.phase()));
  };
  return jobs_.size() <= limits_.kept && running() <= limits_.running
         && std::all_of(jobs_.begin(), jobs_.end(), is_sound);
}

} // namespace fleetcast::protocol::fleet
