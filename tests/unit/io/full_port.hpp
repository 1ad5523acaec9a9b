/// A port whose queue is full: connections to it are neither accepted nor refused.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleetcast::actors::testing {

/// A port whose server has no room for another connection until somebody accepts: the kernel ignores SYNs, as
/// if they were lost on the way.
class full_port {
public:
  /// Only a bug makes anyone wait so long.
  static constexpr std::chrono::seconds patience{20};

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
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
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
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
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

} // namespace fleetcast::actors::testing
