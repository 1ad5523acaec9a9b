#include "actors/tls/tls_dialer.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <sstream>
#include <utility>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

failure unfinished_handshake(const std::string& server, tcp_dialer::duration limit) {
  std::ostringstream text;
  text << "could not connect to " << server << " within "
       << std::chrono::duration<double>(limit).count()
       << " s: the TCP connection was made, but the TLS handshake did not end. Is that address and "
          "port `fleetcast serve`'s, and is its host overloaded?";
  return {failure_code::connect_timeout, 0, text.str()};
}

} // namespace

tls_dialer::tls_dialer(boost::asio::io_context& context, std::string host, std::uint16_t port,
                       client_credentials credentials, const limits& bounds, events callbacks)
  : io_(context),
    host_(std::move(host)),
    port_(port),
    credentials_(std::move(credentials)),
    limits_(bounds),
    events_(std::move(callbacks)) {}

void tls_dialer::start() {
  boost::asio::post(io_, [me = shared_from_this()] {
    if (!me->is_over_)
      me->dial();
  });
}

void tls_dialer::abandon() {
  boost::asio::post(io_, [me = shared_from_this()] {
    me->events_ = {};
    if (me->connection_)
      me->connection_->abandon();
    if (const auto dialling = me->dialling_.lock())
      dialling->abandon();
    me->fail({});
  });
}

void tls_dialer::dial() {
  auto connected = [me = shared_from_this()](tl::expected<tcp::socket, tcp_dialer::unreached> way) {
    if (!way)
      return me->fail(std::move(way.error().reason));
    me->shake_hands(*me->dialling_.lock(), std::move(*way));
  };
  const auto dialling = std::make_shared<tcp_dialer>(
    io_, tcp_dialer::target{host_, port_, "fleetcast serve", nullptr}, limits_,
    std::move(connected));
  dialling_ = dialling;
  dialling->start();
}

void tls_dialer::shake_hands(const tcp_dialer& dialled, tcp::socket connected) {
  auto context = make_client_context(std::move(credentials_));
  if (!context)
    return fail(std::move(context.error()));
  connection_ = std::make_shared<tls_connection>(std::move(connected), std::move(*context),
                                                 tls_connection::role::client, dialled.name());
  is_over_ = true;
  auto callbacks = std::exchange(events_, {});
  tls_connection::events forwarded;
  forwarded.ready = [weak = std::weak_ptr{connection_},
                     ready = std::move(callbacks.ready)](const peer_identity& who) {
    if (auto connection = weak.lock())
      ready(connection, who);
  };
  forwarded.message = std::move(callbacks.message);
  forwarded.closed = std::move(callbacks.closed);
  connection_->start(std::move(forwarded), dialled.time_left(),
                     unfinished_handshake(dialled.name(), limits_.total));
}

void tls_dialer::fail(failure reason) {
  if (std::exchange(is_over_, true))
    return;
  const auto last = std::exchange(events_, {});
  if (last.closed)
    last.closed(std::move(reason));
}

} // namespace fleetcast::actors::io
