#include "actors/fleet/coordinator.hpp"

#include "actors/fleet/local_order.hpp"
#include "actors/kit/timer.hpp"

#include <utility>

namespace fleetcast::actors::fleet {

coordinator_actor::behavior_type
coordinator_state::make_behavior(fleet_plan plan, std::shared_ptr<fleet_network> network) {
  hosts_ = plan.hosts;
  finished_ = std::move(plan.finished);
  network_ = std::move(network);
  connections_.resize(hosts_.size());
  campaign_.emplace(std::move(plan), now(self_));
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self_->set_default_handler(
    [](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      return caf::sec::unexpected_message;
    });
  // It begins with the first tick, as it goes on with each.
  self_->send(self_, tick_atom::value);
  return {
    [this](job_report& report) {
      const auto from = by_agent_.find(caf::actor_cast<caf::actor_addr>(self_->current_sender()));
      if (from == by_agent_.end())
        return;
      campaign_->on_report(connections_[from->second].to, std::move(report), now(self_));
      obey();
    },
    [this](const link_up& up) { on_up(up); },
    [this](const link_failed& failed) {
      campaign_->on_unreachable(failed.host, failed.reason, now(self_), failed.later);
      obey();
    },
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
      return campaign_->view(now(self_));
    },
  };
}

void coordinator_state::tick() {
  if (campaign_->is_finished())
    return;
  campaign_->on_tick(now(self_));
  obey();
  if (!campaign_->is_finished())
    self_->delayed_send(self_, campaign::tick_interval, tick_atom::value);
}

// -- contact --------------------------------------------------------------------------------------

void coordinator_state::on_up(const link_up& up) {
  if (const auto made = campaign_->on_up(up.host, now(self_))) {
    connections_[up.host] = {up.agent, *made};
    by_agent_[up.agent.address()] = up.host;
    self_->monitor(up.agent);
  }
  obey();
}

void coordinator_state::on_down(const caf::down_msg& down) {
  const auto found = by_agent_.find(down.source);
  if (found == by_agent_.end())
    return;
  auto& lost = connections_[found->second];
  by_agent_.erase(found);
  lost.agent = nullptr;
  campaign_->on_down(lost.to, now(self_));
  obey();
}

void coordinator_state::release(std::size_t host) {
  auto& one = connections_[host];
  if (!one.agent)
    return;
  self_->demonitor(one.agent.address());
  by_agent_.erase(one.agent.address());
  one.agent = nullptr;
}

// -- orders ---------------------------------------------------------------------------------------

void coordinator_state::obey() {
  while (const auto order = campaign_->next_order())
    obey(*order);
  if (finished_ && campaign_->is_finished())
    std::exchange(finished_, nullptr)();
}

void coordinator_state::obey(const campaign::order& order) {
  using verb = campaign::verb;
  const auto host = order.to.host;
  if (order.what == verb::dial)
    return network_->dial(hosts_[host], host, caf::actor_cast<link_sink_actor>(self_));
  const auto agent = connections_[host].agent;
  if (!agent || connections_[host].to != order.to)
    return;
  if (order.what == verb::release)
    return release(host);
  ask(order, agent);
}

void coordinator_state::ask(const campaign::order& order, const agent_actor& agent) {
  using verb = campaign::verb;
  const auto& job = campaign_->job();
  switch (order.what) {
    case verb::start:
      return request<job_report>(order, agent, start_atom::value,
                                 campaign_->request_for(order.to.host));
    case verb::watch:
      return request<job_state>(order, agent, watch_atom::value, job);
    case verb::retry:
      return request<job_report>(order, agent, retry_atom::value, job);
    case verb::commit:
      return request<job_report>(order, agent, commit_atom::value, job);
    case verb::cancel:
      return request<job_report>(order, agent, cancel_atom::value, job);
    case verb::dial:
    case verb::release:
      break; // nothing that an agent is asked
  }
}

template <class Answer, class... Ts>
void coordinator_state::request(const campaign::order& order, const agent_actor& agent,
                                Ts&&... what) {
  self_->request(agent, campaign::answer_patience, std::forward<Ts>(what)...)
    .then(
      [this, from = order.to](Answer& answer) {
        campaign_->on_answer(from, std::move(answer), now(self_));
        obey();
      },
      [this, from = order.to](const caf::error& error) { on_no_answer(from, error); });
}

void coordinator_state::on_no_answer(const contact& from, const caf::error& error) {
  if (error == caf::sec::unexpected_message || error == caf::sec::unexpected_response)
    campaign_->on_misunderstood(from, self_->system().render(error), now(self_));
  else
    campaign_->on_no_answer(from);
  obey();
}

coordinator_actor::behavior_type
coordinator(coordinator_actor::stateful_pointer<coordinator_state> self, fleet_plan plan,
            std::shared_ptr<fleet_network> network) {
  return self->state.make_behavior(std::move(plan), std::move(network));
}

} // namespace fleetcast::actors::fleet
