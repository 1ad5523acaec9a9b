#include "actors/serve/transmissions.hpp"

#include "actors/io/routes.hpp"
#include "actors/kit/entrance.hpp"
#include "actors/kit/session_ids.hpp"
#include "actors/kit/timer.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"
#include "actors/serve/banishment.hpp"
#include "actors/serve/server_budget.hpp"
#include "actors/serve/transmission.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace fleetcast::actors {

transmissions::transmissions(send_options options, caf::scheduled_actor& manager, io::io_thread& io)
  : options_(std::move(options)),
    manager_(manager),
    io_(io) {
  if (!options_.banished)
    options_.banished = std::make_shared<banishment>();
  if (!options_.digests.empty())
    digests_ = start_digest_keeper(manager.system(), options_.digests);
}

transmissions::~transmissions() {
  if (digests_)
    caf::anon_send(digests_, stop_atom::value);
}

serving_half_factory serving(send_options options) {
  return [options = std::move(options)](caf::scheduled_actor& manager, io::io_thread& io) {
    return std::make_unique<transmissions>(options, manager, io);
  };
}

// -- for a client ---------------------------------------------------------------------------------

tl::expected<serving_half::way_in, failure> transmissions::find(const join_request& request) {
  if (auto banned = options_.banished->find(now(&manager_), identity_of(request)))
    return tl::unexpected{std::move(*banned)};
  auto way = io::find_way(io::way_use::send, options_.interface, request.peer, request.local);
  if (!way)
    return refuse(request, std::move(way.error()));
  auto placed = request;
  placed.feedback = way->local.value();
  // Clients behind the same interface hear the same multicast.
  const auto running = std::find_if(all_.begin(), all_.end(), [&](const transmission& t) {
    return !t.is_closed && t.interface == way->interface.index && t.is_v6 == way->local->is_v6()
           && t.object->same_as(*request.object);
  });
  if (running != all_.end())
    return way_in{running->session, std::move(placed), false};
  return begin(std::move(placed), *way);
}

tl::unexpected<failure> transmissions::refuse(const join_request& request, failure reason) const {
  log(manager_.name())
    .error("{}: cannot be sent to {}: {}", protocol::outside_text(request.object->name()),
           request.peer.to_string(), reason.text);
  return tl::unexpected{std::move(reason)};
}

tl::expected<serving_half::way_in, failure> transmissions::begin(join_request request,
                                                                 const io::way& way) {
  const auto source = source_of(request.peer);
  if (auto full = no_place_for(source))
    return tl::unexpected{std::move(full)};
  auto prepared = prepare_transmission(request.object, way, options_, io_);
  if (!prepared) {
    refused_for_resources_ += prepared.error().code == failure_code::server_busy ? 1 : 0;
    return refuse(request, std::move(prepared.error()));
  }
  const auto id = next_session_id();
  prepared->id = id;
  prepared->digests = digests_;
  events().note(event_kind::session_began, id,
                "sends " + protocol::outside_text(request.object->name()));
  auto session = manager_.spawn(send_session, std::move(*prepared));
  manager_.monitor(session);
  all_.push_back({id, request.object, way.interface.index, way.local->is_v6(), source, session});
  return way_in{std::move(session), std::move(request), true};
}

/// Why nothing new is begun for a client at `source`; what runs can be joined all the same.
failure transmissions::no_place_for(const boost::asio::ip::address& source) {
  const auto& bounds = options_.bounds;
  const auto running = static_cast<std::size_t>(
    std::count_if(all_.begin(), all_.end(), [](const auto& t) { return !t.is_closed; }));
  if (running >= bounds.in_all) {
    ++refused_in_all_;
    return {failure_code::server_busy, 0,
            fmt::format("this server sends {} objects now, and may send no more at once (`serve "
                        "--max-transmissions`); try again later",
                        running)};
  }
  const auto of_source = static_cast<std::size_t>(std::count_if(
    all_.begin(), all_.end(), [&](const auto& t) { return !t.is_closed && t.source == source; }));
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

// -- for the manager ------------------------------------------------------------------------------

void transmissions::close(const send_session_actor& session) {
  for (auto& t : all_)
    if (t.session == session)
      t.is_closed = true;
}

steered_send_session_actor transmissions::session(session_id id) const {
  const auto i
    = std::find_if(all_.begin(), all_.end(), [id](const transmission& t) { return t.id == id; });
  return i == all_.end() ? steered_send_session_actor{} : i->session;
}

serving_half::loss transmissions::on_down(const caf::down_msg& down) {
  const auto lost = std::find_if(all_.begin(), all_.end(),
                                 [&](const transmission& t) { return down.source == t.session; });
  if (lost == all_.end())
    return loss::none;
  const auto object = protocol::outside_text(lost->object->name());
  if (down.reason) {
    const auto why = "the send_session actor died: " + manager_.system().render(down.reason);
    log(manager_.name()).error("{}: {}", object, why);
    events().note(event_kind::crashed, lost->id, why);
  }
  events().note(event_kind::session_ended, lost->id, "sent " + object);
  all_.erase(lost);
  return down.reason ? loss::crashed : loss::ended;
}

void transmissions::stop(const failure& reason) {
  for (const auto& t : all_)
    caf::anon_send(t.session, cancel_atom::value, reason);
}

std::vector<std::pair<session_id, caf::actor>> transmissions::sessions() const {
  std::vector<std::pair<session_id, caf::actor>> result;
  for (const auto& t : all_)
    result.emplace_back(t.id, caf::actor_cast<caf::actor>(t.session));
  return result;
}

std::vector<caf::actor> transmissions::helpers() const {
  if (digests_)
    return {caf::actor_cast<caf::actor>(digests_)};
  return {};
}

void transmissions::add_facts(std::vector<fact>& facts) const {
  facts.push_back(metrics::max_transmissions(options_.bounds.in_all));
  facts.push_back(metrics::refused_transmissions(refused_in_all_, "server"));
  facts.push_back(metrics::refused_transmissions(refused_of_source_, "source"));
  facts.push_back(metrics::refused_transmissions(refused_for_resources_, "resources"));
  if (options_.budget)
    facts.push_back(metrics::max_rate(options_.budget->whole()));
}

} // namespace fleetcast::actors
