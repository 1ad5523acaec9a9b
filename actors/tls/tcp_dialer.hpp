/// From a host name to a TCP connection: resolves, and tries every address within one limit of time. No actor; lives on
/// the I/O thread. What shakes hands on the connection is its owner's business: tls_dialer for the control plane,
/// fleet/link_network for the fleet.
///
/// Each address gets a fair share of the time that is left, so that one that swallows packets does not eat the time of
/// the others; the last one may use all the rest.
///
/// An address that has not answered for a moment can be asked a second time, by a socket of its own; whichever connects
/// first is used and the other one closed. The kernel repeats a lost SYN only after a second: at 5 % loss one connection
/// in ten came that much later, and what a late receiver has missed is sent to the group again. (Browsers
/// do it for the same reason; RFC 8305 names 250 ms between attempts.)
#pragma once

#include "protocol/failure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <tl/expected.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::io {

class tcp_dialer : public std::enable_shared_from_this<tcp_dialer> {
public:
  using tcp = boost::asio::ip::tcp;
  using duration = std::chrono::milliseconds;
  using error_code = boost::system::error_code;

  struct limits {
    duration total;   ///< for the name and all addresses
    duration attempt; ///< for one address while others are left, at most
    duration
      backup; ///< for the first socket, before a second one tries the same address; zero: none does
  };

  struct target {
    std::string host; ///< name or address, IPv6 also in brackets
    std::uint16_t port = 0;
    std::string program; ///< what is to listen there: "fleetcast serve"

    /// What speaks against an address, asked before any is tried; null: nothing.
    std::function<protocol::failure(const tcp::endpoint&)> objection;
  };

  struct unreached {
    protocol::failure
      reason; ///< with the errno that tells most, or the resolver's number, as detail
    error_code
      cause; ///< that number with its category; none: the time was over, or there was an objection
  };

  using callback = std::function<void(tl::expected<tcp::socket, unreached>)>;

  /// `over` is called once, on the I/O thread, perhaps within start(). Its program's children do not get the socket.
  tcp_dialer(boost::asio::io_context& context, target to, const limits& bounds, callback over);

  // -- on the I/O thread --------------------------------------------------------------------------

  /// Once. It lives by itself until it is over.
  void start();

  /// Instead of start(), where the addresses are known.
  void start(const std::vector<tcp::endpoint>& addresses);

  /// `over` is not called any more.
  void abandon();

  /// Of `limits::total`; 1 ms at least.
  duration time_left() const;

  /// "host:port", for texts.
  const std::string& name() const noexcept { return name_; }

  /// How long one of `candidates` addresses may take when so much time is left for all.
  static constexpr duration share_of(duration left, std::size_t candidates, duration most) {
    return std::min(most, left / static_cast<duration::rep>(candidates));
  }

private:
  void begin();
  void resolve();
  void on_resolved(const error_code& error, const tcp::resolver::results_type& results);
  void try_all(const std::vector<tcp::endpoint>& addresses);
  void try_next();
  void give_up(const tcp::endpoint& address, const error_code& error);
  error_code connect(const tcp::endpoint& address);
  void arm(boost::asio::steady_timer& timer, duration wait, std::function<void()> late);
  void on_connected(const std::shared_ptr<tcp::socket>& socket, const error_code& error);
  void drop_attempts();
  void fail(protocol::failure reason, const error_code& cause = {});
  void fail_all();
  protocol::failure too_late() const;
  void finish(tl::expected<tcp::socket, unreached> result);
  std::string story() const;

  boost::asio::io_context& io_;
  target target_;
  std::string name_;
  limits limits_;
  callback over_; ///< null: it is over
  tcp::resolver resolver_;
  std::vector<std::shared_ptr<tcp::socket>> attempts_; ///< at one address, not connected yet
  boost::asio::steady_timer total_;
  boost::asio::steady_timer attempt_;
  boost::asio::steady_timer backup_;

  std::vector<tcp::endpoint> candidates_;
  std::size_t next_ = 0;

  struct attempt_failure {
    tcp::endpoint address;
    error_code error;
  };
  std::vector<attempt_failure> failed_;
};

} // namespace fleetcast::actors::io
