/// The root of the tree: starts sessions, brings clients to their transmissions, supervises.
///
/// Supervision: monitors every session. One that ends as it should is forgotten; one that crashes is
/// logged, and its consumer is told in its place. A crash never reaches another session.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/manager.hpp"
#include "actors/receive/session.hpp"
#include "actors/serve/serving_half.hpp"

#include <cstdint>
#include <map>
#include <memory>

namespace fleetcast::actors {

struct session_manager_config {
  io::io_thread* io = nullptr;
  std::shared_ptr<receive_session_parts> parts;

  /// What makes this process a server; without it clients are refused.
  serving_half_factory serving;
};

class session_manager_state {
public:
  static inline const char* name = "session_manager";

  explicit session_manager_state(steered_session_manager_actor::pointer self) : self_(self) {}

  /// Only where the manager dies with sessions left: they end, since nobody could cancel them any more.
  ~session_manager_state();

  session_manager_state(const session_manager_state&) = delete;
  session_manager_state& operator=(const session_manager_state&) = delete;

  steered_session_manager_actor::behavior_type make_behavior(session_manager_config config);

private:
  struct receive_entry {
    receive_session_actor session;
    consumer_actor consumer;
  };

  using join_promise = caf::typed_response_promise<join_reply>;
  using order_promise = caf::typed_response_promise<order_outcome>;
  using list_promise = caf::typed_response_promise<receiver_list>;

  void open(session_id id, receive_request request, consumer_actor consumer);
  void cancel(session_id id, const failure& reason);
  order_promise steer(session_id id, const session_order& order);
  list_promise list(session_id id);
  steered_send_session_actor transmission(session_id id) const;
  failure unknown(session_id id) const;
  join_promise join(const join_request& request);
  void bring_in(const join_request& request, join_promise promise);
  void bring_in(const serving_half::way_in& way, const join_request& request, join_promise promise);
  void bring_elsewhere(const send_session_actor& closed, const join_request& request,
                       const join_promise& promise);
  void on_down(const caf::down_msg& down);
  void stop();
  void quit_if_done();
  status_snapshot status() const;
  status_promise collect(status_snapshot own);

  steered_session_manager_actor::pointer self_;
  session_manager_config config_;
  std::map<session_id, receive_entry> receiving_;
  std::unique_ptr<serving_half> serving_; ///< null: this process is no server
  vitals vitals_;
  std::uint64_t sessions_started_ = 0;
  std::uint64_t crashed_sessions_ = 0;
  bool stopping_ = false;
};

steered_session_manager_actor::behavior_type
session_manager(steered_session_manager_actor::stateful_pointer<session_manager_state> self,
                session_manager_config config);

} // namespace fleetcast::actors
