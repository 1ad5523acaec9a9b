#include "actors/fleet/link_scribe.hpp"

#include "actors/fleet/messages.hpp"
#include "actors/fleet/network_module.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <string>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fleetcast::actors::fleet {

namespace {

namespace network = caf::io::network;

using multiplexer = network::default_multiplexer;

/// How CAF reads and writes: through TLS where there is any. On the multiplexer's thread only.
class link_policy {
public:
  explicit link_policy(std::shared_ptr<ssl_st> tls) : tls_(std::move(tls)) {}

  network::rw_state read_some(std::size_t& result, network::native_socket fd, void* buffer,
                              std::size_t size) {
    if (tls_)
      return judge(result, [&] { return SSL_read(tls_.get(), buffer, clamped(size)); });
    return judge_plain(result, ::recv(fd, buffer, size, 0));
  }

  network::rw_state write_some(std::size_t& result, network::native_socket fd, const void* buffer,
                               std::size_t size) {
    result = 0;
    if (size == 0)
      return network::rw_state::indeterminate;
    if (tls_)
      return judge(result, [&] { return SSL_write(tls_.get(), buffer, clamped(size)); });
    return judge_plain(result, ::send(fd, buffer, size, MSG_NOSIGNAL));
  }

  /// What TLS has already taken off the socket wakes nobody.
  bool must_read_more(network::native_socket, std::size_t) const {
    return tls_ && SSL_pending(tls_.get()) > 0;
  }

private:
  static int clamped(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
  }

  template <class Function>
  network::rw_state judge(std::size_t& result, Function function) {
    ERR_clear_error();
    const int moved = function();
    result = moved > 0 ? static_cast<std::size_t>(moved) : 0;
    if (moved > 0)
      return network::rw_state::success;
    const int error = SSL_get_error(tls_.get(), moved);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
             ? network::rw_state::success
             : network::rw_state::failure;
  }

  static network::rw_state judge_plain(std::size_t& result, ssize_t moved) {
    result = moved > 0 ? static_cast<std::size_t>(moved) : 0;
    const bool later = moved < 0 && (errno == EAGAIN || errno == EINTR);
    return moved > 0 || later ? network::rw_state::success : network::rw_state::failure;
  }

  std::shared_ptr<ssl_st> tls_;
};

class link_scribe final : public caf::io::scribe {
public:
  link_scribe(multiplexer& backend, network::native_socket fd, std::shared_ptr<ssl_st> tls)
    : scribe(network::conn_hdl_from_socket(fd)),
      stream_(backend, fd, std::move(tls)) {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true))
      stream_.start(this);
  }

  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  std::string addr() const override {
    auto address = network::remote_addr_of_fd(stream_.fd());
    return address ? *address : std::string{};
  }

  std::uint16_t port() const override {
    auto port = network::remote_port_of_fd(stream_.fd());
    return port ? *port : std::uint16_t{0};
  }

private:
  bool launched_ = false;
  network::stream_impl<link_policy> stream_;
};

} // namespace

caf::io::scribe_ptr make_scribe(caf::actor_system& system, open_link link) {
  boost::system::error_code ignored;
  const auto fd = link.socket.release(ignored);
  const int on = 1;
  const auto silence = static_cast<unsigned>(link_silence.count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
  auto& backend = static_cast<multiplexer&>(system.middleman().backend());
  return caf::make_counted<link_scribe>(backend, fd, std::move(link.tls));
}

caf::actor network_broker(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

void configure_network(caf::actor_system_config& config) {
  add_messages(config);
  load_network(config);
  config.set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
  // CAF's own judgement of silence counts from before a connection's first byte.
  config.set("middleman.connection-timeout", caf::timespan{0});
  // A peer that sends without end shares the thread with all others.
  config.set("middleman.max-consecutive-reads", std::size_t{16});
}

} // namespace fleetcast::actors::fleet
