/// Takes connections off listening sockets and keeps count of them. No actor; lives on the I/O
/// thread.
#pragma once

#include "actors/control/limits.hpp"
#include "actors/control/listening_sockets.hpp"
#include "actors/io/tls_connection.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace fleetcast::actors {

class acceptor;

/// A connection's place among those allowed. Whoever owns the connection keeps it as long.
class admission {
public:
  explicit admission(std::shared_ptr<acceptor> from);
  ~admission();

  admission(const admission&) = delete;
  admission& operator=(const admission&) = delete;

  /// Its request arrived: makes room for the next one. Once.
  void leave_pending();

private:
  std::shared_ptr<acceptor> acceptor_;
  bool is_pending_ = true;
};

struct accepted_connection {
  std::shared_ptr<io::tls_connection> connection;
  std::shared_ptr<admission> place;
};

/// Overflow policy: beyond `control_limits::connections` a new connection is closed and counted;
/// while `control_limits::pending` have not sent their request, none is accepted.
class acceptor : public std::enable_shared_from_this<acceptor> {
public:
  using callback = std::function<void(accepted_connection)>;

  struct counters {
    std::uint64_t accepted = 0;
    std::uint64_t turned_away = 0; ///< beyond the limit of connections
    std::uint64_t failed = 0;      ///< the system refused a socket
    std::size_t connections = 0;   ///< now
    std::size_t pending = 0;       ///< now, of those
  };

  acceptor(io::io_thread& io, listening_sockets sockets, io::tls_context context,
           const control_limits& limits);

  // -- any thread -------------------------------------------------------------------------------

  /// Once. `on_accepted` is called on the I/O thread.
  void start(callback on_accepted);

  /// Closes the sockets; what was accepted goes on.
  void stop();

  counters count() const noexcept;

private:
  friend class admission;

  using error_code = boost::system::error_code;
  using tcp = boost::asio::ip::tcp;

  void accept_all();
  void accept(std::size_t which);
  void on_accepted(std::size_t which, const error_code& error, tcp::socket socket);
  void admit(tcp::socket socket);
  void pause();
  void leave_pending();

  boost::asio::io_context& io_;
  listening_sockets sockets_;
  io::tls_context context_;
  control_limits limits_;
  boost::asio::steady_timer pause_;
  callback callback_;
  std::vector<bool> is_accepting_; ///< per socket
  bool is_paused_ = false;
  bool is_stopped_ = false;

  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> pending_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> turned_away_{0};
  std::atomic<std::uint64_t> failed_{0};
};

} // namespace fleetcast::actors
