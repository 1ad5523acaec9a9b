#include "actors/fleet/link_scribe.hpp"

#include "actors/fleet/frame_filter.hpp"
#include "actors/fleet/messages.hpp"
#include "actors/fleet/network_module.hpp"
#include "actors/observe/log.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fleetcast::actors::fleet {

namespace {

namespace network = caf::io::network;

using multiplexer = network::default_multiplexer;

/// Bytes of a connection, through TLS if it has any.
class link_bytes {
public:
  explicit link_bytes(std::shared_ptr<ssl_st> tls) : tls_(std::move(tls)) {}

  network::rw_state read(std::size_t& result, network::native_socket fd, void* buffer,
                         std::size_t size) {
    if (tls_)
      return judge(result, [&] { return SSL_read(tls_.get(), buffer, clamped(size)); });
    return judge_plain(result, ::recv(fd, buffer, size, 0));
  }

  network::rw_state write(std::size_t& result, network::native_socket fd, const void* buffer,
                          std::size_t size) {
    if (tls_)
      return judge(result, [&] { return SSL_write(tls_.get(), buffer, clamped(size)); });
    return judge_plain(result, ::send(fd, buffer, size, MSG_NOSIGNAL));
  }

  /// What TLS has already taken off the socket wakes nobody.
  bool has_more() const { return tls_ && SSL_pending(tls_.get()) > 0; }

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

/// How CAF reads and writes: frames that the filter has judged. On the multiplexer's thread only.
class link_policy {
public:
  /// Without `filter` everything passes.
  link_policy(counted_link counted, std::shared_ptr<ssl_st> tls,
              std::unique_ptr<frame_filter> filter, std::string peer)
    : counted_(std::move(counted)),
      bytes_(std::move(tls)),
      filter_(std::move(filter)),
      peer_(std::move(peer)) {}

  network::rw_state read_some(std::size_t& result, network::native_socket fd, void* buffer,
                              std::size_t size) {
    if (!filter_)
      return bytes_.read(result, fd, buffer, size);
    result = 0;
    if (taken_ == arrived_.size())
      if (const auto state = refill(fd); state != network::rw_state::success)
        return state;
    result = std::min(size, arrived_.size() - taken_);
    std::copy_n(arrived_.begin() + static_cast<std::ptrdiff_t>(taken_), result,
                static_cast<std::uint8_t*>(buffer));
    taken_ += result;
    return network::rw_state::success;
  }

  network::rw_state write_some(std::size_t& result, network::native_socket fd, const void* buffer,
                               std::size_t size) {
    result = 0;
    if (size == 0)
      return network::rw_state::indeterminate;
    if (!filter_)
      return bytes_.write(result, fd, buffer, size);
    // CAF offers the same bytes again until it hears that they are gone.
    if (accepted_ == 0) {
      leaving_.clear();
      gone_ = 0;
      if (!filter_->send({static_cast<const std::uint8_t*>(buffer), size}, now(), leaving_))
        return end(fd);
      accepted_ = size;
    }
    if (gone_ < leaving_.size()) {
      std::size_t moved = 0;
      const auto state = bytes_.write(moved, fd, leaving_.data() + gone_, leaving_.size() - gone_);
      gone_ += moved;
      if (state != network::rw_state::success || gone_ < leaving_.size())
        return state;
    }
    result = std::exchange(accepted_, 0);
    return network::rw_state::success;
  }

  bool must_read_more(network::native_socket, std::size_t) const {
    return taken_ < arrived_.size() || bytes_.has_more();
  }

private:
  /// One record of TLS at most, so that nothing of it stays inside, where nobody would look for it.
  static constexpr std::size_t record_size = 16 * 1024;

  static protocol::timestamp now() { return std::chrono::steady_clock::now().time_since_epoch(); }

  network::rw_state refill(network::native_socket fd) {
    arrived_.clear();
    taken_ = 0;
    std::array<std::uint8_t, record_size> raw; // uninitialised: it is read up to `size` only
    std::size_t size = 0;
    const auto state = bytes_.read(size, fd, raw.data(), raw.size());
    if (state != network::rw_state::success)
      return state;
    return filter_->receive({raw.data(), size}, now(), arrived_) ? state : end(fd);
  }

  /// Both directions: CAF gives up the one that failed, and must see the end of the other too.
  network::rw_state end(network::native_socket fd) {
    if (!std::exchange(told_, true))
      log().warn("ended the connection to {}: {}", peer_, filter_->complaint());
    ::shutdown(fd, SHUT_RDWR);
    return network::rw_state::failure;
  }

  counted_link counted_;
  link_bytes bytes_;
  std::unique_ptr<frame_filter> filter_;
  std::string peer_;
  std::vector<std::uint8_t> arrived_; ///< judged, for CAF
  std::size_t taken_ = 0;             ///< of those
  std::vector<std::uint8_t> leaving_; ///< judged, for the peer
  std::size_t gone_ = 0;              ///< of those
  std::size_t accepted_ = 0;          ///< bytes of CAF that became `leaving_`
  bool told_ = false;
};

class link_scribe final : public caf::io::scribe {
public:
  template <class... Ts>
  link_scribe(multiplexer& backend, network::native_socket fd, Ts&&... policy)
    : scribe(network::conn_hdl_from_socket(fd)),
      stream_(backend, fd, std::forward<Ts>(policy)...) {}

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

/// CAF's broker, without its search for a "SpawnServ" at the other end: each time that leaves an actor and
/// an entry behind that are never erased, one for each node id ever seen.
class link_broker final : public caf::io::basp_broker {
public:
  using caf::io::basp_broker::basp_broker;

  void learned_new_node_directly(const caf::node_id&, bool) override {}
  void learned_new_node_indirectly(const caf::node_id&) override {}
};

/// Null: the border has none.
tl::expected<std::unique_ptr<frame_filter>, failure> make_filter(link_role own,
                                                                 const link_border& border) {
  if (!border.guarded)
    return nullptr;
  std::array<std::uint8_t, basp::random_node_size> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return tl::unexpected{failure{failure_code::internal, 0, "OpenSSL has no random bytes"}};
  return std::make_unique<frame_filter>(own, basp::make_node_id(random), border.tally);
}

/// "gateway at 10.0.0.7:5045", for the log.
std::string name_of(const open_link& link) {
  boost::system::error_code ignored;
  std::ostringstream result;
  result << (link.peer.empty() ? "a process" : link.peer) << " at "
         << link.socket.remote_endpoint(ignored);
  return result.str();
}

} // namespace

tl::expected<caf::io::scribe_ptr, failure> make_scribe(caf::actor_system& system, open_link link,
                                                       link_role own, const link_border& border) {
  auto filter = make_filter(own, border);
  if (!filter)
    return tl::unexpected{std::move(filter.error())};
  auto peer = name_of(link);
  boost::system::error_code ignored;
  const auto fd = link.socket.release(ignored);
  const int on = 1;
  const auto silence = static_cast<unsigned>(link_silence.count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
  auto& backend = static_cast<multiplexer&>(system.middleman().backend());
  return caf::make_counted<link_scribe>(backend, fd, counted_link{border.tally},
                                        std::move(link.tls), *std::move(filter), std::move(peer));
}

caf::actor network_broker(caf::actor_system& system, const link_border& border) {
  auto& middleman = system.middleman();
  return border.guarded ? middleman.named_broker<link_broker>(caf::atom("FLEET"))
                        : middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP"));
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
