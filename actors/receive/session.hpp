/// One receive session: its life cycle, its control connection, its children.
///
///     connecting -> receiving <-> waiting
///                       └────────────┴──> delivered -> receipting -> ended
///
/// With patience (receive_request) a session that was on waits for a server that went away: it goes on hearing the group, if
/// that goes on, and asks again (protocol/control/reconnection.hpp). Accepted once more, it receives where it was; what it
/// has handed out is proven again by the new transmission's digests, or the session fails. The consumer sees a pause.
///
/// Whatever happens, the consumer hears session_finished exactly once and last: with success as soon as
/// every block was delivered (R-CR-12). The server hears more: the receipt says that the consumer released
/// every block, too, so a consumer that keeps its last block until all is stored makes the receipt mean
/// "stored". Cancelled before that, the session leaves instead, and the server knows why.
///
/// Anyone may cancel: the consumer, the console, the manager; it is one message.
///
/// Supervision: monitors its children (control client, socket reader, reassembly, writer) and its
/// consumer. A child that dies fails this session, with an error that names the child, and nothing else.
/// A consumer that dies cancels it, until everything was delivered. The session manager monitors the session.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/kit/child_set.hpp"
#include "actors/kit/data_path.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/receiving.hpp"
#include "actors/observe/rate_meter.hpp"
#include "actors/receive/fragment_watch.hpp"
#include "actors/receive/trouble.hpp"
#include "protocol/control/reconnection.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors {

/// How a receive session makes its children; tests put others in their place.
class receive_session_parts {
public:
  virtual ~receive_session_parts() = default;

  virtual control_client_actor connect(caf::scheduled_actor& session,
                                       const receive_request& request,
                                       const receive_session_actor& self)
    = 0;

  struct receiving {
    writer_actor writer;
    reassembly_actor reassembly;
    socket_reader_actor reader; ///< none before `read`
    std::shared_ptr<const io::udp_socket> group;
    std::optional<data_path> path; ///< none in tests without a network
    std::uint32_t block_size = 0;
    std::vector<protocol::wire::block_range> held; ///< that the consumer is to read again
  };

  /// Joins the group and makes the actors that receive. Nothing is read yet: the consumer first
  /// has to hear that the session started, and blocks take another way to it.
  virtual tl::expected<receiving, failure>
  receive(caf::scheduled_actor& session, const receive_request& request,
          const server_accepted& link, const consumer_actor& consumer,
          const receive_session_actor& self)
    = 0;

  /// Another transmission of the same object, on a group and sockets of its own.
  struct next_reception {
    incoming_transmission transmission;
    std::shared_ptr<const io::udp_socket> group;
    std::optional<data_path> path; ///< none in tests without a network
  };

  /// Joins the group of a server that is back. As with `receive` nothing is read yet.
  virtual tl::expected<next_reception, failure> receive_again(const receive_request& request,
                                                              const server_accepted& link,
                                                              const receiving& before)
    = 0;

  /// Of what is drawn at random. Tests have theirs.
  virtual std::uint64_t seed() const { return 0; }

  /// Leaves the group and joins it again; or why that failed.
  [[nodiscard]] virtual failure join_again(const receiving& group) = 0;

  /// IP packets that this host has reassembled from fragments so far, for any program.
  virtual std::uint64_t reassembled_packets() const { return 0; }

  /// From here on datagrams come.
  virtual socket_reader_actor read(caf::scheduled_actor& session, const receiving& into) = 0;
};

/// The real ones, on sockets.
std::shared_ptr<receive_session_parts> network_parts(io::io_thread& io);

class receive_session_state {
public:
  static inline const char* name = "receive_session";

  explicit receive_session_state(receive_session_actor::pointer self) : self_(self) {}

  receive_session_actor::behavior_type make_behavior(receive_request request,
                                                     consumer_actor consumer,
                                                     std::shared_ptr<receive_session_parts> parts,
                                                     session_id id);

private:
  enum class phase : std::uint8_t { connecting, receiving, waiting, delivered, receipting, ended };

  static const char* name_of(phase now) noexcept;

  bool is_under_way() const noexcept {
    return phase_ == phase::receiving || phase_ == phase::waiting;
  }
  bool is_of_earlier_link() const;
  void note(const receive_summary& summary);
  void show_progress();
  void on_accepted(const server_accepted& link);
  void begin_receiving(const server_accepted& link);
  void listen_on(const std::optional<data_path>& path);
  void await_server(failure reason);
  void dial();
  void go_on_receiving(const server_accepted& link);
  void on_reassembly_failed(const failure& reason);
  void on_delivered();
  void on_consumed(bool complete);
  void send_receipt();
  void look_for_fragments();
  void on_reception(const protocol::reception_health& health);
  void tell(const std::vector<std::string>& sentences) const;
  void on_link_closed(failure reason);
  void on_down(const caf::down_msg& down);
  void cancel(failure reason);
  void leave(const failure& reason);
  void end(failure reason);
  void quit();
  std::string what() const;
  status_snapshot status() const;
  std::vector<caf::actor> whom_to_ask() const;

  receive_session_actor::pointer self_;
  session_id id_ = 0;
  vitals vitals_;
  rate_meter rate_;
  receive_request request_;
  consumer_actor consumer_;
  std::shared_ptr<receive_session_parts> parts_;
  phase phase_ = phase::connecting;
  protocol::timestamp started_at_{};
  bool reassembled_ = false;
  bool link_lost_ = false;              ///< there is none, or it is only being made
  bool is_progress_unanswered_ = false; ///< the consumer has not handled the last one yet
  bool is_progress_news_ = false;       ///< and there are later figures
  failure withdrawn_; ///< why no receipt shall be sent, if the consumer still holds blocks
  receive_summary summary_;
  trouble trouble_;
  fragment_watch fragments_;
  std::uint32_t joined_again_ = 0;
  control_client_actor link_;
  protocol::control::reconnection reconnection_{protocol::duration{0}, 0};
  receive_session_parts::receiving receiving_;
  child_set children_; ///< the link, and who receives
};

/// `id`: as the console shows it.
receive_session_actor::behavior_type
receive_session(receive_session_actor::stateful_pointer<receive_session_state> self,
                receive_request request, consumer_actor consumer,
                std::shared_ptr<receive_session_parts> parts, session_id id);

} // namespace fleetcast::actors
