#include "actors/session_manager.hpp"

#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

namespace {

/// A transmission answers a join without waiting for anything, so this only bounds a defect.
constexpr auto join_patience = std::chrono::seconds(8);

join_reply refusal(failure reason) {
  join_reply result;
  result.reason = std::move(reason);
  return result;
}

const failure shutting_down{failure_code::cancelled, 0, "this process is shutting down"};

} // namespace

session_manager_state::~session_manager_state() {
  const failure orphaned{failure_code::internal, 0, "the session manager died"};
  for (const auto& [id, entry] : receiving_)
    caf::anon_send(entry.session, cancel_atom::value, orphaned);
  if (serving_)
    serving_->stop(orphaned);
}

steered_session_manager_actor::behavior_type
session_manager_state::make_behavior(session_manager_config config) {
  config_ = std::move(config);
  if (config_.serving)
    serving_ = config_.serving(*self_, *config_.io);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  return {
    [this](open_atom, session_id id, receive_request& request, consumer_actor& consumer) {
      open(id, std::move(request), std::move(consumer));
    },
    [this](cancel_atom, session_id id, const failure& reason) { cancel(id, reason); },
    [this](join_atom, const join_request& request) { return join(request); },
    [this](stop_atom) { stop(); },
    [this](status_atom) { return collect(vitals_.of(self_, status())); },
    [this](session_id id, const session_order& order) { return steer(id, order); },
    [this](list_atom, session_id id) { return list(id); },
  };
}

// -- receive direction ----------------------------------------------------------------------------

void session_manager_state::open(session_id id, receive_request request, consumer_actor consumer) {
  if (stopping_) {
    self_->send(consumer, session_finished{shutting_down, {}});
    return;
  }
  ++sessions_started_;
  events().note(event_kind::session_began, id,
                "receives " + request.name_space + "/" + request.object + " from "
                  + request.server);
  auto session = self_->spawn(receive_session, std::move(request), consumer, config_.parts, id);
  self_->monitor(session);
  receiving_[id] = {std::move(session), std::move(consumer)};
}

void session_manager_state::cancel(session_id id, const failure& reason) {
  if (const auto i = receiving_.find(id); i != receiving_.end())
    self_->send(i->second.session, cancel_atom::value, reason);
}

// -- steering -------------------------------------------------------------------------------------

steered_send_session_actor session_manager_state::transmission(session_id id) const {
  return serving_ ? serving_->session(id) : steered_send_session_actor{};
}

failure session_manager_state::unknown(session_id id) const {
  const auto receives = receiving_.contains(id)
                          ? " sends nothing, so it has no receivers and no rate"
                          : " does not exist";
  return {failure_code::invalid_argument, 0,
          "session " + std::to_string(id) + receives + "; `sessions` lists what there is"};
}

session_manager_state::order_promise session_manager_state::steer(session_id id,
                                                                  const session_order& order) {
  auto promise = self_->make_response_promise<order_outcome>();
  const auto* cancelled = std::get_if<cancel_order>(&order);
  if (const auto session = transmission(id)) {
    promise.delegate(session, order);
  } else if (cancelled != nullptr && receiving_.contains(id)) {
    cancel(id, cancelled->reason);
    promise.deliver(order_outcome{{}, "cancelled"});
  } else {
    promise.deliver(order_outcome{unknown(id), {}});
  }
  return promise;
}

session_manager_state::list_promise session_manager_state::list(session_id id) {
  auto promise = self_->make_response_promise<receiver_list>();
  if (const auto session = transmission(id))
    promise.delegate(session, list_atom::value);
  else
    promise.deliver(receiver_list{unknown(id), {}});
  return promise;
}

// -- send direction -------------------------------------------------------------------------------

session_manager_state::join_promise session_manager_state::join(const join_request& request) {
  auto promise = self_->make_response_promise<join_reply>();
  bring_in(request, promise);
  return promise;
}

void session_manager_state::bring_in(const join_request& request, join_promise promise) {
  if (!serving_ || stopping_) {
    promise.deliver(refusal({failure_code::transmission_ended, 0, "this server is shutting down"}));
    return;
  }
  auto way = serving_->find(request);
  if (!way) {
    promise.deliver(refusal(std::move(way.error())));
    return;
  }
  sessions_started_ += way->is_new ? 1 : 0;
  bring_in(*way, request, promise);
}

void session_manager_state::bring_in(const serving_half::way_in& way, const join_request& request,
                                     join_promise promise) {
  self_->request(way.session, join_patience, join_atom::value, way.request)
    .then(
      [=, this, session = way.session, is_new = way.is_new](join_reply& reply) mutable {
        if (reply.reason.code == failure_code::transmission_ended && !is_new)
          return bring_elsewhere(session, request, promise);
        promise.deliver(std::move(reply));
      },
      [=, this, session = way.session, is_new = way.is_new](const caf::error& error) mutable {
        if (!is_new)
          return bring_elsewhere(session, request, promise);
        promise.deliver(
          refusal({failure_code::internal, 0,
                   "the transmission could not be started: " + self_->system().render(error)}));
      });
}

/// The transmission ended while the client was on its way to it. Others may be in the same position:
/// they share the next one.
void session_manager_state::bring_elsewhere(const send_session_actor& closed,
                                            const join_request& request,
                                            const join_promise& promise) {
  serving_->close(closed);
  bring_in(request, promise);
}

// -- supervision ----------------------------------------------------------------------------------

void session_manager_state::on_down(const caf::down_msg& down) {
  const auto receiver = std::find_if(receiving_.begin(), receiving_.end(), [&](const auto& entry) {
    return down.source == entry.second.session;
  });
  if (receiver != receiving_.end()) {
    if (down.reason) {
      const auto why = "the receive_session actor died: " + self_->system().render(down.reason);
      log(name).error("{}", why);
      ++crashed_sessions_;
      events().note(event_kind::crashed, receiver->first, why);
      self_->send(receiver->second.consumer,
                  session_finished{{failure_code::internal, 0, why}, {}});
    }
    receiving_.erase(receiver);
  }
  if (serving_ && serving_->on_down(down) == serving_half::loss::crashed)
    ++crashed_sessions_;
  quit_if_done();
}

void session_manager_state::stop() {
  stopping_ = true;
  for (const auto& [id, entry] : receiving_)
    self_->send(entry.session, cancel_atom::value, shutting_down);
  if (serving_)
    serving_->stop({failure_code::transmission_ended, 0, "the server is shutting down"});
  quit_if_done();
}

void session_manager_state::quit_if_done() {
  if (stopping_ && receiving_.empty() && (!serving_ || serving_->is_empty()))
    self_->quit();
}

status_snapshot session_manager_state::status() const {
  status_snapshot result{name,
                         stopping_ ? "stopping" : "running",
                         {metrics::receive_sessions(receiving_.size()),
                          metrics::send_sessions(serving_ ? serving_->sessions().size() : 0),
                          metrics::sessions_started(sessions_started_),
                          metrics::crashed_sessions(crashed_sessions_)},
                         {}};
  if (serving_)
    serving_->add_facts(result.facts);
  return result;
}

status_promise session_manager_state::collect(status_snapshot own) {
  auto promise = self_->make_response_promise<status_snapshot>();
  std::vector<caf::actor> sessions;
  std::vector<session_id> ids;
  for (const auto& [id, entry] : receiving_) {
    sessions.push_back(caf::actor_cast<caf::actor>(entry.session));
    ids.push_back(id);
  }
  if (serving_)
    for (auto& [id, session] : serving_->sessions()) {
      sessions.push_back(std::move(session));
      ids.push_back(id);
    }
  if (serving_)
    for (auto& helper : serving_->helpers())
      sessions.push_back(std::move(helper));
  gather_status(self_, sessions, 2 * status_patience,
                [promise, ids, own = std::move(own)](std::vector<status_snapshot> answers) mutable {
                  // One that is stuck can be cancelled all the same, by its id.
                  for (std::size_t i = 0; i < ids.size(); ++i)
                    if (!answers[i].answered)
                      answers[i].facts.push_back(metrics::session(std::to_string(ids[i])));
                  own.children = std::move(answers);
                  promise.deliver(std::move(own));
                });
  return promise;
}

steered_session_manager_actor::behavior_type
session_manager(steered_session_manager_actor::stateful_pointer<session_manager_state> self,
                session_manager_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors
