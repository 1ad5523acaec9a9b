/// One transmission: an object on its way to every receiver that asked for it on one interface.
///
/// Drives protocol::sender: blocks come from the content reader, datagrams go to the socket writer in
/// batches, feedback comes from the socket reader. Lives as long as it has receivers; nobody listening,
/// nothing sent.
///
/// Back-pressure: a bounded number of datagrams (`datagrams_under_way`) waits at the socket writer.
///
/// Supervision: monitors its children (content reader, socket writer, socket reader) and the control
/// link of each receiver. A child that dies ends the transmission for all its receivers, with an error
/// that names the child, and no other transmission. A link that dies takes its receiver out of the group.
/// The session manager monitors the session.
#pragma once

#include "actors/io/block_pool.hpp"
#include "actors/io/io_thread.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/io/way.hpp"
#include "actors/kit/child_set.hpp"
#include "actors/kit/status.hpp"
#include "actors/kit/timer.hpp"
#include "actors/messages/serving.hpp"
#include "actors/observe/rate_meter.hpp"
#include "actors/observe/turn_meter.hpp"
#include "actors/serve/digest_ledger.hpp"
#include "actors/serve/feedback_watch.hpp"
#include "actors/serve/fetch_desk.hpp"
#include "actors/serve/receipt_desk.hpp"
#include "actors/serve/transmission_config.hpp"
#include "actors/serve/transmission_log.hpp"
#include "actors/serve/transmission_pace.hpp"
#include "actors/serve/watch.hpp"
#include "actors/trust/identity.hpp"
#include "protocol/send/feedback_gate.hpp"
#include "protocol/send/sender.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors {

class send_session_state {
public:
  static inline const char* name = "send_session";

  explicit send_session_state(steered_send_session_actor::pointer self) : self_(self) {}

  steered_send_session_actor::behavior_type make_behavior(send_session_config config);

private:
  struct member {
    control_server_actor link;
    std::string host;    ///< as it calls itself
    std::string address; ///< that it came from
    std::string identity;
    io::udp_endpoint feedback;
    protocol::timestamp joined_at{};
    rate_meter taken_in;
    bool is_heard = false;                                    ///< and was told so
    protocol::exclusion excluded = protocol::exclusion::none; ///< as the log says
  };

  join_reply join(const join_request& request);
  failure agree_on_suite(const join_request& request);
  join_reply admit(const join_request& request, const io::udp_endpoint& feedback);
  join_reply turn_away(const failure& why);
  tl::expected<io::udp_endpoint, failure> hear_at(const boost::asio::ip::address& ours);
  protocol::wire::session_accept accept_for(receiver_id id,
                                            const protocol::wire::direction_key& key,
                                            protocol::wire::seal_suite suite,
                                            const io::udp_endpoint& feedback) const;
  void leave(receiver_id id, const failure& reason);
  void on_receipt(receiver_id id, const protocol::wire::receipt& receipt);
  bool reports_all(receiver_id id) const;
  void complete(receiver_id id, const receipt_desk::settlement& how);
  void settle_claims();
  void on_feedback(const io::datagram_batch& batch);
  void on_block(const block_read& block);
  void remember_digests();
  void on_known(const std::vector<protocol::digest_run>& known);
  void on_fetch(receiver_id id, const protocol::wire::fetch& asked);
  void answer(receiver_id id, const protocol::wire::fetch& asked,
              const protocol::const_block_buffer& block);
  void refuse(receiver_id id, const protocol::wire::fetch& asked);
  void on_down(const caf::down_msg& down);
  void pump();
  bool has_room_at_writer() const noexcept;
  void expel_silent();
  void expel_stuck();
  void banish(receiver_id id, const failure& reason);
  void watch_feedback();
  void on_heard(receiver_id id, member& m, std::uint64_t packet);
  void tell_unheard(const feedback_watch::change& what, std::uint64_t packet = 0);
  void expel(receiver_id id, const failure& reason);
  bool remove(receiver_id id);
  void fail(const failure& reason);
  void end();
  failure start_children(protocol::wire::seal_suite suite);
  failure without_thread(const failure& refused) const;
  order_outcome obey(const cancel_order& order);
  order_outcome obey(const kick_order& order);
  order_outcome obey(const pause_order& order);
  order_outcome obey(const rate_order& order);
  void look_around();
  receiver_list list() const;
  double least_completed() const;
  double worst_loss() const;
  std::uint64_t taken_in_bytes(const protocol::wire::feedback& message) const;
  protocol::limiting_factor limited_by() const;
  std::string limit_detail() const;
  std::string limit_text() const;
  std::string name_of(receiver_id id) const;
  status_snapshot status() const;

  steered_send_session_actor::pointer self_;
  std::optional<send_session_config> config_;
  std::optional<transmission_log> log_;
  std::optional<transmission_pace> pace_;
  std::shared_ptr<io::block_pool> memory_;
  std::optional<protocol::wire::manifest_signer> signer_;
  std::optional<protocol::sender> sender_;
  std::optional<protocol::feedback_gate> gate_;
  std::optional<digest_ledger> ledger_; ///< none: nothing is kept of this object
  protocol::wire::transmission_id transmission_{};
  std::uint32_t session_tag_ = 0;
  protocol::wire::direction_key group_key_;
  std::optional<protocol::wire::seal_suite> suite_; ///< chosen by the first receiver
  std::map<receiver_id, member> members_;
  receipt_desk receipts_; ///< of members
  fetch_desk fetches_;    ///< of members
  receiver_id next_id_ = 1;
  tick_timer timer_;
  vitals vitals_;
  turn_meter turns_; ///< a turn: a look at what can be sent
  rate_meter rate_;
  transmission_watch watch_;
  feedback_watch feedback_watch_;
  protocol::timestamp began_at_{};
  std::uint64_t known_digests_ = 0; ///< that were kept before
  std::size_t under_way_ = 0;       ///< datagrams at the socket writer
  std::uint64_t refused_datagrams_ = 0;
  std::uint64_t expelled_receivers_ = 0;
  bool ended_ = false;
  content_reader_actor reader_;
  socket_writer_actor writer_;
  child_set children_; ///< those two, and who reads feedback

  /// Where feedback is heard beside the address of the first client: one interface leads to all receivers, but by its
  /// addresses they may be in several networks.
  std::map<boost::asio::ip::address, std::shared_ptr<const io::udp_socket>> more_ears_;
};

steered_send_session_actor::behavior_type
send_session(steered_send_session_actor::stateful_pointer<send_session_state> self,
             send_session_config config);

} // namespace fleetcast::actors
