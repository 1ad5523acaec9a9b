/// One control connection: TLS over TCP, messages in and out, deadlines. No actor.
///
/// Lives on the I/O thread. Its methods may be called from any thread (they post); its events are
/// called on the I/O thread. Everything that is pending keeps the connection alive; it ends by
/// itself once closed, whoever still holds it.
///
/// Memory is bounded: one read buffer, one unfinished message (the frame reader's limit), and
/// `max_queued` bytes to write; a peer that does not read more than that is closed. A peer cannot
/// flood its owner either: one message is handed out for each call of receive().
#pragma once

#include "actors/trust/tls_context.hpp"
#include "protocol/failure.hpp"
#include "protocol/wire/frame_reader.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace fleetcast::actors::io {

class tls_connection : public std::enable_shared_from_this<tls_connection> {
public:
  using tcp = boost::asio::ip::tcp;
  using duration = std::chrono::milliseconds;

  /// Bytes that may wait for the peer to read.
  static constexpr std::size_t max_queued = 4 * protocol::wire::max_control_message;

  enum class role : std::uint8_t { client, server };

  struct events {
    /// The handshake is done; on the server side `who` is empty if the client did not say.
    std::function<void(const peer_identity& who)> ready;

    /// The body of one message.
    std::function<void(protocol::wire::message_bytes body)> message;

    /// Last and exactly once: no failure (code none) when we closed, else what happened.
    std::function<void(protocol::failure reason)> closed;
  };

  /// Takes a connected socket; to be called, like start(), on the I/O thread or before anybody else
  /// knows the connection. `peer_name` is how texts name the other side.
  tls_connection(tcp::socket socket, tls_context context, role which, std::string peer_name);

  /// Shakes hands. Everything until the next expire_after() must be over within `limit`; `late` is
  /// the failure if it is not.
  void start(events callbacks, duration limit, protocol::failure late);

  // -- any thread -------------------------------------------------------------------------------

  /// Wants one more message.
  void receive();

  /// `framed` as the codec makes it.
  void send(protocol::wire::message_bytes framed);

  /// Replaces the deadline; zero: none.
  void expire_after(duration limit, protocol::failure late);

  /// Flushes, says farewell, closes; within `limit`.
  void close(duration limit);

  /// Closes at once; events are not called any more.
  void abandon();

  const tcp::endpoint& local() const noexcept { return local_; }
  const tcp::endpoint& peer() const noexcept { return peer_; }

private:
  using error_code = boost::system::error_code;

  void shake_hands();
  void on_handshake(const error_code& error);
  void deliver_or_read();
  void read();
  void on_read(const error_code& error, std::size_t size);
  void write();
  void on_written(const error_code& error);
  void begin_farewell();
  void arm(duration limit, protocol::failure late);
  void finish(protocol::failure reason);
  protocol::failure describe(const error_code& error, const std::string& step) const;
  protocol::failure describe_handshake(const error_code& error) const;

  template <class F>
  void post(F operation);

  tcp::endpoint local_;
  tcp::endpoint peer_;
  tls_context context_;
  boost::asio::ssl::stream<tcp::socket> stream_;
  boost::asio::steady_timer deadline_;
  role role_;
  std::string peer_name_;
  events events_;

  protocol::wire::frame_reader frames_;
  std::array<std::byte, 4096> chunk_{};
  std::deque<protocol::wire::message_bytes> queue_;
  std::size_t queued_ = 0;
  std::size_t wanted_ = 0;
  bool is_ready_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_closing_ = false;
  bool is_saying_farewell_ = false;
  bool is_finished_ = false;
};

/// Notices a dead peer host within some 21 s, whether data is under way or not, and sends small
/// messages at once. Options that the system refuses are left as they are.
void tune_control_socket(boost::asio::ip::tcp::socket& socket) noexcept;

} // namespace fleetcast::actors::io
