#include "actors/io/io_thread.hpp"
#include "actors/tls/tls_dialer.hpp"
#include "tests/unit/io/full_port.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include <unistd.h>

namespace fleetcast::actors::io {
namespace tls_dialer_test {
namespace {

using std::chrono::milliseconds;
using testing::full_port;

/// Only a bug makes anyone wait so long.
constexpr auto patience = full_port::patience;

struct dialled {
  explicit dialled(const full_port& server, milliseconds backup)
    : dialer(std::make_shared<tls_dialer>(
      io.context(), "127.0.0.1", server.port(), client_credentials{},
      tls_dialer::limits{patience, patience, backup}, tls_dialer::events{})) {
    dialer->start();
  }

  ~dialled() { dialer->abandon(); }

  dialled(const dialled&) = delete;
  dialled& operator=(const dialled&) = delete;

  io_thread io;
  std::shared_ptr<tls_dialer> dialer;
};

TEST(TlsDialer, AsksASecondTimeAndUsesWhatConnectsFirst) {
  const full_port server;
  const dialled client{server, milliseconds(10)};
  ASSERT_TRUE(server.is_asked_by(2)) << server.asking();
  ::close(server.accept()); // the one that filled it
  EXPECT_EQ(server.first_byte(), 0x16) << "no TLS handshake";
  EXPECT_EQ(server.asking(), 0) << "the other one goes on";
}

TEST(TlsDialer, AsksOnceWhileThereIsTime) {
  const full_port server;
  const dialled client{server, patience};
  ASSERT_TRUE(server.is_asked_by(1));
}

TEST(TlsDialer, AbandonedItAsksNoMore) {
  const full_port server;
  const dialled client{server, milliseconds(10)};
  ASSERT_TRUE(server.is_asked_by(2));
  client.dialer->abandon();
  EXPECT_TRUE(server.is_asked_by(0));
}

} // namespace
} // namespace tls_dialer_test
} // namespace fleetcast::actors::io
