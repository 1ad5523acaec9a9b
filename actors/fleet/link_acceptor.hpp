/// Lets coordinators in to an agent. Only a connection whose peer has proven that it is a coordinator of
/// this fleet reaches CAF's network layer.
///
/// Overflow policy: at most `pending` connections, `pending_per_source` of one address, prove themselves at once, each
/// within `handshake`; the others wait. One that takes longer than `grace` loses its place to one that waits, so that
/// strangers who hold connections open, or make thousands a second, keep nobody out. If more than `waiting` wait, the last
/// one in the longest line is closed. At most `links` coordinators stay connected; later ones are told so and closed,
/// because the earlier ones may be in the middle of a job.
#pragma once

#include "actors/fleet/link_handshake.hpp"
#include "actors/fleet/link_scribe.hpp"
#include "actors/fleet/messages.hpp"
#include "actors/io/io_thread.hpp"
#include "actors/kit/waiting_room.hpp"
#include "actors/observe/rare_line.hpp"
#include "actors/serve/listening_sockets.hpp"
#include "actors/trust/fleet_tls_context.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

struct link_acceptor_limits {
  std::size_t pending = 128;
  std::size_t pending_per_source = 64;
  std::size_t waiting = 128;
  std::chrono::milliseconds handshake{10000};

  /// Half of what a coordinator waits (link_network::dial_limit), so that its turn comes even where all that may wait
  /// are of its own address; more than three round trips of 300 ms.
  std::chrono::milliseconds grace{2000};

  /// A command has one. An agent runs 64 jobs at most, so more than 64 commands have no use for it. Each link costs
  /// a descriptor, TLS and the filter's memory, which a coordinator that was broken into must not multiply.
  std::size_t links = 64;

  /// Between two lines in the log about links beyond that.
  std::chrono::milliseconds quiet{60000};

  /// Before the next try when the system has no descriptors left.
  std::chrono::milliseconds pause{200};
};

class link_acceptor : public std::enable_shared_from_this<link_acceptor> {
public:
  /// `system` and `io` outlive it. Without `context` there is no TLS: for the loopback interface only.
  link_acceptor(caf::actor_system& system, io::io_thread& io, listening_sockets sockets,
                link_context context, const agent_actor& agent, link_border border = {},
                link_acceptor_limits limits = {});

  /// Once.
  void start();

  /// For connections that come from now on; those that there are go on with what they began with. From any thread.
  void use(link_context context);

  /// Closes the sockets and waits for that; to be called before the actor system goes.
  void close();

private:
  using error_code = boost::system::error_code;
  using tcp = boost::asio::ip::tcp;

  void accept(std::size_t which);
  void pause(std::size_t which);
  void admit(tcp::socket socket);
  void shake_hands(entrance::ticket ticket, tcp::socket socket);
  void close_slow(entrance::ticket ticket);
  bool is_full() const noexcept;
  void hand_over(open_link link, const std::string& from);
  void turn_away(const std::string& peer, const std::string& from);

  caf::actor_system& system_;
  io::io_thread& io_;
  listening_sockets sockets_;
  link_context context_; ///< once it has started: on the I/O thread
  link_border border_;
  link_acceptor_limits limits_;
  caf::actor broker_;
  caf::strong_actor_ptr agent_;
  std::set<std::string> understands_;
  std::uint16_t port_;

  // On the I/O thread.
  boost::asio::steady_timer pause_;
  std::vector<std::size_t> paused_; ///< sockets that wait for its end
  std::shared_ptr<waiting_room> room_;
  std::map<entrance::ticket, std::shared_ptr<link_handshake>> pending_;
  rare_line full_; ///< of coordinators that are turned away
  bool closed_ = false;
};

} // namespace fleetcast::actors::fleet
