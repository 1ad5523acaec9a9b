#include "actors/serve/control_server.hpp"

#include "actors/io/network_interface.hpp"
#include "actors/observe/log.hpp"
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

} // namespace

control_server_state::~control_server_state() {
  // Also when this actor crashed: the socket must not outlive it.
  if (config_.accepted.connection)
    config_.accepted.connection->abandon();
  notify(config_.listener, conversation_ ? conversation_->how() : link_outcome::broken_early);
}

control_link_actor::behavior_type control_server_state::start(control_server_config config) {
  config_ = std::move(config);
  peer_ = name_of(config_.accepted.connection->peer());
  conversation_.emplace(peer_);
  const auto me = self_->address();
  io::tls_connection::events events;
  events.ready = [me](const io::peer_identity& who) { notify(me, link_ready{nullptr, who}); };
  events.message = [me](wire::message_bytes body) { notify(me, link_message{std::move(body)}); };
  events.closed = [me](failure reason) { notify(me, link_broken{std::move(reason)}); };
  self_->set_down_handler([this](const caf::down_msg& down) {
    conversation_->on_transmission_down(static_cast<bool>(down.reason));
    obey();
  });
  config_.accepted.connection->start(std::move(events), config_.limits.request,
                                     protocol::control::too_slow());
  config_.accepted.connection->receive();
  config_.accepted.place->await_request();
  return {
    [this](const link_ready& ready) {
      client_ = ready.peer.fingerprint;
      conversation_->on_ready();
    },
    [this](const link_message& message) {
      conversation_->on_message(message.body);
      obey();
    },
    [this](const link_broken& broken) {
      conversation_->on_broken(broken.reason);
      obey();
    },
    [this](const wire::session_ended& message) { tell(message); },
    [this](const wire::receipt_noted& message) { tell(message); },
    [this](const wire::fetched& part) { tell(part); },
    [this](const wire::feedback_state& message) { tell(message); },
    [this](stop_atom) {
      conversation_->stop();
      obey();
    },
    [this](status_atom) { return status(); },
  };
}

/// What the transmission says to its client.
template <class... Ts>
void control_server_state::tell(Ts&&... what) {
  conversation_->send(std::forward<Ts>(what)...);
  obey();
}

// -- what the conversation orders -----------------------------------------------------------------

void control_server_state::obey() {
  while (auto order = conversation_->next_order())
    std::visit([this](auto&& one) { obey(std::forward<decltype(one)>(one)); }, *std::move(order));
}

void control_server_state::obey(const wire::server_message& message) {
  config_.accepted.connection->send(wire::encode(message));
}

void control_server_state::obey(conversation::receive) {
  config_.accepted.connection->receive();
}

void control_server_state::obey(conversation::has_request) {
  config_.accepted.place->leave_pending();
  config_.accepted.connection->expire_after({}, {});
}

void control_server_state::obey(conversation::limit_linger) {
  config_.accepted.connection->expire_after(config_.limits.linger, {});
}

void control_server_state::obey(conversation::close) {
  config_.accepted.connection->close(config_.limits.close);
}

void control_server_state::obey(conversation::quit) {
  self_->quit();
}

void control_server_state::obey(const conversation::refused& report) {
  log(name).warn("{}: refused to {} ({}): {}", protocol::outside_text(conversation_->object()),
                 conversation_->host_name(), peer_,
                 protocol::outside_text(report.reason.text, max_reason_shown));
}

void control_server_state::obey(const wire::receipt& receipt) {
  self_->send(session_, receiver_, receipt);
}

void control_server_state::obey(const wire::fetch& message) {
  self_->send(session_, receiver_, message);
}

void control_server_state::obey(conversation::left report) {
  self_->send(session_, leave_atom{}, receiver_, std::move(report.reason));
}

// -- joining --------------------------------------------------------------------------------------

void control_server_state::obey(conversation::open order) {
  self_
    ->request(config_.opener, config_.limits.join, open_atom{}, std::move(order.request.name_space),
              std::move(order.request.object), client_)
    .then(
      [this](opened_content& opened) {
        object_ = std::move(opened.object);
        if (opened.reason)
          conversation_->refuse(std::move(opened.reason));
        else
          conversation_->on_opened();
        obey();
      },
      [this](caf::error& reason) { on_no_answer(reason); });
}

void control_server_state::obey(conversation::join order) {
  join_request message;
  message.request = std::move(order.request);
  message.object = std::exchange(object_, nullptr);
  message.local = io::unmapped(config_.accepted.connection->local().address());
  message.peer = io::unmapped(config_.accepted.connection->peer().address());
  message.client = client_;
  message.link = control_server_actor{self_};
  self_->request(config_.manager, config_.limits.join, join_atom{}, std::move(message))
    .then([this](join_reply& reply) { on_joined(std::move(reply)); },
          [this](caf::error& reason) { on_no_answer(reason); });
}

void control_server_state::obey(conversation::list order) {
  self_
    ->request(config_.lister, config_.limits.join, list_atom{}, std::move(order.request), client_)
    .then(
      [this](listed_content& listed) {
        if (listed.reason)
          conversation_->refuse(std::move(listed.reason));
        else
          conversation_->on_listed(std::move(listed.page));
        obey();
      },
      [this](caf::error& reason) { on_no_answer(reason); });
}

void control_server_state::on_joined(join_reply reply) {
  if (reply.reason) {
    conversation_->refuse(std::move(reply.reason));
  } else {
    session_ = std::move(reply.session);
    receiver_ = reply.accept.receiver_id;
    self_->monitor(session_);
    conversation_->on_joined(std::move(reply.accept));
  }
  obey();
}

void control_server_state::on_no_answer(const caf::error& reason) {
  if (reason == caf::sec::request_timeout)
    conversation_->refuse(
      {failure_code::server_busy, 0, "the server is too busy to answer; try again in a minute"});
  else
    conversation_->refuse({failure_code::internal, 0,
                           "a part of the server failed (" + caf::to_string(reason)
                             + "); see the server's log, and restart it if this stays so"});
  obey();
}

status_snapshot control_server_state::status() const {
  return vitals_.of(self_, {name,
                            to_string(conversation_->where()),
                            {metrics::peer(peer_), metrics::host(conversation_->host_name()),
                             metrics::client(client_), metrics::object(conversation_->object()),
                             metrics::receiver(std::to_string(receiver_))},
                            {}});
}

control_link_actor::behavior_type
control_server(control_link_actor::stateful_pointer<control_server_state> self,
               control_server_config config) {
  return self->state.start(std::move(config));
}

} // namespace fleetcast::actors
