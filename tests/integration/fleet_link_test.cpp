/// Who gets in to an agent and who does not, over real TLS connections.
#include "tests/support/fleet_fixture.hpp"
#include "tests/support/live_fleet.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleetcast::actors::testing {
namespace fleet_link_test {
namespace {

using fleet::link_role;
using fleet::testing::reception_record;
using fleet::testing::sample_request;
using fleet::testing::scripted_receptions;
using std::chrono::hours;

/// A TCP connection to a port of this host, for those who do not play by the rules.
class raw_connection {
public:
  explicit raw_connection(std::uint16_t port, const char* from = "127.0.0.1")
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &own.sin_addr);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0)
      throw std::runtime_error{"no such address"};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
      throw std::runtime_error{"cannot connect"};
  }
  ~raw_connection() { ::close(socket_); }

  raw_connection(const raw_connection&) = delete;
  raw_connection& operator=(const raw_connection&) = delete;

  int number() const noexcept { return socket_; }

  /// Whether the peer closes without a byte for us.
  bool is_turned_away() {
    char byte = 0;
    return ::recv(socket_, &byte, 1, 0) <= 0;
  }

private:
  int socket_;
};

/// Which ends have a filter; the others are as they were before there was one.
struct filters {
  const char* name;
  bool coordinator;
  bool agent;
};

class FleetLink : public ::testing::TestWithParam<filters> {
protected:
  FleetLink() {
    receptions->plays = true;
    start_agent({}, {});
  }

  ~FleetLink() override { stop_agent(); }

  /// Its receptions end with it, and nobody holds on to them.
  void stop_agent() {
    for (const auto& one : receptions->started)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    receptions->started.clear();
    receptions->agent = nullptr;
    agent.reset();
  }

  std::shared_ptr<fleet::agent_parts> parts() {
    return std::make_shared<scripted_receptions>(receptions);
  }

  void start_agent(fleet::agent_limits limits, fleet::link_acceptor_limits bounds) {
    stop_agent();
    agent = std::make_unique<live_agent>(
      io, *fleet::make_link_context(host_credentials(store), link_role::agent), parts(), limits,
      bounds, GetParam().agent);
  }

  fleet::link_context coordinator_context() const {
    return *fleet::make_link_context(store.coordinator(), link_role::coordinator);
  }

  /// Whether the agent answers a client with these files (none: no certificate).
  bool lets_in(const fleet::credential_files* files, int newest = TLS1_3_VERSION) {
    raw_connection connection{agent->port()};
    return lets_in(connection, files, newest);
  }

  static bool lets_in(raw_connection& connection, const fleet::credential_files* files,
                      int newest = TLS1_3_VERSION) {
    const std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    SSL_CTX_set_max_proto_version(context.get(), newest);
    if (files != nullptr) {
      EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), files->certificate.c_str()), 1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), files->key.c_str(), SSL_FILETYPE_PEM),
                1);
    }
    const std::shared_ptr<SSL> tls{SSL_new(context.get()), SSL_free};
    SSL_set_fd(tls.get(), connection.number());
    if (SSL_connect(tls.get()) != 1)
      return false;
    char byte = 0;
    return SSL_read(tls.get(), &byte, 1) == 1;
  }

  std::string why_not(live_coordinator& from, const fleet::fleet_host& host) {
    const auto reached = from.dial(host);
    return reached ? "reached" : reached.error().text;
  }

  temporary_directory directory;
  fleet::certificate_store store = make_fleet_certificates(directory.path() / "fleet");
  fleet::certificate_store other = make_fleet_certificates(directory.path() / "other");
  io::io_thread io;
  std::shared_ptr<reception_record> receptions = std::make_shared<reception_record>();
  std::unique_ptr<live_agent> agent;
};

TEST_P(FleetLink, CarriesAWholeJob) {
  std::promise<void> finished;
  fleet::fleet_plan plan;
  plan.request = sample_request();
  plan.request.together = true;
  plan.hosts = {agent->host()};
  plan.finished = [&] { finished.set_value(); };
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  from.start(std::move(plan));
  ASSERT_EQ(finished.get_future().wait_for(answer_patience), std::future_status::ready);
  const auto view = from.view();
  EXPECT_TRUE(view.hosts.at(0).succeeded) << view.hosts.at(0).reason.text;
  EXPECT_EQ(receptions->destinations, std::vector<std::string>{"127.0.0.1.img"});
  EXPECT_EQ(receptions->heard, std::vector<std::string>{"commit"});
}

// -- who is turned away ---------------------------------------------------------------------------

TEST_P(FleetLink, LetsACoordinatorInAndNobodyWithoutACertificate) {
  const auto good = store.coordinator();
  EXPECT_TRUE(lets_in(&good));
  EXPECT_FALSE(lets_in(nullptr));
}

TEST_P(FleetLink, TurnsACoordinatorOfAnotherAuthorityAway) {
  const auto files = other.coordinator();
  EXPECT_FALSE(lets_in(&files));
}

TEST_P(FleetLink, TurnsAnExpiredCoordinatorAway) {
  auto files = store.coordinator();
  EXPECT_TRUE(lets_in(&files));
  ASSERT_FALSE(store.renew_coordinator(hours{-1}));
  EXPECT_FALSE(lets_in(&files));
}

TEST_P(FleetLink, TurnsAHostAwayThatWouldCommandOthers) {
  const auto files = host_credentials(store);
  EXPECT_FALSE(lets_in(&files));
}

TEST_P(FleetLink, SpeaksNoOlderTls) {
  const auto files = store.coordinator();
  EXPECT_FALSE(lets_in(&files, TLS1_2_VERSION));
}

TEST_P(FleetLink, TurnsNonsenseAway) {
  raw_connection stranger{agent->port()};
  const std::string nonsense(4096, 'x');
  ASSERT_GT(::send(stranger.number(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 0);
  char buffer[64];
  ssize_t size = 1;
  ssize_t total = 0; // a TLS alert may come, and nothing more
  while ((size = ::recv(stranger.number(), buffer, sizeof(buffer), 0)) > 0)
    total += size;
  EXPECT_LE(total, 16);
}

TEST_P(FleetLink, ClosesConnectionsThatProveNothingInTime) {
  fleet::link_acceptor_limits bounds;
  bounds.handshake = std::chrono::milliseconds{100};
  start_agent({}, bounds);
  raw_connection stranger{agent->port()};
  EXPECT_TRUE(stranger.is_turned_away());
}

TEST_P(FleetLink, IsNotBlockedByStrangersWhoHoldConnections) {
  fleet::link_acceptor_limits bounds;
  bounds.pending = 4;
  bounds.pending_per_source = 2;
  bounds.grace = bounds.handshake = hours{1};
  start_agent({}, bounds);
  std::vector<std::unique_ptr<raw_connection>> strangers;
  for (int i = 0; i < 40; ++i)
    strangers.push_back(std::make_unique<raw_connection>(agent->port(), "127.0.0.2"));
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  EXPECT_EQ(why_not(from, agent->host()), "reached");
}

TEST_P(FleetLink, StrangersThatConnectDuringItsHandshakeDoNotEndIt) {
  fleet::link_acceptor_limits bounds;
  bounds.pending = 4;
  bounds.pending_per_source = 2;
  bounds.waiting = 8;
  bounds.grace = bounds.handshake = hours{1};
  start_agent({}, bounds);
  raw_connection coordinator{agent->port()};
  std::vector<std::unique_ptr<raw_connection>> strangers;
  for (int i = 0; i < 40; ++i)
    strangers.push_back(std::make_unique<raw_connection>(agent->port(), "127.0.0.2"));
  EXPECT_TRUE(strangers.back()->is_turned_away()) << "the line is full";
  const auto files = store.coordinator();
  EXPECT_TRUE(lets_in(coordinator, &files));
}

TEST_P(FleetLink, SilentConnectionsOfItsOwnAddressMakeRoom) {
  fleet::link_acceptor_limits bounds;
  bounds.pending_per_source = 2;
  bounds.grace = std::chrono::milliseconds{0};
  start_agent({}, bounds);
  std::vector<std::unique_ptr<raw_connection>> strangers;
  for (int i = 0; i < 40; ++i)
    strangers.push_back(std::make_unique<raw_connection>(agent->port()));
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  EXPECT_EQ(why_not(from, agent->host()), "reached");
  EXPECT_TRUE(strangers.front()->is_turned_away());
}

TEST_P(FleetLink, TellsACoordinatorThatAllLinksAreInUse) {
  fleet::link_acceptor_limits bounds;
  bounds.links = 1;
  start_agent({}, bounds);
  live_coordinator inside{io, coordinator_context(), GetParam().coordinator};
  const auto reached = inside.dial(agent->host());
  ASSERT_TRUE(reached) << reached.error().text;
  live_coordinator outside{io, coordinator_context(), GetParam().coordinator};
  const auto refused = outside.dial(agent->host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, protocol::failure_code::server_busy);
  EXPECT_NE(refused.error().text.find("the agent at 127.0.0.1 port " + std::to_string(agent->port())
                                      + ": all of its 1 links are in use"),
            std::string::npos)
    << refused.error().text;
}

TEST_P(FleetLink, TakesOtherCertificatesAndKeepsItsLinks) {
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  const auto reached = from.dial(agent->host());
  ASSERT_TRUE(reached) << reached.error().text;
  agent->use(*fleet::make_link_context(host_credentials(other), link_role::agent));
  EXPECT_NE(why_not(from, agent->host()).find("another authority"), std::string::npos);
  live_coordinator later{io, *fleet::make_link_context(other.coordinator(), link_role::coordinator),
                         GetParam().coordinator};
  EXPECT_EQ(why_not(later, agent->host()), "reached");
  caf::scoped_actor self{from.system()};
  self->request(*reached, answer_patience, fleet::start_atom::value, sample_request())
    .receive(
      [](const fleet::job_report& report) {
        EXPECT_EQ(fleet::phase_of(report.phase), fleet::job_phase::connecting);
      },
      [&](const caf::error& error) { ADD_FAILURE() << from.system().render(error); });
}

// -- whom a coordinator takes for an agent ----------------------------------------------------------

TEST_P(FleetLink, TakesAnAgentUnderItsOwnNameOnly) {
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  EXPECT_EQ(why_not(from, agent->host()), "reached");
  EXPECT_NE(why_not(from, {"localhost", agent->port()}).find("certificate is refused"),
            std::string::npos);
}

TEST_P(FleetLink, DoesNotWaitForAnAgentUnderAnotherName) {
  std::promise<void> finished;
  fleet::fleet_plan plan;
  plan.request = sample_request();
  plan.hosts = {{"localhost", agent->port()}};
  plan.patience = hours{1};
  plan.finished = [&] { finished.set_value(); };
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  from.start(std::move(plan));
  ASSERT_EQ(finished.get_future().wait_for(answer_patience), std::future_status::ready);
  const auto host = from.view().hosts.at(0);
  EXPECT_FALSE(host.succeeded);
  EXPECT_NE(host.reason.text.find("it is for 127.0.0.1, not for localhost"), std::string::npos)
    << host.reason.text;
  EXPECT_NE(host.reason.text.find("`fleetcast fleet cert host 127.0.0.1 localhost --renew`"),
            std::string::npos)
    << host.reason.text;
}

TEST_P(FleetLink, TakesNoAgentOfAnotherAuthority) {
  live_coordinator from{io, *fleet::make_link_context(other.coordinator(), link_role::coordinator),
                        GetParam().coordinator};
  EXPECT_NE(why_not(from, agent->host()).find("another authority"), std::string::npos);
}

TEST_P(FleetLink, LearnsThatItsCertificateIsRefused) {
  auto files = other.coordinator();
  files.ca = store.coordinator().ca;
  live_coordinator from{io, *fleet::make_link_context(files, link_role::coordinator),
                        GetParam().coordinator};
  EXPECT_NE(why_not(from, agent->host()).find("refuse this certificate"), std::string::npos);
}

TEST_P(FleetLink, SaysThatNobodyListens) {
  const auto host = agent->host();
  agent.reset();
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  const auto why = why_not(from, host);
  EXPECT_NE(why.find("Connection refused"), std::string::npos) << why;
}

TEST_P(FleetLink, SpeaksWithoutCertificatesOnThisHostOnly) {
  live_agent plain{io, nullptr, parts(), {}, {}, GetParam().agent};
  live_coordinator from{io, nullptr, GetParam().coordinator};
  EXPECT_EQ(why_not(from, plain.host()), "reached");
  EXPECT_NE(why_not(from, {"192.0.2.1", 5045}).find("without certificates"), std::string::npos);
  EXPECT_NE(why_not(from, agent->host()), "reached");
}

// -- what those inside may do -----------------------------------------------------------------------

TEST_P(FleetLink, BoundsAFloodOfJobs) {
  receptions->plays = false;
  start_agent({{3, 8, std::chrono::seconds{3600}, std::chrono::milliseconds{2000}}, 2}, {});
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  const auto reached = from.dial(agent->host());
  ASSERT_TRUE(reached) << reached.error().text;
  caf::scoped_actor self{from.system()};
  std::size_t refused = 0;
  for (int i = 0; i < 500; ++i)
    self
      ->request(*reached, answer_patience, fleet::start_atom::value,
                sample_request("job-" + std::to_string(i)))
      .receive(
        [&](const fleet::job_report& report) {
          refused += fleet::phase_of(report.phase) == fleet::job_phase::failed ? 1 : 0;
        },
        [&](const caf::error& error) { ADD_FAILURE() << from.system().render(error); });
  EXPECT_EQ(refused, 497U);
  EXPECT_EQ(receptions->started.size(), 3U);
  EXPECT_EQ(fact(agent->status(), "running jobs"), "3");
}

TEST_P(FleetLink, SurvivesMessagesOfTypesNobodyExpects) {
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  const auto reached = from.dial(agent->host());
  ASSERT_TRUE(reached) << reached.error().text;
  caf::scoped_actor self{from.system()};
  const auto untyped = caf::actor_cast<caf::actor>(*reached);
  const bool filtered = GetParam().coordinator || GetParam().agent;
  if (filtered) {
    self->monitor(untyped);
    self->send(untyped, 42, std::string{"start"});
    self->receive([&](const caf::down_msg& down) { EXPECT_EQ(down.source, untyped); });
  } else {
    self->request(untyped, answer_patience, 42, std::string{"start"})
      .receive([] { ADD_FAILURE() << "it took that for something"; },
               [](const caf::error& error) { EXPECT_EQ(error, caf::sec::unexpected_message); });
    // Their own words, from outside: not heard either.
    self->send(untyped, stop_atom::value);
    self->send(untyped, tick_atom::value);
  }
  const auto again = from.dial(agent->host());
  ASSERT_TRUE(again) << again.error().text;
  self->request(*again, answer_patience, fleet::start_atom::value, sample_request())
    .receive(
      [](const fleet::job_report& report) {
        EXPECT_EQ(fleet::phase_of(report.phase), fleet::job_phase::connecting);
      },
      [&](const caf::error& error) { ADD_FAILURE() << from.system().render(error); });
  EXPECT_EQ(fact(agent->status(), "unexpected messages"), filtered ? "0" : "1");
}

TEST_P(FleetLink, TellsACoordinatorThatItsAgentIsGone) {
  live_coordinator from{io, coordinator_context(), GetParam().coordinator};
  const auto reached = from.dial(agent->host());
  ASSERT_TRUE(reached) << reached.error().text;
  caf::scoped_actor self{from.system()};
  self->monitor(*reached);
  agent.reset();
  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; }, caf::after(answer_patience) >> [] {});
  EXPECT_TRUE(down);
}

INSTANTIATE_TEST_SUITE_P(Between, FleetLink,
                         ::testing::Values(filters{"TwoFilters", true, true},
                                           filters{"AFilterAtTheCoordinator", true, false},
                                           filters{"AFilterAtTheAgent", false, true},
                                           filters{"NoFilter", false, false}),
                         [](const auto& of) { return of.param.name; });

} // namespace
} // namespace fleet_link_test
} // namespace fleetcast::actors::testing
