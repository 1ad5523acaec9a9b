#include "actors/session_manager.hpp"

#include "actors/io/network_interface.hpp"
#include "actors/log.hpp"
#include "actors/status.hpp"

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
  for (const auto& t : sending_)
    caf::anon_send(t.session, cancel_atom::value, orphaned);
}

session_manager_actor::behavior_type
session_manager_state::make_behavior(session_manager_config config) {
  config_ = std::move(config);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  return {
    [this](open_atom, session_id id, receive_request& request, consumer_actor& consumer) {
      open(id, std::move(request), std::move(consumer));
    },
    [this](cancel_atom, session_id id, const failure& reason) { cancel(id, reason); },
    [this](join_atom, const join_request& request) { return join(request); },
    [this](stop_atom) { stop(); },
    [this](status_atom) {
      status_snapshot own{name,
                          stopping_ ? "stopping" : "running",
                          {{"receive sessions", std::to_string(receiving_.size())},
                           {"send sessions", std::to_string(sending_.size())}},
                          {}};
      return collect_status(self_, std::move(own), children(), 2 * status_patience);
    },
  };
}

// -- receive direction ----------------------------------------------------------------------------

void session_manager_state::open(session_id id, receive_request request, consumer_actor consumer) {
  if (stopping_) {
    self_->send(consumer, session_finished{shutting_down, {}});
    return;
  }
  auto session = self_->spawn(receive_session, std::move(request), consumer, config_.parts);
  self_->monitor(session);
  receiving_[id] = {std::move(session), std::move(consumer)};
}

void session_manager_state::cancel(session_id id, const failure& reason) {
  if (const auto i = receiving_.find(id); i != receiving_.end())
    self_->send(i->second.session, cancel_atom::value, reason);
}

// -- send direction -------------------------------------------------------------------------------

std::string session_manager_state::where_for(const join_request& request) const {
  // Clients that came by the same interface hear the same multicast.
  const auto version = request.local.is_v6() ? " v6" : " v4";
  const auto& given = config_.sending->interface;
  if (!given.empty())
    return given + version;
  const auto interface = io::interface_of(request.local);
  return (interface ? interface->name : request.local.to_string()) + version;
}

session_manager_state::join_promise session_manager_state::join(const join_request& request) {
  auto promise = self_->make_response_promise<join_reply>();
  find_transmission(request, promise);
  return promise;
}

void session_manager_state::find_transmission(const join_request& request, join_promise promise) {
  if (!config_.sending || stopping_) {
    promise.deliver(refusal({failure_code::transmission_ended, 0, "this server is shutting down"}));
    return;
  }
  const auto where = where_for(request);
  const auto running = std::find_if(sending_.begin(), sending_.end(), [&](const transmission& t) {
    return !t.ended && t.where == where && t.object->same_as(*request.object);
  });
  if (running != sending_.end())
    forward(running->session, request, false, promise);
  else
    join_new(request, where, promise);
}

void session_manager_state::join_new(const join_request& request, const std::string& where,
                                     const join_promise& promise) {
  auto answer = promise;
  auto prepared
    = prepare_transmission(request.object, request.local, *config_.sending, *config_.io);
  if (!prepared) {
    log().error("{}: cannot be sent: {}", request.object->name(), prepared.error().text);
    answer.deliver(refusal(std::move(prepared.error())));
    return;
  }
  auto session = self_->spawn(send_session, std::move(*prepared));
  self_->monitor(session);
  sending_.push_back({request.object, where, session});
  forward(session, request, true, promise);
}

void session_manager_state::forward(const send_session_actor& session, const join_request& request,
                                    bool is_new, const join_promise& promise) {
  self_->request(session, join_patience, join_atom::value, request)
    .then(
      [=, this, answer = promise](join_reply& reply) mutable {
        if (reply.reason.code == failure_code::transmission_ended && !is_new)
          return find_another(session, request, promise);
        answer.deliver(std::move(reply));
      },
      [=, this, answer = promise](const caf::error& error) mutable {
        if (!is_new)
          return find_another(session, request, promise);
        answer.deliver(
          refusal({failure_code::internal, 0,
                   "the transmission could not be started: " + self_->system().render(error)}));
      });
}

void session_manager_state::find_another(const send_session_actor& ended,
                                         const join_request& request, const join_promise& promise) {
  // The transmission ended while the client was on its way to it. Others may be in the same position:
  // they share the next one.
  for (auto& t : sending_)
    if (t.session == ended)
      t.ended = true;
  find_transmission(request, promise);
}

// -- supervision ----------------------------------------------------------------------------------

void session_manager_state::on_down(const caf::down_msg& down) {
  const auto receiver = std::find_if(receiving_.begin(), receiving_.end(), [&](const auto& entry) {
    return down.source == entry.second.session;
  });
  if (receiver != receiving_.end()) {
    if (down.reason) {
      const auto why = "the receive_session actor died: " + self_->system().render(down.reason);
      log().error("{}", why);
      self_->send(receiver->second.consumer,
                  session_finished{{failure_code::internal, 0, why}, {}});
    }
    receiving_.erase(receiver);
  }
  const auto sender = std::find_if(sending_.begin(), sending_.end(),
                                   [&](const transmission& t) { return down.source == t.session; });
  if (sender != sending_.end()) {
    if (down.reason)
      log().error("{}: the send_session actor died: {}", sender->object->name(),
                  self_->system().render(down.reason));
    sending_.erase(sender);
  }
  quit_if_done();
}

void session_manager_state::stop() {
  stopping_ = true;
  for (const auto& [id, entry] : receiving_)
    self_->send(entry.session, cancel_atom::value, shutting_down);
  for (const auto& t : sending_)
    self_->send(t.session, cancel_atom::value,
                failure{failure_code::transmission_ended, 0, "the server is shutting down"});
  quit_if_done();
}

void session_manager_state::quit_if_done() {
  if (stopping_ && receiving_.empty() && sending_.empty())
    self_->quit();
}

std::vector<caf::actor> session_manager_state::children() const {
  std::vector<caf::actor> result;
  for (const auto& [id, entry] : receiving_)
    result.push_back(caf::actor_cast<caf::actor>(entry.session));
  for (const auto& t : sending_)
    result.push_back(caf::actor_cast<caf::actor>(t.session));
  return result;
}

session_manager_actor::behavior_type
session_manager(session_manager_actor::stateful_pointer<session_manager_state> self,
                session_manager_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors
