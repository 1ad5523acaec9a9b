/// The control plane over loopback TCP: the real client, server and listener actors; manager,
/// sessions and content are the test's. Whatever is awaited has a limit, which only a failing test
/// reaches.
#include "actors/io/processor.hpp"
#include "actors/messages/manager.hpp"
#include "actors/receive/control_client.hpp"
#include "actors/serve/control_listener.hpp"
#include "actors/trust/known_servers.hpp"
#include "protocol/wire/control_codec.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/logged_lines.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/stat.h>

namespace fleetcast::actors {
namespace control_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// How long a test waits for what must come.
constexpr auto patience = seconds{20};

constexpr protocol::receiver_id receiver = 7;

// -- the test's own manager, sessions and content
// ---------------------------------------------------

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
};

/// Answers a join; nothing: never answers.
using join_policy = std::function<std::optional<join_reply>(const join_request&)>;

struct manager_state {
  explicit manager_state(session_manager_actor::pointer) {}
  static constexpr const char* name = "test_manager";
  std::vector<caf::typed_response_promise<join_reply>> unanswered;
};

session_manager_actor::behavior_type
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

send_session_actor::behavior_type test_send_session(send_session_actor::pointer self,
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

receive_session_actor::behavior_type test_receive_session(receive_session_actor::pointer self,
                                                          caf::actor probe) {
  return {
    [=](cancel_atom, const failure&) { self->quit(); },
    [=](const link_accepted& message) { caf::anon_send(probe, message); },
    [=](const link_closed& message) { caf::anon_send(probe, message); },
    [=](const link_receipted& message) { caf::anon_send(probe, message); },
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

// -- strangers ------------------------------------------------------------------------------------

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
void drain(tcp::socket& socket) {
  std::array<char, 4096> chunk{};
  boost::system::error_code error;
  while (!error)
    socket.read_some(asio::buffer(chunk), error);
}

wire::message_bytes a_request() {
  wire::session_request request;
  request.name_space = "lab";
  request.object = "image";
  request.suites = {wire::seal_suite::chacha20_poly1305};
  request.host_name = "stranger";
  request.cache_blocks = 4;
  return wire::encode(wire::client_message{request});
}

/// A length and as many bytes.
wire::message_bytes framed(std::uint32_t length, wire::message_bytes body) {
  wire::message_bytes result;
  for (unsigned i = 0; i < 4; ++i)
    result.push_back(static_cast<std::byte>(length >> (8 * i)));
  result.insert(result.end(), body.begin(), body.end());
  return result;
}

// -- fixture --------------------------------------------------------------------------------------

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
        return control_listener(self, io_, listening, identity_, std::make_shared<some_catalog>(),
                                manager_, limits_, authorized_);
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

  link_accepted await_accept() { return await<link_accepted>(client_probe_); }
  failure await_closed() { return await<link_closed>(client_probe_).reason; }
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
  caf::scoped_actor server_probe_;
  caf::scoped_actor client_probe_;
  std::shared_ptr<const io::identity> identity_;
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

// -- the main way ---------------------------------------------------------------------------------

TEST_F(Control, AcceptsARequestAndNotesTheReceipt) {
  serve();
  const auto client = connect(to_server());
  const auto join = await_join();
  EXPECT_EQ(join.request.name_space, "lab");
  EXPECT_EQ(join.request.object, "image");
  EXPECT_EQ(join.request.cache_blocks, 64U);
  EXPECT_EQ(join.request.version, wire::protocol_version);
  using enum wire::seal_suite;
  EXPECT_EQ(join.request.suites, io::seals_aes_in_hardware()
                                   ? (std::vector{aes_256_gcm, chacha20_poly1305})
                                   : (std::vector{chacha20_poly1305, aes_256_gcm}));
  EXPECT_FALSE(join.request.host_name.empty());
  EXPECT_TRUE(join.request.features.has(wire::feature::feedback_state));
  EXPECT_EQ(join.object->name(), "lab/image");
  EXPECT_TRUE(join.local.is_loopback());
  EXPECT_TRUE(join.peer.is_loopback());
  const auto accepted = await_accept();
  EXPECT_EQ(accepted.accept.session_tag, 99U);
  EXPECT_EQ(accepted.accept.signing_key, identity_->public_key());
  EXPECT_EQ(accepted.peer.to_string(), "127.0.0.1");

  const wire::receipt receipt{1000, 5, 3};
  caf::anon_send(client, wire::client_message{receipt});
  bool came = false;
  server_probe_->receive(
    [&](protocol::receiver_id id, const wire::receipt& noted) {
      EXPECT_EQ(id, receiver);
      EXPECT_EQ(noted, receipt);
      came = true;
    },
    caf::after(patience) >> [] {});
  ASSERT_TRUE(came);
  caf::anon_send(join.link, wire::receipt_noted{});
  await<link_receipted>(client_probe_);
  caf::anon_send(client, stop_atom::value);
  await_end(client);
  await_end(join.link);
  EXPECT_TRUE(is_quiet(server_probe_)) << "a leave after the receipt";
  EXPECT_TRUE(is_quiet(client_probe_)) << "a report after stop";
  await_fact("completed", "1");
}

TEST_F(Control, ReportsAnOrderlyEndWhenTheServerClosesAfterTheReceipt) {
  limits_.linger = milliseconds{30};
  serve();
  const auto client = connect(to_server());
  const auto join = await_join();
  await_accept();
  caf::anon_send(client, wire::client_message{wire::receipt{}});
  server_probe_->receive([](protocol::receiver_id, const wire::receipt&) {},
                         caf::after(patience) >> [] { FAIL(); });
  caf::anon_send(join.link, wire::receipt_noted{});
  await<link_receipted>(client_probe_);
  EXPECT_EQ(await_closed().code, failure_code::none);
  await_end(client);
}

TEST_F(Control, CarriesAFetchAndItsAnswer) {
  serve();
  const auto client = connect(to_server());
  const auto join = await_join();
  await_accept();
  const wire::fetch asked{7, true, true, 3};
  caf::anon_send(client, wire::client_message{asked});
  bool came = false;
  server_probe_->receive(
    [&](protocol::receiver_id id, const wire::fetch& heard) {
      EXPECT_EQ(id, receiver);
      EXPECT_EQ(heard, asked);
      came = true;
    },
    caf::after(patience) >> [] {});
  ASSERT_TRUE(came);
  const wire::fetched part{7, wire::fetched_leaf{2, std::vector<std::byte>(wire::digest_leaf)}};
  caf::anon_send(join.link, part);
  EXPECT_EQ(await<wire::fetched>(client_probe_), part);
  caf::anon_send(client, stop_atom::value);
  await_end(client);
}

TEST_F(Control, ServesManyWhileFewMayBePending) {
  limits_.pending = 2;
  serve();
  constexpr int count = 40;
  for (int i = 0; i < count; ++i)
    connect(to_server());
  for (int i = 0; i < count; ++i) {
    await_accept();
    await_join();
  }
  EXPECT_EQ(fact("accepted"), std::to_string(count));
  EXPECT_EQ(fact("pending"), "0");
}

TEST_F(Control, TakesIpv6AndIpv4ClientsOnTheUnspecifiedAddress) {
  serve({tcp::v6(), 0});
  connect(to_server());
  EXPECT_EQ(await_join().peer.to_string(), "127.0.0.1");
  await_accept();
  auto request = to_server();
  request.server = "::1";
  connect(request);
  EXPECT_EQ(await_join().peer.to_string(), "::1");
  EXPECT_EQ(await_accept().peer.to_string(), "::1");
  std::ifstream known{request.known_servers};
  const std::string text{std::istreambuf_iterator<char>{known}, {}};
  EXPECT_NE(text.find("[::1]:" + std::to_string(port_) + " " + identity_->fingerprint()),
            std::string::npos)
    << text;
}

TEST_F(Control, TriesEveryAddressOfAName) {
  serve(); // IPv4 only; most hosts give ::1 first
  auto request = to_server();
  request.server = "localhost";
  connect(request);
  await_accept();
}

// -- ends -----------------------------------------------------------------------------------------

TEST_F(Control, RejectsAnUnknownNamespaceByName) {
  serve();
  auto request = to_server();
  request.name_space = "nowhere";
  const auto client = connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::namespace_unknown);
  EXPECT_NE(reason.text.find("nowhere/image"), std::string::npos) << reason.text;
  await_end(client);
  await_fact("rejected", "1");
}

TEST_F(Control, PassesTheManagersRefusalOn) {
  policy_ = [](const join_request&) {
    return join_reply{{failure_code::server_busy, 0, "256 transmissions run"}, {}, {}};
  };
  serve();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::server_busy);
  EXPECT_NE(reason.text.find("256 transmissions run"), std::string::npos) << reason.text;
}

TEST_F(Control, IsBusyWhenTheManagerDoesNotAnswer) {
  limits_.join = milliseconds{30};
  policy_ = [](const join_request&) { return std::nullopt; };
  serve();
  connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::server_busy);
}

TEST_F(Control, FailsByNameWhenTheManagerIsDead) {
  serve();
  caf::anon_send_exit(manager_, caf::exit_reason::kill);
  await_end(manager_);
  connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::internal);
}

TEST_F(Control, TellsTheClientWhyTheSessionEnded) {
  serve();
  const auto client = connect(to_server());
  const auto join = await_join();
  await_accept();
  caf::anon_send(join.link, wire::session_ended{{failure_code::kicked_abort, 0, "go away"}});
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::kicked_abort);
  EXPECT_NE(reason.text.find("go away"), std::string::npos);
  await_end(client);
  await_end(join.link);
  EXPECT_TRUE(is_quiet(server_probe_)) << "a leave after the session's own end";
}

TEST_F(Control, FlushesALeaveBeforeItStops) {
  serve();
  const auto client = connect(to_server());
  await_join();
  await_accept();
  caf::anon_send(client,
                 wire::client_message{wire::leave{{failure_code::disk_full, 0, "no space"}}});
  caf::anon_send(client, stop_atom::value);
  const auto reason = await_leave();
  EXPECT_EQ(reason.code, failure_code::disk_full);
  EXPECT_EQ(reason.text, "no space");
}

TEST_F(Control, TellsTheSessionWhenAClientVanishes) {
  serve();
  const auto client = connect(to_server());
  await_join();
  await_accept();
  caf::anon_send_exit(client, caf::exit_reason::kill);
  EXPECT_EQ(await_leave().code, failure_code::connection_lost);
}

TEST_F(Control, EndsTheClientsSessionWhenTheServerIsKilled) {
  serve();
  connect(to_server());
  const auto join = await_join();
  await_accept();
  caf::anon_send_exit(join.link, caf::exit_reason::kill);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connection_lost);
  EXPECT_NE(reason.text.find("127.0.0.1:" + std::to_string(port_)), std::string::npos)
    << reason.text;
}

TEST_F(Control, EndsTheClientsSessionWhenItsTransmissionDies) {
  serve();
  connect(to_server());
  await_join();
  await_accept();
  caf::anon_send_exit(send_session_, caf::exit_reason::kill);
  EXPECT_EQ(await_closed().code, failure_code::internal);
}

TEST_F(Control, ClosesTheConnectionWhenTheReceivingSessionDies) {
  serve();
  const auto client = connect(to_server());
  await_join();
  await_accept();
  caf::anon_send_exit(receive_session_, caf::exit_reason::kill);
  await_end(client);
  await_leave();
}

TEST_F(Control, SaysThatTheServerShutsDown) {
  serve();
  connect(to_server());
  await_join();
  await_accept();
  stop_listener();
  EXPECT_EQ(await_closed().code, failure_code::transmission_ended);
  EXPECT_EQ(await_leave().code, failure_code::transmission_ended);
}

TEST_F(Control, ClosesEveryLinkWhenTheListenerIsKilled) {
  serve();
  connect(to_server());
  const auto join = await_join();
  await_accept();
  caf::anon_send_exit(listener_, caf::exit_reason::kill);
  await_end(listener_);
  listener_ = nullptr;
  await_end(join.link);
  EXPECT_EQ(await_closed().code, failure_code::transmission_ended);
}

// -- identity -------------------------------------------------------------------------------------

TEST_F(Control, RefusesAChangedIdentityBeforeItAsks) {
  serve();
  const auto request = to_server();
  const io::known_servers known{request.known_servers};
  const auto other = "SHA256:" + std::string(43, 'x');
  ASSERT_TRUE(known.check_or_pin(io::host_and_port(request.server, port_), other));
  connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::identity_changed);
  EXPECT_NE(reason.text.find(identity_->fingerprint()), std::string::npos) << reason.text;
  EXPECT_NE(reason.text.find(other), std::string::npos) << reason.text;
  await_fact("broken early", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the request was sent";
}

TEST_F(Control, RefusesAnotherFingerprintThanTheOneGiven) {
  serve();
  auto request = to_server();
  request.fingerprint = "SHA256:" + std::string(43, 'x');
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::identity_changed);
  await_fact("broken early", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the request was sent";
}

TEST_F(Control, AFingerprintByHandNeedsNoKnownServers) {
  serve();
  auto request = to_server();
  request.fingerprint = identity_->fingerprint();
  std::ofstream{request.known_servers} << "not a line of known_servers\n";
  connect(request);
  await_accept();
}

TEST_F(Control, PinsAFingerprintByHand) {
  serve();
  auto request = to_server();
  request.fingerprint = identity_->fingerprint();
  connect(request);
  await_accept();
  EXPECT_EQ(io::known_servers{request.known_servers}
              .pinned(io::host_and_port(request.server, port_))
              .value(),
            std::vector<std::string>{identity_->fingerprint()});
}

TEST_F(Control, PinsAFingerprintByHandInPlaceOfAnother) {
  serve();
  auto request = to_server();
  const auto server = io::host_and_port(request.server, port_);
  const io::known_servers known{request.known_servers};
  ASSERT_TRUE(known.check_or_pin(server, "SHA256:" + std::string(43, 'x')));
  request.fingerprint = identity_->fingerprint();
  connect(request);
  await_accept();
  EXPECT_EQ(known.pinned(server).value(), std::vector<std::string>{identity_->fingerprint()});
}

TEST_F(Control, RefusesAFingerprintThatIsNone) {
  serve();
  auto request = to_server();
  request.fingerprint = "SHA256:abc";
  const auto client = connect(request);
  EXPECT_EQ(await_closed().code, failure_code::invalid_argument);
  await_end(client);
}

TEST_F(Control, FailsWhenKnownServersCannotBeUnderstood) {
  serve();
  const auto request = to_server();
  std::ofstream{request.known_servers} << "not a line of known_servers\n";
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::trust_store_fault);
}

TEST_F(Control, RefusesASigningKeyThatIsNotTheServersIdentity) {
  policy_ = [this](const join_request&) {
    auto reply = accepting();
    reply.accept.signing_key[0] ^= std::byte{1};
    return reply;
  };
  serve();
  connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::signature_invalid);
}

TEST_F(Control, RefusesUnsealedDatagrams) {
  policy_ = [this](const join_request&) {
    auto reply = accepting();
    reply.accept.suite = wire::seal_suite::none;
    return reply;
  };
  serve();
  connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::handshake_failed);
}

TEST_F(Control, TakesUnsealedDatagramsIfItAskedForThem) {
  policy_ = [this](const join_request& asked) {
    auto reply = accepting();
    reply.accept.suite = asked.request.suites.front();
    reply.accept.unverified = true;
    return reply;
  };
  serve();
  auto request = to_server();
  request.unsealed = true;
  connect(request);
  await_accept();
  EXPECT_EQ(await_join().request.suites, std::vector{wire::seal_suite::none});
}

TEST_F(Control, RefusesSealedDatagramsIfItAskedForOthers) {
  serve();
  auto request = to_server();
  request.unsealed = true;
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::handshake_failed);
}

// -- authentication -------------------------------------------------------------------------------

TEST_F(Control, W_ISES_7_TellsTheServerWhoAsks) {
  serve();
  const auto [request, fingerprint] = authenticated();
  connect(request);
  await_accept();
  EXPECT_EQ(client_at(await_join()), fingerprint);
}

TEST_F(Control, W_ISES_8_DoesNotTellUnlessAsked) {
  serve();
  connect(to_server());
  await_accept();
  EXPECT_EQ(client_at(await_join()), "");
}

TEST_F(Control, W_ISES_7_ServesAClientThatItKnows) {
  const auto fingerprint = authenticated().second;
  authorize("# ours\n" + fingerprint + " the lab's\n");
  serve();
  connect(authenticated().first);
  EXPECT_EQ(await_accept().accept.receiver_id, receiver);
}

TEST_F(Control, W_ISES_7_RefusesAClientThatItDoesNotKnowByItsFingerprint) {
  authorize("# nobody\n");
  serve();
  const auto [request, fingerprint] = authenticated();
  connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::access_denied);
  EXPECT_NE(reason.text.find(fingerprint), std::string::npos) << reason.text;
  await_fact("rejected", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the manager was asked";
  // From the next request on, the operator's change counts.
  authorize(fingerprint + "\n");
  connect(request);
  await_accept();
}

TEST_F(Control, W_ISES_8_RefusesAClientThatDoesNotSayWhoItIs) {
  authorize(authenticated().second + "\n");
  serve();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::not_authenticated);
  EXPECT_NE(reason.text.find("--auth"), std::string::npos) << reason.text;
  await_fact("rejected", "1");
}

TEST_F(Control, WhoMayNotHaveAnObjectDoesNotLearnWhetherItIsThere) {
  authorize("# nobody\n");
  serve();
  auto request = authenticated().first;
  request.object = "no such thing";
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::access_denied);
}

TEST_F(Control, KeepsItsIdentityFromAServerThatIsNotTheOneGivenOrPinned) {
  // The fingerprint of the client would be in the server's status if it had come that far, so the
  // handshake itself is looked at: a server that wants a certificate from everybody.
  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tlsv13_server};
  ASSERT_EQ(SSL_CTX_use_certificate(context.native_handle(), identity_->certificate()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context.native_handle(), identity_->key()), 1);
  SSL_CTX_set_verify(context.native_handle(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(
    context.native_handle(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  tcp::acceptor impostor{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = impostor.local_endpoint().port();
  const auto shows_certificate = [&](const receive_request& request) {
    connect(request);
    asio::ssl::stream<tcp::socket> stream{impostor.accept(), context};
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    EXPECT_FALSE(error) << error.message();
    return SSL_get0_peer_certificate(stream.native_handle()) != nullptr;
  };
  auto by_hand = authenticated().first;
  by_hand.fingerprint = "SHA256:" + std::string(43, 'x');
  EXPECT_FALSE(shows_certificate(by_hand));
  EXPECT_EQ(await_closed().code, failure_code::identity_changed);
  by_hand.fingerprint = identity_->fingerprint();
  EXPECT_TRUE(shows_certificate(by_hand));
  await_closed();

  auto pinned = authenticated().first;
  pinned.known_servers
    = (root_ / "other_known_servers").string(); // what was given by hand is pinned
  const io::known_servers known{pinned.known_servers};
  ASSERT_TRUE(
    known.check_or_pin(io::host_and_port(pinned.server, port_), "SHA256:" + std::string(43, 'y')));
  EXPECT_FALSE(shows_certificate(pinned));
  EXPECT_EQ(await_closed().code, failure_code::identity_changed);
}

TEST_F(Control, FailsWhenItsIdentityCannotBeUsed) {
  serve();
  auto request = authenticated().first;
  ASSERT_EQ(::chmod(request.identity.c_str(), 0644), 0);
  const auto client = connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::trust_store_fault);
  EXPECT_NE(reason.text.find("chmod 600"), std::string::npos) << reason.text;
  await_end(client);
  EXPECT_EQ(fact("accepted"), "0");
}

TEST_F(Control, ServesAClientThatShowsTheKeyOfAnotherKindAsOneThatDoesNotSay) {
  authorize("# nobody\n");
  serve();
  // The server asks for Ed25519, so this client has nothing to show.
  raw_client client{port_};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  ASSERT_TRUE(client.show(certificate.get(), key.get()));
  ASSERT_FALSE(client.shake_hands());
  client.send(a_request());
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<wire::session_reject>(*answer).reason.code, failure_code::not_authenticated);
}

TEST_F(Control, StopsWhileItReadsItsIdentity) {
  serve();
  const auto client = connect(authenticated().first);
  caf::anon_send(client, stop_atom::value);
  await_end(client);
  EXPECT_TRUE(is_quiet(client_probe_)) << "a report after stop";
}

// -- no server there ------------------------------------------------------------------------------

TEST_F(Control, NamesARefusedConnectionAndTheRemedy) {
  {
    auto closed = listen_on(io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0});
    ASSERT_TRUE(closed);
    port_ = closed->port();
    closed->sockets().front().close();
  }
  const auto client = connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connection_refused);
  EXPECT_NE(reason.text.find("127.0.0.1:" + std::to_string(port_)), std::string::npos);
  EXPECT_NE(reason.text.find("--listen"), std::string::npos) << reason.text;
  await_end(client);
}

TEST_F(Control, NamesANameThatCannotBeResolved) {
  auto request = to_server();
  request.server = std::string(70, 'a'); // longer than a label may be: no name server is asked
  request.port = 5040;
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::name_unresolved);
}

TEST_F(Control, GivesUpOnAServerThatDoesNotShakeHands) {
  limits_.connect = milliseconds{50};
  asio::io_context io;
  tcp::acceptor silent{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = silent.local_endpoint().port();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connect_timeout);
  EXPECT_NE(reason.text.find("handshake"), std::string::npos) << reason.text;
}

TEST_F(Control, GivesUpOnAServerThatDoesNotAnswer) {
  limits_.reply = milliseconds{30};
  policy_ = [](const join_request&) { return std::nullopt; };
  serve();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connect_timeout);
  EXPECT_NE(reason.text.find("did not answer"), std::string::npos) << reason.text;
}

TEST_F(Control, NamesAServerThatSpeaksNoTls) {
  asio::io_context io;
  tcp::acceptor plain{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = plain.local_endpoint().port();
  connect(to_server());
  auto socket = plain.accept();
  asio::write(socket, asio::buffer(std::string{"HTTP/1.1 400 Bad Request\r\n\r\n"}));
  EXPECT_EQ(await_closed().code, failure_code::handshake_failed);
}

TEST_F(Control, StopsWhileItConnects) {
  asio::io_context io;
  tcp::acceptor silent{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = silent.local_endpoint().port();
  const auto client = connect(to_server());
  auto socket = silent.accept();
  caf::anon_send(client, stop_atom::value);
  await_end(client);
  drain(socket);
  EXPECT_TRUE(is_quiet(client_probe_)) << "a report after stop";
}

// -- listening ------------------------------------------------------------------------------------

TEST_F(Control, NamesAnAddressThatIsTaken) {
  serve();
  const auto refused = listen_on(io_, tcp::endpoint{asio::ip::address_v4::loopback(), port_});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::network_fault);
  EXPECT_EQ(refused.error().detail, static_cast<std::uint32_t>(EADDRINUSE));
  EXPECT_NE(refused.error().text.find("127.0.0.1:" + std::to_string(port_)), std::string::npos)
    << refused.error().text;
}

TEST_F(Control, NamesAnAddressThatIsNotThisHosts) {
  const auto refused = listen_on(io_, tcp::endpoint{asio::ip::make_address("192.0.2.1"), 0});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("ip address"), std::string::npos) << refused.error().text;
}

TEST_F(Control, TurnsAwayWhoComesBeyondTheLimitOfConnections) {
  limits_.connections = 1;
  serve();
  const auto client = connect(to_server());
  await_join();
  await_accept();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::handshake_failed);
  EXPECT_NE(reason.text.find("limit of connections"), std::string::npos) << reason.text;
  EXPECT_EQ(fact("turned away"), "1");
  // The place is free again once the first one left.
  caf::anon_send(client, stop_atom::value);
  await_leave();
  await_fact("connections", "0");
  expect_service();
}

TEST_F(Control, LetsTheNextOneInWhenASilentOneIsThrownOut) {
  limits_.pending = 1;
  limits_.request = milliseconds{1000};
  serve();
  raw_client silent{port_};
  expect_service();
  EXPECT_EQ(fact("too slow"), "1") << "both were let in at the same time";
}

TEST_F(Control, ASilentConnectionMakesRoomForOneThatWaits) {
  limits_.pending = 1;
  limits_.pending_grace = milliseconds{0};
  limits_.request = std::chrono::hours{1};
  serve();
  raw_client silent{port_};
  expect_service();
  await_fact("too slow", "1");
}

TEST_F(Control, SilentConnectionsOfOneAddressKeepNobodyElseOut) {
  limits_.pending_per_source = 2;
  limits_.pending_grace = std::chrono::hours{1};
  limits_.request = std::chrono::hours{1};
  serve();
  asio::io_context io;
  std::vector<tcp::socket> silent;
  for (int i = 0; i < 5; ++i) {
    auto& socket = silent.emplace_back(io, tcp::endpoint{asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({asio::ip::address_v4::loopback(), port_});
  }
  await_fact("waiting", "3");
  expect_service();
  // Those that waited were let in by the end of one before them, not by a clock.
  silent.front().close();
  await_fact("waiting", "2");
}

TEST_F(Control, BeyondTheLimitOfConnectionsAFloodTurnsItselfAway) {
  limits_.connections = 3;
  limits_.pending_per_source = 1;
  limits_.pending_grace = std::chrono::hours{1};
  limits_.request = std::chrono::hours{1};
  serve();
  asio::io_context io;
  std::vector<tcp::socket> silent;
  for (int i = 0; i < 3; ++i) {
    auto& socket = silent.emplace_back(io, tcp::endpoint{asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({asio::ip::address_v4::loopback(), port_});
  }
  await_fact("waiting", "2");
  expect_service();
  EXPECT_EQ(fact("turned away"), "1");
  EXPECT_EQ(fact("waiting"), "1");
}

// -- hostile clients ------------------------------------------------------------------------------

TEST_F(Control, ClosesAHalfOpenConnectionInTime) {
  limits_.request = milliseconds{1000};
  serve();
  raw_client stranger{port_};
  drain(stranger.socket());
  await_fact("too slow", "1");
  expect_service();
}

TEST_F(Control, ClosesAConnectionThatShakesHandsAndSaysNothing) {
  limits_.request = milliseconds{600};
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  EXPECT_FALSE(stranger.receive());
  await_fact("too slow", "1");
}

TEST_F(Control, ClosesAConnectionThatTrickles) {
  limits_.request = milliseconds{600};
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  const auto request = a_request();
  // Every byte comes well within the limit; all of them do not.
  std::size_t sent = 0;
  while (sent < request.size() && !stranger.is_answered(milliseconds{20}))
    stranger.send({request[sent++]});
  EXPECT_LT(sent, request.size());
  EXPECT_FALSE(stranger.receive());
  await_fact("too slow", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the manager was asked";
}

TEST_F(Control, ClosesAConnectionOfRandomBytes) {
  constexpr unsigned seed = 20240;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  serve();
  for (int i = 0; i < 20; ++i) {
    raw_client stranger{port_};
    std::string bytes(1 + random() % 3000, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    boost::system::error_code ignored;
    asio::write(stranger.socket(), asio::buffer(bytes), ignored);
    stranger.socket().shutdown(tcp::socket::shutdown_send, ignored);
    drain(stranger.socket());
  }
  await_fact("handshake failed", "20");
  expect_service();
}

TEST_F(Control, ClosesAConnectionOfRandomBytesWithinTls) {
  constexpr unsigned seed = 20241;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  serve();
  for (int i = 0; i < 20; ++i) {
    raw_client stranger{port_};
    ASSERT_FALSE(stranger.shake_hands());
    wire::message_bytes body(8 * (1 + random() % 64));
    for (auto& byte : body)
      byte = static_cast<std::byte>(random());
    stranger.send(framed(static_cast<std::uint32_t>(body.size()), body));
    const auto answer = stranger.receive();
    ASSERT_TRUE(answer);
    ASSERT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
    EXPECT_EQ(std::get<wire::session_reject>(*answer).reason.code, failure_code::invalid_request);
    EXPECT_FALSE(stranger.receive());
  }
  await_fact("malformed", "20");
  expect_service();
}

TEST_F(Control, RefusesATlsOlderThan13) {
  serve();
  raw_client stranger{port_, asio::ssl::context::tlsv12_client};
  EXPECT_TRUE(stranger.shake_hands());
  await_fact("handshake failed", "1");
  expect_service();
}

TEST_F(Control, ClosesAConnectionThatAnnouncesAnOversizedMessage) {
  serve();
  for (const std::uint32_t length : {0U, 65537U, 0x7fffffffU, 0xffffffffU}) {
    raw_client stranger{port_};
    ASSERT_FALSE(stranger.shake_hands());
    stranger.send(framed(length, {}));
    EXPECT_FALSE(stranger.receive()) << length;
  }
  await_fact("malformed", "4");
  expect_service();
}

TEST_F(Control, ClosesAConnectionWhoseMessageNestsDeeply) {
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  // One segment of structs, each with one pointer, to the next one.
  constexpr std::uint32_t depth = 8000;
  wire::message_bytes body;
  const auto put = [&](std::uint32_t word) {
    for (unsigned i = 0; i < 4; ++i)
      body.push_back(static_cast<std::byte>(word >> (8 * i)));
  };
  put(0);
  put(depth);
  for (std::uint32_t i = 0; i < depth; ++i) {
    put(0);
    put(1U << 16U);
  }
  stranger.send(framed(static_cast<std::uint32_t>(body.size()), body));
  const auto answer = stranger.receive();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
  await_fact("malformed", "1");
  expect_service();
}

TEST_F(Control, AllowsOneRequestOnly) {
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  stranger.send(a_request());
  await_join();
  const auto first = stranger.receive();
  ASSERT_TRUE(first);
  ASSERT_TRUE(std::holds_alternative<wire::session_accept>(*first));
  stranger.send(a_request());
  const auto second = stranger.receive();
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::holds_alternative<wire::session_ended>(*second));
  EXPECT_EQ(await_leave().code, failure_code::invalid_request);
  await_fact("malformed", "1");
}

TEST_F(Control, WantsTheRequestFirst) {
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  stranger.send(wire::encode(wire::client_message{wire::receipt{}}));
  const auto answer = stranger.receive();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
  EXPECT_FALSE(stranger.receive());
}

TEST_F(Control, SaysInTheLogWhomItRefusesAndWhy) {
  policy_ = [](const join_request&) {
    join_reply reply;
    reply.reason = {failure_code::handshake_failed, 0,
                    "this host asks for what is neither sealed nor verified"};
    return reply;
  };
  const actors::testing::logged_lines lines;
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  stranger.send(a_request());
  EXPECT_TRUE(stranger.receive());
  EXPECT_THAT(lines.all(), ElementsAre(AllOf(HasSubstr("lab/image: refused to stranger (127.0.0.1"),
                                             HasSubstr("neither sealed nor verified"))));
}

TEST_F(Control, RefusesAnotherVersionOfTheProtocol) {
  const actors::testing::logged_lines lines;
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  wire::session_request request;
  request.version = wire::protocol_version + 1;
  request.name_space = "lab";
  request.object = "image";
  request.suites = {wire::seal_suite::aes_256_gcm};
  stranger.send(wire::encode(wire::client_message{request}));
  const auto answer = stranger.receive();
  ASSERT_TRUE(answer);
  ASSERT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
  EXPECT_EQ(std::get<wire::session_reject>(*answer).reason.code, failure_code::unsupported_version);
  EXPECT_THAT(lines.all(), ElementsAre(HasSubstr("the client speaks version")));
}

// -- hostile servers ------------------------------------------------------------------------------

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

TEST_F(Control, TheClientTellsItsSessionWhetherFeedbackArrives) {
  auto answer = wire::encode(wire::server_message{accepting().accept});
  const auto state = wire::encode(wire::server_message{wire::feedback_state{2500, 0}});
  answer.insert(answer.end(), state.begin(), state.end());
  raw_server server{*identity_, answer};
  port_ = server.port();
  limits_.close = milliseconds{50}; // this one says no farewell
  const auto client = connect(to_server());
  await_accept();
  EXPECT_EQ(await<wire::feedback_state>(client_probe_).unheard_milliseconds, 2500U);
  caf::anon_send(client, stop_atom::value);
  await_end(client);
}

/// Clients of version 1 end at a message that they do not know.
TEST_F(Control, TheServerTellsTheStateOfFeedbackToThoseWhoTakeItOnly) {
  serve();
  for (const bool takes_it : {false, true}) {
    SCOPED_TRACE(takes_it);
    wire::session_request request;
    request.name_space = "lab";
    request.object = "image";
    request.suites = {wire::seal_suite::chacha20_poly1305};
    request.cache_blocks = 4;
    if (takes_it)
      request.features = wire::feature_set{}.with(wire::feature::feedback_state);
    raw_client client{port_};
    ASSERT_FALSE(client.shake_hands());
    client.send(wire::encode(wire::client_message{request}));
    const auto join = await<join_request>(server_probe_);
    ASSERT_TRUE(client.receive()) << "accept";
    caf::anon_send(join.link, wire::feedback_state{2500, 7});
    caf::anon_send(join.link,
                   wire::session_ended{{failure_code::cancelled, 0, "the test is over"}});
    const auto next = client.receive();
    ASSERT_TRUE(next);
    EXPECT_EQ(std::holds_alternative<wire::feedback_state>(*next), takes_it);
  }
}

TEST_F(Control, TheClientEndsOnAnOversizedAnswer) {
  raw_server hostile{*identity_, framed(0xffffffffU, {})};
  port_ = hostile.port();
  const auto client = connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::invalid_request);
  await_end(client);
}

TEST_F(Control, TheClientEndsOnAnAnswerThatIsNoMessage) {
  raw_server hostile{*identity_, framed(16, wire::message_bytes(16, std::byte{0xff}))};
  port_ = hostile.port();
  limits_.close = milliseconds{50}; // the hostile one says no farewell
  const auto client = connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::invalid_request);
  await_end(client);
}

TEST_F(Control, TheClientRefusesAServerWhoseKeyIsNotEd25519) {
  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tlsv13_server};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  ASSERT_EQ(SSL_CTX_use_certificate(context.native_handle(), certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context.native_handle(), key.get()), 1);
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = acceptor.local_endpoint().port();
  connect(to_server());
  asio::ssl::stream<tcp::socket> stream{acceptor.accept(), context};
  boost::system::error_code ignored;
  stream.handshake(asio::ssl::stream_base::server, ignored);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::handshake_failed);
  EXPECT_NE(reason.text.find("Ed25519"), std::string::npos) << reason.text;
}

} // namespace
} // namespace control_test
} // namespace fleetcast::actors
