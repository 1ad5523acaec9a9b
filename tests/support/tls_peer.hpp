/// The other end of a fleet's link as somebody wrote it who has the certificates and not the program: real
/// TLS on a blocking socket, then whatever bytes the test wants.
#pragma once

#include "actors/trust/fleet_tls_context.hpp"
#include "tests/support/basp_frames.hpp"

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleetcast::actors::testing {

/// Closes with its owner.
class owned_socket {
public:
  explicit owned_socket(int number) : number_(number) {
    if (number_ < 0)
      throw std::runtime_error{"no socket"};
    const timeval patience{60, 0}; // only a defect gets there
    ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  owned_socket(owned_socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  owned_socket& operator=(owned_socket&&) = delete;
  ~owned_socket() {
    if (number_ >= 0)
      ::close(number_);
  }

  int number() const noexcept { return number_; }

private:
  int number_;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

class tls_peer {
public:
  /// A coordinator that has heard the agent's greeting.
  static tls_peer coordinator(std::uint16_t port, const fleet::link_context& context) {
    owned_socket socket{::socket(AF_INET, SOCK_STREAM, 0)};
    const auto to = loopback(port);
    if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
      throw std::runtime_error{"cannot connect"};
    tls_peer result{std::move(socket), context};
    if (SSL_connect(result.tls_.get()) != 1)
      throw std::runtime_error{"the agent refuses TLS"};
    result.read(std::string{greeting}.size());
    return result;
  }

  /// An agent that has greeted the coordinator at the other end.
  static tls_peer agent(owned_socket socket, const fleet::link_context& context) {
    tls_peer result{std::move(socket), context};
    if (SSL_accept(result.tls_.get()) != 1)
      throw std::runtime_error{"the coordinator refuses TLS"};
    const std::string line{greeting};
    result.write({line.begin(), line.end()});
    return result;
  }

  /// False: the other end has closed.
  bool write(const basp::bytes& all) {
    return SSL_write(tls_.get(), all.data(), static_cast<int>(all.size())) > 0;
  }

  /// Exactly so many bytes; fewer: the other end has closed.
  basp::bytes read(std::size_t size) {
    basp::bytes result(size);
    std::size_t had = 0;
    while (had < size) {
      const int more = SSL_read(tls_.get(), result.data() + had, static_cast<int>(size - had));
      if (more <= 0)
        break;
      had += static_cast<std::size_t>(more);
    }
    result.resize(had);
    return result;
  }

  /// The next frame of this kind; others are passed over. None: the other end has closed.
  std::optional<basp::frame> next(fleet::basp::operation what) {
    for (;;) {
      const auto start = read(fleet::basp::header_size);
      if (start.size() < fleet::basp::header_size)
        return std::nullopt;
      const auto head = fleet::basp::read_header(
        std::span<const std::uint8_t, fleet::basp::header_size>{start.data(), start.size()});
      auto payload = read(head.length);
      if (payload.size() < head.length)
        return std::nullopt;
      if (head.what == what)
        return basp::frame{head.what,        head.flags,         head.data, head.source,
                           head.destination, std::move(payload), {}};
    }
  }

  /// Whether the other end closes, whatever it says before. It may go on with heartbeats for ever: only a
  /// defect waits for that.
  bool is_ended() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (std::chrono::steady_clock::now() < until)
      if (read(1).empty())
        return true;
    return false;
  }

private:
  static constexpr const char* greeting = "fleetcast-agent 1\n";

  tls_peer(owned_socket socket, const fleet::link_context& context)
    : socket_(std::move(socket)),
      tls_(SSL_new(context.get()), SSL_free) {
    SSL_set_fd(tls_.get(), socket_.number());
  }

  owned_socket socket_;
  std::shared_ptr<SSL> tls_;
};

/// Where a false agent waits for coordinators.
class tls_listener {
public:
  tls_listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof(address);
    if (::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&address), size) != 0
        || ::listen(socket_.number(), 64) != 0
        || ::getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error{"cannot listen"};
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const noexcept { return port_; }

  tls_peer accept(const fleet::link_context& context) {
    return tls_peer::agent(owned_socket{::accept(socket_.number(), nullptr, nullptr)}, context);
  }

private:
  owned_socket socket_;
  std::uint16_t port_ = 0;
};

} // namespace fleetcast::actors::testing
