/// Takes connections off listening sockets and keeps count of them. No actor; lives on the I/O
/// thread.
#pragma once

#include "actors/kit/control_limits.hpp"
#include "actors/kit/fair_places.hpp"
#include "actors/kit/waiting_room.hpp"
#include "actors/observe/rare_line.hpp"
#include "actors/serve/listening_sockets.hpp"
#include "actors/tls/tls_connection.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace fleetcast::actors {

class acceptor;

/// A connection's place among those allowed. Whoever owns the connection keeps it as long.
class admission {
public:
  admission(std::shared_ptr<acceptor> from, entrance::ticket ticket, entrance::address source);
  ~admission();

  admission(const admission&) = delete;
  admission& operator=(const admission&) = delete;

  /// Its connection was started: from now on it may be closed as one that came too slow, if it keeps others out.
  void await_request();

  /// Its request arrived: makes room for the next one. Once.
  void leave_pending();

private:
  std::shared_ptr<acceptor> acceptor_;
  entrance::ticket ticket_;
  entrance::address source_;
  bool is_pending_ = true;
};

struct accepted_connection {
  std::shared_ptr<io::tls_connection> connection;
  std::shared_ptr<admission> place;
};

/// Overflow policy: while `control_limits::pending` have not sent their request, or `pending_per_source` of one
/// address, new ones wait for a place, which who let us wait for `pending_grace` has to give them. Beyond
/// `control_limits::connections` one that waits is closed and counted: the last of the address with most of them. So is
/// one whose turn it is if its address has as many connections as it may (fair_places): receivers stay for long, and
/// those of one address must not take every place.
class acceptor : public std::enable_shared_from_this<acceptor> {
public:
  using callback = std::function<void(accepted_connection)>;

  struct counters {
    std::uint64_t accepted = 0;
    std::uint64_t turned_away = 0; ///< beyond the limit of connections, of all or of one address
    std::uint64_t failed = 0;      ///< the system refused a socket
    std::size_t connections = 0;   ///< now
    std::size_t pending = 0;       ///< now, of those
    std::size_t waiting = 0;       ///< now, for a place among the pending; not of those
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
  void begin(entrance::ticket ticket, tcp::socket socket);
  void turn_away(entrance::ticket ticket, const entrance::address& source);
  void close_slow(entrance::ticket ticket);
  void pause();
  void await_request(entrance::ticket ticket);
  void leave_pending(entrance::ticket ticket);
  void leave(const entrance::address& source);

  boost::asio::io_context& io_;
  listening_sockets sockets_;
  io::tls_context context_;
  control_limits limits_;
  boost::asio::steady_timer pause_;
  std::shared_ptr<waiting_room> room_;
  fair_places places_;
  rare_line full_; ///< of an address that has as many as it may
  std::map<entrance::ticket, std::weak_ptr<io::tls_connection>> begun_; ///< without a request yet
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
