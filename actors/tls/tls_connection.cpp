#include "actors/tls/tls_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>

#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

namespace asio = boost::asio;

// A host that is gone is noticed after idle + count * interval = 21 s: sooner than the data plane's
// silence limit, later than a switch takes to reconverge. With fewer probes, or less patience for what
// is not acknowledged, a fifth of all packets lost ended healthy sessions.
constexpr int keepalive_idle_seconds = 5;
constexpr int keepalive_interval_seconds = 2;
constexpr int keepalive_probes = 8;
constexpr unsigned unacknowledged_limit_ms = 21'000;

boost::asio::ip::tcp::endpoint local_endpoint_of(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;
  return socket.local_endpoint(ignored);
}

boost::asio::ip::tcp::endpoint remote_endpoint_of(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;
  return socket.remote_endpoint(ignored);
}

template <class T>
void set_option(int socket, int level, int name, T value) noexcept {
  ::setsockopt(socket, level, name, &value, sizeof(value));
}

bool is_from_tls(const boost::system::error_code& error) {
  return error.category() == asio::error::get_ssl_category();
}

bool is_tls_reason(const boost::system::error_code& error, int reason) {
  return is_from_tls(error) && ERR_GET_REASON(static_cast<unsigned long>(error.value())) == reason;
}

/// Closed by the peer, with or without TLS's farewell.
bool is_end(const boost::system::error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated
         || error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

} // namespace

void tune_control_socket(boost::asio::ip::tcp::socket& socket) noexcept {
  const int native = socket.native_handle();
  set_option(native, SOL_SOCKET, SO_KEEPALIVE, 1);
  // Messages are few and small: at a fifth lost each way, doubling the time between repetitions from the
  // first on would leave seven of them in that time, and one connection in some hundred without an answer.
  set_option(native, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
  set_option(native, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
  set_option(native, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
  set_option(native, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  set_option(native, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_limit_ms);
  set_option(native, IPPROTO_TCP, TCP_NODELAY, 1);
}

tls_connection::tls_connection(tcp::socket socket, tls_context context, role which,
                               std::string peer_name)
  : local_(local_endpoint_of(socket)),
    peer_(remote_endpoint_of(socket)),
    context_(std::move(context)),
    stream_(std::move(socket), *context_),
    deadline_(stream_.get_executor()),
    role_(which),
    peer_name_(std::move(peer_name)) {
  tune_control_socket(stream_.next_layer());
}

template <class F>
void tls_connection::post(F operation) {
  asio::post(stream_.get_executor(), [me = shared_from_this(), f = std::move(operation)]() mutable {
    if (!me->is_finished_)
      f(*me);
  });
}

void tls_connection::start(events callbacks, duration limit, failure late) {
  events_ = std::move(callbacks);
  post([limit, reason = std::move(late)](tls_connection& me) mutable {
    me.arm(limit, std::move(reason));
    me.shake_hands();
  });
}

void tls_connection::receive() {
  post([](tls_connection& me) {
    ++me.wanted_;
    me.deliver_or_read();
  });
}

void tls_connection::send(protocol::wire::message_bytes framed) {
  post([bytes = std::move(framed)](tls_connection& me) mutable {
    me.queued_ += bytes.size();
    if (me.queued_ > max_queued)
      return me.finish(
        {failure_code::connection_lost, 0,
         "closed the connection to " + me.peer_name_ + ": it does not read what it is sent"});
    me.queue_.push_back(std::move(bytes));
    me.write();
  });
}

void tls_connection::expire_after(duration limit, failure late) {
  post([limit, reason = std::move(late)](tls_connection& me) mutable {
    // The farewell's own deadline stays.
    if (!me.is_closing_)
      me.arm(limit, std::move(reason));
  });
}

void tls_connection::close(duration limit) {
  post([limit](tls_connection& me) {
    if (me.is_closing_)
      return;
    me.is_closing_ = true;
    if (!me.is_ready_)
      return me.finish({});
    me.arm(limit, {});
    if (!me.is_writing_)
      me.begin_farewell();
  });
}

void tls_connection::abandon() {
  post([](tls_connection& me) {
    me.events_.closed = nullptr;
    me.finish({});
  });
}

// -- handshake ------------------------------------------------------------------------------------

void tls_connection::shake_hands() {
  const auto side
    = role_ == role::client ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
  stream_.async_handshake(
    side, [me = shared_from_this()](const error_code& error) { me->on_handshake(error); });
}

void tls_connection::on_handshake(const error_code& error) {
  if (is_finished_)
    return;
  if (error)
    return finish(describe_handshake(error));
  auto who = role_ == role::client ? identify_peer(stream_.native_handle())
                                   : identify_client(stream_.native_handle());
  if (!who)
    return finish(std::move(who.error()).in_context("while connecting to " + peer_name_));
  is_ready_ = true;
  events_.ready(*who);
  write();
  deliver_or_read();
}

failure tls_connection::describe_handshake(const error_code& error) const {
  const auto start = "the TLS handshake with " + peer_name_ + " failed: ";
  constexpr auto code = failure_code::handshake_failed;
  if (is_tls_reason(error, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
      || is_tls_reason(error, SSL_R_UNSUPPORTED_PROTOCOL))
    return {code, 0,
            start
              + "the other side does not speak TLS 1.3. Is that address and port "
                "`fleetcast serve`'s?"};
  if (is_end(error))
    return {code, 0,
            start
              + "the other side closed the connection. Is that address and port `fleetcast "
                "serve`'s? If so, it may have reached its limit of connections: try again later"};
  return {code, is_from_tls(error) ? 0 : static_cast<std::uint32_t>(error.value()),
          start + error.message() + ". Is that address and port `fleetcast serve`'s?"};
}

// -- in -------------------------------------------------------------------------------------------

void tls_connection::deliver_or_read() {
  while (is_ready_ && !is_closing_ && !is_finished_ && wanted_ > 0) {
    auto next = frames_.next();
    if (!next)
      return finish(std::move(next.error()).in_context("closed the connection to " + peer_name_));
    if (!next->has_value())
      return read();
    --wanted_;
    events_.message(std::move(**next));
  }
}

void tls_connection::read() {
  if (is_reading_)
    return;
  is_reading_ = true;
  stream_.async_read_some(asio::buffer(chunk_),
                          [me = shared_from_this()](const error_code& error, std::size_t size) {
                            me->is_reading_ = false;
                            if (!me->is_finished_)
                              me->on_read(error, size);
                          });
}

void tls_connection::on_read(const error_code& error, std::size_t size) {
  if (error)
    return finish(is_closing_ ? failure{} : describe(error, "reading from"));
  if (is_closing_)
    return read(); // nobody wants it any more
  frames_.append(std::span<const std::byte>{chunk_.data(), size});
  deliver_or_read();
}

failure tls_connection::describe(const error_code& error, const std::string& step) const {
  if (error == asio::error::eof)
    return {failure_code::connection_lost, 0, peer_name_ + " closed the connection"};
  if (is_end(error))
    return {failure_code::connection_lost, 0,
            "lost the connection to " + peer_name_
              + ": its end broke off without a farewell. Did the program there end?"};
  return {failure_code::connection_lost,
          is_from_tls(error) ? 0 : static_cast<std::uint32_t>(error.value()),
          "lost the connection to " + peer_name_ + " while " + step + " it: " + error.message()};
}

// -- out ------------------------------------------------------------------------------------------

void tls_connection::write() {
  if (is_writing_ || !is_ready_ || queue_.empty() || is_finished_)
    return;
  is_writing_ = true;
  asio::async_write(
    stream_, asio::buffer(queue_.front()),
    [me = shared_from_this()](const error_code& error, std::size_t) { me->on_written(error); });
}

void tls_connection::on_written(const error_code& error) {
  is_writing_ = false;
  if (is_finished_)
    return;
  if (error)
    return finish(is_closing_ ? failure{} : describe(error, "writing to"));
  queued_ -= queue_.front().size();
  queue_.pop_front();
  if (!queue_.empty())
    return write();
  if (is_closing_)
    begin_farewell();
}

// -- end ------------------------------------------------------------------------------------------

void tls_connection::begin_farewell() {
  if (is_saying_farewell_)
    return;
  is_saying_farewell_ = true;
  // Waits for the peer's farewell or end, too: closing before everything was read would make the
  // kernel reset the connection and take back what was sent last. Whichever operation sees the end
  // first finishes.
  stream_.async_shutdown([me = shared_from_this()](const error_code&) { me->finish({}); });
  read();
}

void tls_connection::arm(duration limit, failure late) {
  deadline_.cancel();
  if (limit == duration::zero())
    return;
  deadline_.expires_after(limit);
  deadline_.async_wait(
    [weak = weak_from_this(), reason = std::move(late)](const error_code& error) {
      auto me = weak.lock();
      // A wait that was due when it was replaced still comes; the new deadline lies ahead then.
      if (!me || error || me->deadline_.expiry() > std::chrono::steady_clock::now())
        return;
      me->finish(reason);
    });
}

void tls_connection::finish(failure reason) {
  if (std::exchange(is_finished_, true))
    return;
  deadline_.cancel();
  error_code ignored;
  stream_.next_layer().close(ignored);
  // The queue stays: a write that is being cancelled may still look at its bytes.
  // The callbacks go with the call, so that whatever they refer to is not kept by this object.
  const auto last = std::exchange(events_, events{});
  if (last.closed)
    last.closed(std::move(reason));
}

} // namespace fleetcast::actors::io
