#include "actors/receive/control_client.hpp"

#include "actors/io/processor.hpp"
#include "actors/kit/own_thread.hpp"
#include "actors/receive/own_host_name.hpp"
#include "actors/trust/known_servers.hpp"
#include "actors/trust/openssl_thread.hpp"
#include "protocol/wire/control_codec.hpp"

#include <utility>

namespace fleetcast::actors {

namespace wire = protocol::wire;

namespace {

/// Best first. Who asks for datagrams that nobody sealed offers nothing else, so that he gets them or an
/// error.
std::vector<wire::seal_suite> offered_suites(const receive_request& request) {
  if (request.unsealed)
    return {wire::seal_suite::none};
  return io::seals_aes_in_hardware()
           ? std::vector{wire::seal_suite::aes_256_gcm, wire::seal_suite::chacha20_poly1305}
           : std::vector{wire::seal_suite::chacha20_poly1305, wire::seal_suite::aes_256_gcm};
}

} // namespace

control_client_state::~control_client_state() {
  // Also when this actor crashed: the socket must not outlive it.
  if (connection_)
    connection_->abandon();
  else if (dialer_)
    dialer_->abandon();
}

control_client_link::behavior_type
control_client_state::start(io::io_thread& io, receive_request request, std::uint32_t cache_blocks,
                            receive_session_actor session, const control_limits& limits) {
  io_ = &io;
  request_ = std::move(request);
  cache_blocks_ = cache_blocks;
  session_ = std::move(session);
  limits_ = limits;
  server_ = io::host_and_port(request_.server, request_.port);
  trust_.emplace(server_, request_.fingerprint, request_.known_servers, request_.identity);
  conversation_.emplace(conversation::question{server_, request_.fingerprint, make_request()});
  self_->monitor(session_);
  self_->set_down_handler([this](const caf::down_msg&) {
    conversation_->stop();
    obey();
  });
  if (auto refused = check_request())
    on_broken(std::move(refused));
  else if (request_.authenticate)
    prepare();
  else
    connect({});
  return {
    [this](const link_ready& ready) { on_ready(ready); },
    [this](const link_message& message) {
      conversation_->on_message(message.body);
      obey();
    },
    [this](const link_broken& broken) { on_broken(broken.reason); },
    [this](const link_credentials& mine) { on_credentials(mine); },
    [this](const link_verdict& verdict) {
      conversation_->on_verdict(verdict.reason);
      obey();
    },
    [this](const wire::client_message& message) {
      conversation_->send(message);
      obey();
    },
    [this](stop_atom) {
      conversation_->stop();
      obey();
    },
    [this](status_atom) { return status(); },
  };
}

failure control_client_state::check_request() const {
  constexpr auto code = failure_code::invalid_argument;
  if (request_.server.empty() || request_.port == 0)
    return {code, 0, "cannot connect to '" + server_ + "': give SERVER[:PORT]/NAMESPACE/OBJECT"};
  if (request_.name_space.empty() || request_.name_space.size() > wire::max_namespace_size)
    return {code, 0,
            "cannot ask " + server_ + " for a namespace whose name has "
              + std::to_string(request_.name_space.size()) + " bytes; it must have 1 to "
              + std::to_string(wire::max_namespace_size)};
  if (request_.object.empty() || request_.object.size() > wire::max_object_size)
    return {code, 0,
            "cannot ask " + server_ + " for an object whose name has "
              + std::to_string(request_.object.size()) + " bytes; it must have 1 to "
              + std::to_string(wire::max_object_size)};
  if (!request_.fingerprint.empty() && !io::is_fingerprint(request_.fingerprint))
    return {code, 0,
            "'" + request_.fingerprint
              + "' is not a fingerprint: expected SHA256: and 43 characters, as `fleetcast serve` "
                "prints it when it starts"};
  return {};
}

/// On a thread of its own, like look_up.
void control_client_state::prepare() {
  auto read = [trust = *trust_](caf::event_based_actor*, const caf::actor_addr& asker) {
    const io::openssl_thread openssl;
    auto mine = trust.credentials();
    notify(asker, mine ? link_credentials{{}, *std::move(mine)}
                       : link_credentials{std::move(mine.error()), {}});
  };
  const auto reader = spawn_on_own_thread(self_->system(), "reading this client's identity",
                                          std::move(read), self_->address());
  if (!reader)
    on_broken(reader.error());
}

void control_client_state::on_credentials(const link_credentials& mine) {
  if (mine.reason)
    on_broken(mine.reason);
  else
    connect(mine.credentials);
}

void control_client_state::connect(io::client_credentials credentials) {
  const auto me = self_->address();
  io::tls_dialer::events events;
  events.ready
    = [me](std::shared_ptr<io::tls_connection> connection, const io::peer_identity& peer) {
        notify(me, link_ready{std::move(connection), peer});
      };
  events.message = [me](wire::message_bytes body) { notify(me, link_message{std::move(body)}); };
  events.closed = [me](failure reason) { notify(me, link_broken{std::move(reason)}); };
  dialer_ = std::make_shared<io::tls_dialer>(
    io_->context(), request_.server, request_.port, std::move(credentials),
    io::tls_dialer::limits{limits_.connect, limits_.attempt, limits_.backup}, std::move(events));
  dialer_->start();
}

void control_client_state::on_ready(const link_ready& ready) {
  connection_ = ready.connection;
  dialer_.reset();
  conversation_->on_ready({ready.peer.fingerprint, ready.peer.key});
  obey();
}

void control_client_state::on_broken(failure reason) {
  conversation_->on_broken(std::move(reason));
  obey();
}

wire::session_request control_client_state::make_request() const {
  wire::session_request message;
  message.name_space = request_.name_space;
  message.object = request_.object;
  message.suites = offered_suites(request_);
  message.host_name = own_host_name();
  message.cache_blocks = cache_blocks_;
  message.resume = request_.resumes || !request_.held.empty();
  message.features = wire::feature_set{}.with(wire::feature::feedback_state);
  return message;
}

// -- what the conversation orders -----------------------------------------------------------------

void control_client_state::obey() {
  while (auto order = conversation_->next_order())
    std::visit([this](auto&& one) { obey(std::forward<decltype(one)>(one)); }, *std::move(order));
}

void control_client_state::obey(const wire::client_message& message) {
  connection_->send(wire::encode(message));
}

/// On a thread of its own, since it waits for the disk and for other processes' lock.
void control_client_state::obey(conversation::look_up) {
  const auto reader = spawn_on_own_thread(
    self_->system(), "looking the server up in known_servers",
    [trust = *trust_, offered = conversation_->peer().fingerprint](caf::event_based_actor*,
                                                                   const caf::actor_addr& asker) {
      notify(asker, link_verdict{trust.check_or_pin(offered)});
    },
    self_->address());
  if (!reader)
    conversation_->on_verdict(reader.error());
}

void control_client_state::obey(conversation::receive) {
  connection_->receive();
}

void control_client_state::obey(conversation::limit_answer limit) {
  connection_->expire_after(limits_.reply, std::move(limit.late));
}

void control_client_state::obey(conversation::no_limit) {
  connection_->expire_after({}, {});
}

void control_client_state::obey(conversation::close) {
  connection_->close(limits_.close);
}

void control_client_state::obey(conversation::quit) {
  self_->quit();
}

void control_client_state::obey(const wire::session_accept& accept) {
  self_->send(session_, server_accepted{accept, connection_->local().address(),
                                        connection_->peer().address()});
}

void control_client_state::obey(const wire::feedback_state& state) {
  self_->send(session_, state);
}

void control_client_state::obey(const wire::fetched& part) {
  self_->send(session_, part);
}

void control_client_state::obey(conversation::receipted) {
  self_->send(session_, receipt_confirmed{});
}

void control_client_state::obey(conversation::closed report) {
  self_->send(session_, server_left{std::move(report.reason)});
}

status_snapshot control_client_state::status() const {
  return vitals_.of(
    self_, {name,
            to_string(conversation_->where()),
            {metrics::server(server_), metrics::object(request_.name_space + "/" + request_.object),
             metrics::fingerprint(conversation_->peer().fingerprint)},
            {}});
}

control_client_link::behavior_type
control_client(control_client_link::stateful_pointer<control_client_state> self, io::io_thread& io,
               receive_request request, std::uint32_t cache_blocks, receive_session_actor session) {
  return control_client_within(self, io, std::move(request), cache_blocks, std::move(session), {});
}

control_client_link::behavior_type
control_client_within(control_client_link::stateful_pointer<control_client_state> self,
                      io::io_thread& io, receive_request request, std::uint32_t cache_blocks,
                      receive_session_actor session, control_limits limits) {
  return self->state.start(io, std::move(request), cache_blocks, std::move(session), limits);
}

} // namespace fleetcast::actors
