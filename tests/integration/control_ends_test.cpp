#include "tests/integration/control_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::actors {
namespace control_ends_test {
namespace {

namespace wire = protocol::wire;
using control_fixture::Control;
using std::chrono::milliseconds;

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

} // namespace
} // namespace control_ends_test
} // namespace fleetcast::actors
