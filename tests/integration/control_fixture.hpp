/// The control plane over loopback TCP: the real client, server and listener actors; manager,
/// sessions and content are the test's. Whatever is awaited has a limit, which only a failing test
/// reaches.
#pragma once

#include "actors/messages/manager.hpp"
#include "actors/receive/control_client.hpp"
#include "actors/serve/control_listener.hpp"
#include "protocol/wire/control_codec.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>

namespace fleetcast::actors::control_fixture {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long a test waits for what must come.
constexpr auto patience = seconds{20};

constexpr protocol::receiver_id receiver = 7;

// -- the test's own manager, sessions and content ---------------------------------------------------

class some_content : public content {
public:
  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size() const noexcept override { return 1000; }
  tl::expected<void, failure> read(std::uint64_t, std::span<std::byte>) const override {
    return {};
  }
  bool same_as(const content& other) const noexcept override { return this == &other; }

private:
  std::string name_ = "lab/image";
};

class some_catalog : public content_catalog {
public:
  tl::expected<std::shared_ptr<content>, failure> open(std::string_view name_space,
                                                       std::string_view object) override {
    if (name_space != "lab")
      return tl::make_unexpected(
        failure{failure_code::namespace_unknown, 0, "there is no such namespace"});
    if (object != "image")
      return tl::make_unexpected(failure{failure_code::object_not_found, 0, "no such object"});
    return std::make_shared<some_content>();
  }

  std::vector<offered_namespace> namespaces() const override { return {{"lab", false}}; }
};

/// Answers a join; nothing: never answers.
using join_policy = std::function<std::optional<join_reply>(const join_request&)>;

struct manager_state {
  explicit manager_state(session_manager_actor::pointer) {}
  static constexpr const char* name = "test_manager";
  std::vector<caf::typed_response_promise<join_reply>> unanswered;
};

inline session_manager_actor::behavior_type
test_manager(session_manager_actor::stateful_pointer<manager_state> self, caf::actor probe,
             join_policy policy) {
  return {
    [](open_atom, session_id, const receive_request&, const consumer_actor&) {},
    [](cancel_atom, session_id, const failure&) {},
    [=](join_atom, const join_request& request) -> caf::typed_response_promise<join_reply> {
      auto promise = self->make_response_promise<join_reply>();
      caf::anon_send(probe, request);
      if (auto reply = policy(request))
        promise.deliver(std::move(*reply));
      else
        self->state.unanswered.push_back(promise);
      return promise;
    },
    [=](stop_atom) { self->quit(); },
    [](status_atom) { return status_snapshot{}; },
  };
}

inline send_session_actor::behavior_type test_send_session(send_session_actor::pointer self,
                                                           caf::actor probe) {
  return {
    [](const io::datagram_batch&) {},
    [](join_atom, const join_request&) { return join_reply{}; },
    [=](leave_atom, protocol::receiver_id id, const failure& why) {
      caf::anon_send(probe, leave_atom::value, id, why);
    },
    [=](protocol::receiver_id id, const wire::receipt& receipt) {
      caf::anon_send(probe, id, receipt);
    },
    [=](protocol::receiver_id id, const wire::fetch& asked) { caf::anon_send(probe, id, asked); },
    [](const block_read&) {},
    [](const read_failed&) {},
    [](const batch_sent&) {},
    [](tick_atom) {},
    [=](cancel_atom, const failure&) { self->quit(caf::exit_reason::user_shutdown); },
    [](status_atom) { return status_snapshot{}; },
  };
}

inline receive_session_actor::behavior_type
test_receive_session(receive_session_actor::pointer self, caf::actor probe) {
  return {
    [=](cancel_atom, const failure&) { self->quit(); },
    [=](const server_accepted& message) { caf::anon_send(probe, message); },
    [=](const server_left& message) { caf::anon_send(probe, message); },
    [=](const receipt_confirmed& message) { caf::anon_send(probe, message); },
    [](const session_progress&) {},
    [](const reassembly_finished&) {},
    [](const reassembly_failed&) {},
    [](const reception_changed&) {},
    [=](const protocol::wire::feedback_state& message) { caf::anon_send(probe, message); },
    [](const delivery_finished&) {},
    [](const consumption_finished&) {},
    [](const protocol::wire::fetch&) {},
    [=](const protocol::wire::fetched& part) { caf::anon_send(probe, part); },
    [](tick_atom) {},
    [](status_atom) { return status_snapshot{}; },
  };
}

// -- strangers --------------------------------------------------------------------------------------

/// A blocking client that speaks TLS, but says what the test wants.
class raw_client {
public:
  explicit raw_client(std::uint16_t port,
                      asio::ssl::context::method method = asio::ssl::context::tlsv13_client)
    : context_(method),
      stream_(io_, context_) {
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port});
  }

  /// What to answer a server that asks who we are.
  bool show(X509* certificate, EVP_PKEY* key) {
    return SSL_use_certificate(stream_.native_handle(), certificate) == 1
           && SSL_use_PrivateKey(stream_.native_handle(), key) == 1;
  }

  boost::system::error_code shake_hands() {
    boost::system::error_code error;
    stream_.handshake(asio::ssl::stream_base::client, error);
    return error;
  }

  void send(const wire::message_bytes& bytes) {
    boost::system::error_code ignored;
    asio::write(stream_, asio::buffer(bytes), ignored);
  }

  /// The next message; nothing when the server closed the connection.
  std::optional<wire::server_message> receive() {
    std::array<std::byte, 4> prefix{};
    boost::system::error_code error;
    asio::read(stream_, asio::buffer(prefix), error);
    if (error)
      return std::nullopt;
    std::size_t size = 0;
    for (std::size_t i = prefix.size(); i-- > 0;)
      size = size << 8U | std::to_integer<std::size_t>(prefix[i]);
    wire::message_bytes body(size);
    asio::read(stream_, asio::buffer(body), error);
    if (error)
      return std::nullopt;
    auto message = wire::decode_server_message(body);
    return message ? std::optional{std::move(*message)} : std::nullopt;
  }

  tcp::socket& socket() { return stream_.next_layer(); }

  /// Something arrived (the server's farewell, if it has nothing to say) within `limit`.
  bool is_answered(milliseconds limit) {
    pollfd descriptor{socket().native_handle(), POLLIN, 0};
    return ::poll(&descriptor, 1, static_cast<int>(limit.count())) > 0;
  }

private:
  asio::io_context io_;
  asio::ssl::context context_;
  asio::ssl::stream<tcp::socket> stream_;
};

/// Reads until the peer closes.
inline void drain(tcp::socket& socket) {
  std::array<char, 4096> chunk{};
  boost::system::error_code error;
  while (!error)
    socket.read_some(asio::buffer(chunk), error);
}

/// A blocking server with an identity that says what the test wants, once.
class raw_server {
public:
  raw_server(const io::identity& who, wire::message_bytes answer)
    : context_(*io::make_server_context(who)),
      acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
      thread_([this, bytes = std::move(answer)] { run(bytes); }) {}

  ~raw_server() { thread_.join(); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
  void run(const wire::message_bytes& answer) {
    boost::system::error_code error;
    asio::ssl::stream<tcp::socket> stream{acceptor_.accept(), *context_};
    stream.handshake(asio::ssl::stream_base::server, error);
    asio::write(stream, asio::buffer(answer), error);
    drain(stream.next_layer());
  }

  asio::io_context io_;
  io::tls_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

inline wire::message_bytes a_request() {
  wire::session_request request;
  request.name_space = "lab";
  request.object = "image";
  request.suites = {wire::seal_suite::chacha20_poly1305};
  request.host_name = "stranger";
  request.cache_blocks = 4;
  return wire::encode(wire::client_message{request});
}

/// A length and as many bytes.
inline wire::message_bytes framed(std::uint32_t length, wire::message_bytes body) {
  wire::message_bytes result;
  for (unsigned i = 0; i < 4; ++i)
    result.push_back(static_cast<std::byte>(length >> (8 * i)));
  result.insert(result.end(), body.begin(), body.end());
  return result;
}

/// As the runtime does it: what the I/O thread does for the last actors takes the actor system.
struct end_of_io {
  caf::actor_system& system;
  io::io_thread& io;

  ~end_of_io() {
    system.await_all_actors_done();
    io.stop();
  }
};

// -- fixture ----------------------------------------------------------------------------------------

class Control : public ::testing::Test {
protected:
  Control() : server_probe_(system_), client_probe_(system_) {
    auto who = io::load_or_create_identity(root_ / "state");
    EXPECT_TRUE(who) << who.error().text;
    identity_ = std::make_shared<const io::identity>(std::move(*who));
    send_session_ = system_.spawn(test_send_session, caf::actor_cast<caf::actor>(server_probe_));
    receive_session_
      = system_.spawn(test_receive_session, caf::actor_cast<caf::actor>(client_probe_));
    policy_ = [this](const join_request&) { return accepting(); };
  }

  ~Control() override {
    stop_listener();
    caf::anon_send_exit(send_session_, caf::exit_reason::kill);
    caf::anon_send_exit(receive_session_, caf::exit_reason::kill);
    caf::anon_send_exit(manager_, caf::exit_reason::kill);
    for (const auto& client : clients_)
      caf::anon_send(client, stop_atom::value);
  }

  join_reply accepting() const {
    join_reply reply;
    reply.accept.session_tag = 99;
    reply.accept.receiver_id = receiver;
    reply.accept.suite = wire::seal_suite::chacha20_poly1305;
    reply.accept.group = {std::vector<std::byte>(4, std::byte{239}), 5000};
    reply.accept.feedback = {{}, 5001};
    reply.accept.object_size = 1000;
    reply.accept.symbol_size = 1408;
    reply.accept.source_symbols = 128;
    reply.accept.signing_key = identity_->public_key();
    reply.session = send_session_;
    return reply;
  }

  void serve(tcp::endpoint address = {asio::ip::address_v4::loopback(), 0}) {
    auto sockets = listen_on(io_, address);
    ASSERT_TRUE(sockets) << sockets.error().text;
    port_ = sockets->port();
    manager_ = system_.spawn(test_manager, caf::actor_cast<caf::actor>(server_probe_),
                             join_policy{[this](const join_request& r) { return policy_(r); }});
    using pointer = control_listening_actor::stateful_pointer<control_listener_state>;
    listener_ = system_.spawn(
      [this](pointer self, const listening_sockets& listening) {
        return control_listener(self, io_, listening, identity_,
                                std::make_shared<offer>(offer_terms{catalog_, authorized_}),
                                manager_, limits_);
      },
      *sockets);
  }

  void stop_listener() {
    if (!listener_)
      return;
    caf::anon_send(listener_, stop_atom::value);
    await_end(listener_);
    listener_ = nullptr;
  }

  /// Serves only the clients of `lines`.
  void authorize(const std::string& lines) {
    const auto file = root_ / "authorized";
    std::ofstream{file, std::ios::trunc} << lines;
    if (authorized_)
      return; // it looks for itself
    auto made = authorization::make({file.string()}, {"lab"});
    ASSERT_TRUE(made) << made.error().text;
    authorized_ = std::make_shared<authorization>(std::move(*made));
  }

  /// A request that says who asks; the fingerprint it will show.
  std::pair<receive_request, std::string> authenticated() const {
    auto request = to_server();
    request.authenticate = true;
    request.identity = (root_ / "client" / "identity").string();
    auto who = io::load_or_create_client_identity(request.identity);
    EXPECT_TRUE(who) << who.error().text;
    return {request, who ? who->fingerprint() : ""};
  }

  /// What the server sees of the client that joined.
  std::string client_at(const join_request& join) {
    std::string result;
    server_probe_->request(join.link, patience, status_atom::value)
      .receive(
        [&](const status_snapshot& status) {
          result = actors::testing::fact(status, "client").value_or("");
        },
        [](const caf::error& error) { ADD_FAILURE() << caf::to_string(error); });
    return result;
  }

  receive_request to_server() const {
    receive_request request;
    request.server = "127.0.0.1";
    request.port = port_;
    request.name_space = "lab";
    request.object = "image";
    request.known_servers = (root_ / "known_servers").string();
    return request;
  }

  control_client_actor connect(const receive_request& request) {
    using pointer = control_client_link::stateful_pointer<control_client_state>;
    const control_client_actor client = system_.spawn(
      [this](pointer self, const receive_request& wanted) {
        return control_client_within(self, io_, wanted, 64, receive_session_, limits_);
      },
      request);
    clients_.push_back(client);
    return client;
  }

  /// The next message to a probe.
  template <class Message>
  static Message await(caf::scoped_actor& probe) {
    Message result;
    bool came = false;
    probe->receive(
      [&](const Message& message) {
        result = message;
        came = true;
      },
      caf::after(patience) >> [] {});
    EXPECT_TRUE(came) << "no message of the awaited type";
    return result;
  }

  server_accepted await_accept() { return await<server_accepted>(client_probe_); }
  failure await_closed() { return await<server_left>(client_probe_).reason; }
  join_request await_join() { return await<join_request>(server_probe_); }

  failure await_leave() {
    failure result;
    bool came = false;
    server_probe_->receive(
      [&](leave_atom, protocol::receiver_id id, const failure& reason) {
        EXPECT_EQ(id, receiver);
        result = reason;
        came = true;
      },
      caf::after(patience) >> [] {});
    EXPECT_TRUE(came) << "the session was not told";
    return result;
  }

  template <class Handle>
  void await_end(const Handle& handle) {
    server_probe_->wait_for(caf::actor_cast<caf::actor>(handle));
  }

  bool is_quiet(caf::scoped_actor& probe) { return probe->mailbox().empty(); }

  std::string fact(const std::string& key) {
    std::string result;
    server_probe_->request(listener_, patience, status_atom::value)
      .receive(
        [&](const status_snapshot& status) {
          result = actors::testing::fact(status, key).value_or("");
        },
        [](const caf::error& error) { ADD_FAILURE() << caf::to_string(error); });
    return result;
  }

  /// Asks until the listener counted what a connection's end tells it a moment later.
  void await_fact(const std::string& key, const std::string& value) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (fact(key) != value && std::chrono::steady_clock::now() < limit)
      std::this_thread::yield();
    EXPECT_EQ(fact(key), value) << key;
  }

  /// A well-behaved client is served.
  void expect_service() {
    const auto client = connect(to_server());
    const auto accepted = await_accept();
    EXPECT_EQ(accepted.accept.receiver_id, receiver);
    await_join();
    caf::anon_send(client, stop_atom::value);
    await_leave();
    await_end(client);
  }

  // Before the system: a client that was stopped may still write its identity there.
  testing::temporary_directory directory_;
  std::filesystem::path root_ = directory_.path();
  caf::actor_system_config config_;
  io::io_thread io_;
  caf::actor_system system_{config_};
  end_of_io end_of_io_{system_, io_};
  caf::scoped_actor server_probe_;
  caf::scoped_actor client_probe_;
  std::shared_ptr<const io::identity> identity_;
  std::shared_ptr<content_catalog> catalog_ = std::make_shared<some_catalog>();
  std::shared_ptr<authorization> authorized_;
  send_session_actor send_session_;
  receive_session_actor receive_session_;
  session_manager_actor manager_;
  control_listener_actor listener_;
  std::vector<control_client_actor> clients_;
  join_policy policy_;
  control_limits limits_;
  std::uint16_t port_ = 0;
};

} // namespace fleetcast::actors::control_fixture
