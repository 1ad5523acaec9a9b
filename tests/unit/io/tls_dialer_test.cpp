#include "actors/io/io_thread.hpp"
#include "actors/tls/tls_dialer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleetcast::actors::io {
namespace tls_dialer_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Only a bug makes anyone wait so long.
constexpr seconds patience{20};

/// A port whose server has no room for another connection until somebody accepts: the kernel ignores SYNs, as
/// if they were lost on the way.
class full_port {
public:
  full_port() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, plain, size), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::getsockname(listener_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    filler_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(filler_, plain, size), 0);
  }

  ~full_port() {
    ::close(filler_);
    ::close(listener_);
  }

  full_port(const full_port&) = delete;
  full_port& operator=(const full_port&) = delete;

  std::uint16_t port() const { return port_; }

  /// Takes the next connection, and makes room for one more by that; -1 if none comes.
  int accept() const {
    pollfd waiting{listener_, POLLIN, 0};
    const auto limit = std::chrono::duration_cast<milliseconds>(patience).count();
    return ::poll(&waiting, 1, static_cast<int>(limit)) == 1
             ? ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)
             : -1;
  }

  /// Sockets of this host that ask for a connection to it and have no answer (SYN_SENT).
  int asking() const {
    std::ostringstream remote;
    remote << ":" << std::uppercase << std::hex << port_;
    std::ifstream table{"/proc/net/tcp"};
    std::string line;
    int result = 0;
    while (std::getline(table, line)) {
      std::string slot;
      std::string local;
      std::string to;
      std::string state;
      std::istringstream{line} >> slot >> local >> to >> state;
      result += to.ends_with(remote.str()) && state == "02" ? 1 : 0;
    }
    return result;
  }

  /// Waits for it. The kernel's table can only be polled, and a single reading may be wrong: lines go astray
  /// while other programs open and close connections.
  bool is_asked_by(int sockets) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      if (asking() == sockets)
        return true;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }

  /// Takes connections until one says something, and returns its first byte; -1 if none does. The kernel may
  /// have let in both sockets of a dialler that was slow to close one of them.
  int first_byte() const {
    for (;;) {
      const int connection = accept();
      if (connection < 0)
        return -1;
      std::uint8_t first = 0;
      const bool speaks = ::recv(connection, &first, 1, 0) == 1;
      ::close(connection);
      if (speaks)
        return first;
    }
  }

private:
  int listener_ = -1;
  int filler_ = -1;
  std::uint16_t port_ = 0;
};

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
