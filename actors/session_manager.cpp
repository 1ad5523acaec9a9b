#include "actors/session_manager.hpp"

#include "actors/io/routes.hpp"
#include "actors/kit/session_ids.hpp"
#include "actors/kit/status.hpp"
#include "actors/kit/timer.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"
#include "actors/serve/banishment.hpp"
#include "actors/serve/entrance.hpp"
#include "actors/serve/server_budget.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>

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

steered_session_manager_actor::behavior_type
session_manager_state::make_behavior(session_manager_config config) {
  config_ = std::move(config);
  if (config_.sending && !config_.sending->banished)
    config_.sending->banished = std::make_shared<banishment>();
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

const session_manager_state::transmission*
session_manager_state::find_sending(session_id id) const {
  const auto i = std::find_if(sending_.begin(), sending_.end(),
                              [id](const transmission& t) { return t.id == id; });
  return i == sending_.end() ? nullptr : &*i;
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
  if (const auto* t = find_sending(id)) {
    promise.delegate(t->session, order);
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
  if (const auto* t = find_sending(id))
    promise.delegate(t->session, list_atom::value);
  else
    promise.deliver(receiver_list{unknown(id), {}});
  return promise;
}

// -- send direction -------------------------------------------------------------------------------

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
  if (auto banned = config_.sending->banished->find(now(self_), identity_of(request))) {
    promise.deliver(refusal(std::move(*banned)));
    return;
  }
  auto way
    = io::find_way(io::way_use::send, config_.sending->interface, request.peer, request.local);
  if (!way)
    return refuse(request, std::move(way.error()), promise);
  auto placed = request;
  placed.feedback = way->local.value();
  // Clients behind the same interface hear the same multicast.
  const auto running = std::find_if(sending_.begin(), sending_.end(), [&](const transmission& t) {
    return !t.ended && t.interface == way->interface.index && t.is_v6 == way->local->is_v6()
           && t.object->same_as(*request.object);
  });
  if (running != sending_.end())
    forward(running->session, placed, false, promise);
  else
    join_new(placed, *way, promise);
}

void session_manager_state::refuse(const join_request& request, failure reason,
                                   join_promise promise) {
  log(name).error("{}: cannot be sent to {}: {}", protocol::outside_text(request.object->name()),
                  request.peer.to_string(), reason.text);
  promise.deliver(refusal(std::move(reason)));
}

void session_manager_state::join_new(const join_request& request, const io::way& way,
                                     const join_promise& promise) {
  const auto source = source_of(request.peer);
  if (auto full = no_place_for(source)) {
    auto answer = promise;
    answer.deliver(refusal(std::move(full)));
    return;
  }
  auto prepared = prepare_transmission(request.object, way, *config_.sending, *config_.io);
  if (!prepared) {
    refused_for_resources_ += prepared.error().code == failure_code::server_busy ? 1 : 0;
    return refuse(request, std::move(prepared.error()), promise);
  }
  const auto id = next_session_id();
  prepared->id = id;
  ++sessions_started_;
  events().note(event_kind::session_began, id,
                "sends " + protocol::outside_text(request.object->name()));
  auto session = self_->spawn(send_session, std::move(*prepared));
  self_->monitor(session);
  sending_.push_back(
    {id, request.object, way.interface.index, way.local->is_v6(), source, session});
  forward(session, request, true, promise);
}

/// Why nothing new is begun for a client at `source`; what runs can be joined all the same.
failure session_manager_state::no_place_for(const boost::asio::ip::address& source) {
  const auto& bounds = config_.sending->bounds;
  const auto running = static_cast<std::size_t>(
    std::count_if(sending_.begin(), sending_.end(), [](const auto& t) { return !t.ended; }));
  if (running >= bounds.in_all) {
    ++refused_in_all_;
    return {failure_code::server_busy, 0,
            fmt::format("this server sends {} objects now, and may send no more at once (`serve "
                        "--max-transmissions`); try again later",
                        running)};
  }
  const auto of_source
    = static_cast<std::size_t>(std::count_if(sending_.begin(), sending_.end(), [&](const auto& t) {
        return !t.ended && t.source == source;
      }));
  if (of_source >= bounds.of_one_source) {
    ++refused_of_source_;
    return {
      failure_code::server_busy, 0,
      fmt::format("{} objects that {} asked for are being sent, and one address may have no "
                  "more begun at once (`serve --max-transmissions-per-source`); try again later",
                  of_source, source.to_string())};
  }
  return {};
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
      log(name).error("{}", why);
      ++crashed_sessions_;
      events().note(event_kind::crashed, receiver->first, why);
      self_->send(receiver->second.consumer,
                  session_finished{{failure_code::internal, 0, why}, {}});
    }
    receiving_.erase(receiver);
  }
  const auto sender = std::find_if(sending_.begin(), sending_.end(),
                                   [&](const transmission& t) { return down.source == t.session; });
  if (sender != sending_.end()) {
    if (down.reason) {
      const auto why = "the send_session actor died: " + self_->system().render(down.reason);
      log(name).error("{}: {}", protocol::outside_text(sender->object->name()), why);
      ++crashed_sessions_;
      events().note(event_kind::crashed, sender->id, why);
    }
    events().note(event_kind::session_ended, sender->id,
                  "sent " + protocol::outside_text(sender->object->name()));
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

status_snapshot session_manager_state::status() const {
  status_snapshot result{
    name,
    stopping_ ? "stopping" : "running",
    {metrics::receive_sessions(receiving_.size()), metrics::send_sessions(sending_.size()),
     metrics::sessions_started(sessions_started_), metrics::crashed_sessions(crashed_sessions_)},
    {}};
  if (!config_.sending)
    return result;
  const auto add = [&](fact one) { result.facts.push_back(std::move(one)); };
  add(metrics::max_transmissions(config_.sending->bounds.in_all));
  add(metrics::refused_transmissions(refused_in_all_, "server"));
  add(metrics::refused_transmissions(refused_of_source_, "source"));
  add(metrics::refused_transmissions(refused_for_resources_, "resources"));
  if (const auto& budget = config_.sending->budget)
    add(metrics::max_rate(budget->whole()));
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
  for (const auto& t : sending_) {
    sessions.push_back(caf::actor_cast<caf::actor>(t.session));
    ids.push_back(t.id);
  }
  gather_status(self_, sessions, 2 * status_patience,
                [promise, ids, own = std::move(own)](std::vector<status_snapshot> answers) mutable {
                  // One that is stuck can be cancelled all the same, by its id.
                  for (std::size_t i = 0; i < answers.size(); ++i)
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
