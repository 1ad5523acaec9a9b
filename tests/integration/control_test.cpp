#include "actors/io/processor.hpp"
#include "tests/integration/control_fixture.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace fleetcast::actors {
namespace control_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::tcp;
using control_fixture::Control;
using control_fixture::patience;
using control_fixture::receiver;
using std::chrono::milliseconds;

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
  await<receipt_confirmed>(client_probe_);
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
  await<receipt_confirmed>(client_probe_);
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

} // namespace
} // namespace control_test
} // namespace fleetcast::actors
