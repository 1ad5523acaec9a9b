#include "actors/control/control_server.hpp"

#include "actors/io/network_interface.hpp"
#include "actors/log.hpp"
#include "protocol/text.hpp"
#include "protocol/wire/control_codec.hpp"

#include <sstream>
#include <utility>

namespace fleetcast::actors {

namespace wire = protocol::wire;

namespace {

std::string name_of(const boost::asio::ip::tcp::endpoint& peer) {
  std::ostringstream text;
  text << boost::asio::ip::tcp::endpoint{io::unmapped(peer.address()), peer.port()};
  return text.str();
}

/// Of the sentence that a client gets: enough for all of ours.
constexpr std::size_t max_reason_shown = 500;

failure out_of_order(std::string_view what) {
  return {
    failure_code::invalid_request, 0,
    "the client sent " + std::string{what}
      + ", which is out of order: one request comes first, then at most one receipt or leave"};
}

/// What the deadline until the request reports; told apart from other failures by its code.
failure too_slow() {
  return {failure_code::connect_timeout, 0, "the client's request did not arrive in time"};
}

link_outcome outcome_of(const failure& reason) {
  switch (reason.code) {
    case failure_code::connect_timeout:
      return link_outcome::too_slow;
    case failure_code::handshake_failed:
      return link_outcome::handshake_failed;
    case failure_code::invalid_request:
      return link_outcome::malformed;
    default:
      return link_outcome::broken_early;
  }
}

const char* name_of_server_phase(int phase) {
  constexpr const char* names[]
    = {"handshaking", "requesting", "joining", "joined", "receipted", "closing"};
  return names[phase];
}

} // namespace

const char* to_string(link_outcome outcome) noexcept {
  switch (outcome) {
    case link_outcome::completed:
      return "completed";
    case link_outcome::left:
      return "left";
    case link_outcome::ended:
      return "ended";
    case link_outcome::rejected:
      return "rejected";
    case link_outcome::handshake_failed:
      return "handshake failed";
    case link_outcome::broken_early:
      return "broken early";
    case link_outcome::too_slow:
      return "too slow";
    case link_outcome::malformed:
      return "malformed";
  }
  return "unknown";
}

control_server_state::~control_server_state() {
  // Also when this actor crashed: the socket must not outlive it.
  if (config_.accepted.connection)
    config_.accepted.connection->abandon();
  notify(config_.listener, outcome_);
}

control_link_actor::behavior_type control_server_state::start(control_server_config config) {
  config_ = std::move(config);
  peer_ = name_of(config_.accepted.connection->peer());
  const auto me = self_->address();
  io::tls_connection::events events;
  events.ready = [me](const io::peer_identity& who) { notify(me, link_ready{nullptr, who}); };
  events.message = [me](wire::message_bytes body) { notify(me, link_message{std::move(body)}); };
  events.closed = [me](failure reason) { notify(me, link_broken{std::move(reason)}); };
  self_->set_down_handler([this](const caf::down_msg& down) { on_session_down(down.reason); });
  config_.accepted.connection->start(std::move(events), config_.limits.request, too_slow());
  config_.accepted.connection->receive();
  config_.accepted.place->await_request();
  return {
    [this](const link_ready& ready) {
      client_ = ready.peer.fingerprint;
      if (phase_ == phase::handshaking)
        phase_ = phase::requesting;
    },
    [this](const link_message& message) { on_message(message); },
    [this](const link_broken& broken) { on_broken(broken.reason); },
    [this](const wire::session_ended& message) {
      owes_leave_ = false;
      end(message.reason, link_outcome::ended);
    },
    [this](const wire::receipt_noted& message) {
      if (phase_ == phase::closing)
        return;
      send(message);
      config_.accepted.connection->expire_after(config_.limits.linger, {});
    },
    [this](const wire::fetched& part) {
      if (phase_ == phase::joined)
        send(part);
    },
    [this](const wire::feedback_state& message) {
      if (phase_ == phase::joined && features_.has(wire::feature::feedback_state))
        send(message);
    },
    [this](stop_atom) {
      end({failure_code::transmission_ended, 0, "the server is shutting down"},
          link_outcome::ended);
    },
    [this](status_atom) { return status(); },
  };
}

// -- from the client ------------------------------------------------------------------------------

void control_server_state::on_message(const link_message& message) {
  if (phase_ == phase::closing)
    return;
  auto decoded = wire::decode_client_message(message.body);
  if (!decoded)
    return protocol_error(std::move(decoded.error()));
  std::visit([this](auto&& content) { take(std::forward<decltype(content)>(content)); },
             std::move(*decoded));
}

void control_server_state::take(wire::session_request request) {
  if (phase_ != phase::handshaking && phase_ != phase::requesting)
    return protocol_error(out_of_order("a second request"));
  config_.accepted.place->leave_pending();
  config_.accepted.connection->expire_after({}, {});
  phase_ = phase::joining;
  host_name_ = protocol::outside_text(request.host_name);
  object_ = request.name_space + "/" + request.object;
  features_ = request.features;
  if (request.version != wire::protocol_version)
    return refuse({failure_code::unsupported_version, 0,
                   "the client speaks version " + std::to_string(request.version)
                     + " of the protocol, this server version "
                     + std::to_string(wire::protocol_version)
                     + ". Install the same release of Fleetcast on both"});
  open(std::move(request));
}

void control_server_state::take(const wire::receipt& receipt) {
  if (phase_ != phase::joined)
    return protocol_error(out_of_order("a receipt"));
  phase_ = phase::receipted;
  owes_leave_ = false;
  self_->send(session_, receiver_, receipt);
  config_.accepted.connection->receive();
}

void control_server_state::take(const wire::leave& message) {
  if (phase_ != phase::joined && phase_ != phase::receipted)
    return protocol_error(out_of_order("a leave"));
  leave_session(message.reason);
  close(phase_ == phase::receipted ? link_outcome::completed : link_outcome::left);
}

void control_server_state::take(const wire::fetch& message) {
  if (phase_ != phase::joined)
    return protocol_error(out_of_order("a fetch"));
  self_->send(session_, receiver_, message);
  config_.accepted.connection->receive();
}

void control_server_state::on_broken(const failure& reason) {
  switch (phase_) {
    case phase::handshaking:
    case phase::requesting:
      outcome_ = outcome_of(reason);
      break;
    case phase::joining:
      outcome_ = link_outcome::left;
      break;
    case phase::joined:
      outcome_ = reason.code == failure_code::invalid_request ? link_outcome::malformed
                                                              : link_outcome::left;
      break;
    case phase::receipted:
      outcome_ = link_outcome::completed;
      break;
    case phase::closing:
      break;
  }
  leave_session(failure{reason}.in_context("the control connection of " + peer_));
  self_->quit();
}

void control_server_state::protocol_error(failure reason) {
  leave_session(reason);
  // The client learns why, for whoever writes one; then the connection ends like any other.
  if (phase_ == phase::handshaking || phase_ == phase::requesting || phase_ == phase::joining)
    send(wire::session_reject{std::move(reason)});
  else
    send(wire::session_ended{std::move(reason)});
  close(link_outcome::malformed);
}

// -- joining --------------------------------------------------------------------------------------

void control_server_state::open(wire::session_request request) {
  const auto name_space = request.name_space;
  const auto object = request.object;
  self_->request(config_.opener, config_.limits.join, open_atom{}, name_space, object, client_)
    .then(
      [this, request = std::move(request)](opened_content& opened) mutable {
        if (phase_ == phase::closing)
          return;
        if (opened.reason) {
          return refuse(std::move(opened.reason));
        }
        join(std::move(request), std::move(opened.object));
      },
      [this](caf::error& reason) { on_no_answer(reason); });
}

void control_server_state::join(wire::session_request request, std::shared_ptr<content> object) {
  join_request message;
  message.request = std::move(request);
  message.object = std::move(object);
  message.local = io::unmapped(config_.accepted.connection->local().address());
  message.peer = io::unmapped(config_.accepted.connection->peer().address());
  message.client = client_;
  message.link = control_server_actor{self_};
  self_->request(config_.manager, config_.limits.join, join_atom{}, std::move(message))
    .then([this](join_reply& reply) { on_joined(std::move(reply)); },
          [this](caf::error& reason) { on_no_answer(reason); });
}

void control_server_state::on_joined(join_reply reply) {
  if (reply.reason)
    return refuse(std::move(reply.reason));
  session_ = std::move(reply.session);
  receiver_ = reply.accept.receiver_id;
  owes_leave_ = true;
  if (phase_ == phase::closing)
    return leave_session({failure_code::connection_lost, 0,
                          "the control connection of " + peer_ + " ended while it joined"});
  phase_ = phase::joined;
  self_->monitor(session_);
  send(std::move(reply.accept));
  config_.accepted.connection->receive();
}

void control_server_state::on_no_answer(const caf::error& reason) {
  if (phase_ == phase::closing)
    return;
  if (reason == caf::sec::request_timeout)
    return refuse(
      {failure_code::server_busy, 0, "the server is too busy to answer; try again in a minute"});
  refuse({failure_code::internal, 0,
          "the server's session manager failed (" + caf::to_string(reason)
            + "); see the server's log, and restart it if this stays so"});
}

void control_server_state::on_session_down(const caf::error& reason) {
  owes_leave_ = false;
  // It ends as it should once every receiver has its receipt noted; this client then closes.
  if (!reason && phase_ == phase::receipted)
    return;
  if (phase_ == phase::joined || phase_ == phase::receipted)
    end({failure_code::internal, 0,
         "the transmission of " + object_ + " failed on the server; see its log, and try again"},
        link_outcome::ended);
}

void control_server_state::leave_session(failure reason) {
  if (!std::exchange(owes_leave_, false))
    return;
  if (!reason)
    reason = {failure_code::connection_lost, 0, peer_ + " closed its control connection"};
  self_->send(session_, leave_atom{}, receiver_, std::move(reason));
}

// -- to the client --------------------------------------------------------------------------------

void control_server_state::send(const wire::server_message& message) {
  config_.accepted.connection->send(wire::encode(message));
}

/// The operator hears of it, too.
void control_server_state::refuse(failure reason) {
  if (phase_ == phase::closing)
    return;
  log(name).warn("{}: refused to {} ({}): {}", protocol::outside_text(object_), host_name_, peer_,
                 protocol::outside_text(reason.text, max_reason_shown));
  send(wire::session_reject{std::move(reason)});
  close(link_outcome::rejected);
}

void control_server_state::end(failure reason, link_outcome outcome) {
  if (phase_ == phase::closing)
    return;
  leave_session(reason);
  const bool has_request = phase_ != phase::handshaking && phase_ != phase::requesting;
  if (phase_ == phase::joined || phase_ == phase::receipted)
    send(wire::session_ended{std::move(reason)});
  else if (has_request)
    send(wire::session_reject{std::move(reason)});
  close(phase_ == phase::receipted ? link_outcome::completed : outcome);
}

void control_server_state::close(link_outcome outcome) {
  outcome_ = outcome;
  phase_ = phase::closing;
  config_.accepted.connection->close(config_.limits.close);
}

status_snapshot control_server_state::status() const {
  return vitals_.of(self_,
                    {name,
                     name_of_server_phase(static_cast<int>(phase_)),
                     {metrics::peer(peer_), metrics::host(host_name_), metrics::client(client_),
                      metrics::object(object_), metrics::receiver(std::to_string(receiver_))},
                     {}});
}

control_link_actor::behavior_type
control_server(control_link_actor::stateful_pointer<control_server_state> self,
               control_server_config config) {
  return self->state.start(std::move(config));
}

} // namespace fleetcast::actors
