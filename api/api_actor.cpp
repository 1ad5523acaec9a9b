#include "api/api_actor.hpp"

#include "actors/kit/status.hpp"
#include "api/callback_actor.hpp"
#include "api/session_record.hpp"

#include <utility>

namespace fleetcast::api {

namespace {

using actors::consumer_actor;
using actors::failure;
using actors::session_id;

struct api_state {
  static inline const char* name = "api";

  explicit api_state(api_actor::pointer self) : self_(self) {}

  failure open(const std::shared_ptr<session_record>& record) {
    const auto consumer = spawn_callback_actor(self_->system(), record, manager_);
    if (!consumer)
      return consumer.error();
    ++opened_;
    run(*record, *consumer);
    return {};
  }

  void cancel(session_id session, const failure& reason) {
    ++cancelled_;
    self_->send(manager_, actors::cancel_atom::value, session, reason);
  }

  actors::status_snapshot status() const {
    return vitals_.of(self_, {name,
                              "serving",
                              {actors::metrics::sessions_opened(opened_),
                               actors::metrics::cancels_passed_on(cancelled_)},
                              {}});
  }

  actors::session_manager_actor manager_;

private:
  void run(const session_record& record, const consumer_actor& consumer) {
    // Cancelled before it was started: it ends at once and without traffic (R-CAN-10). A cancel from
    // now on finds the session running and comes through this actor, behind the open.
    if (auto reason = record.cancel_reason()) {
      self_->send(consumer, actors::session_finished{std::move(reason), {}});
      return;
    }
    self_->send(manager_, actors::open_atom::value, record.id(), record.request(), consumer);
  }

  api_actor::pointer self_;
  actors::vitals vitals_;
  std::uint64_t opened_ = 0;
  std::uint64_t cancelled_ = 0;
};

api_actor::behavior_type api_behavior(api_actor::stateful_pointer<api_state> self,
                                      const actors::session_manager_actor& manager) {
  self->state.manager_ = manager;
  return {
    [self](actors::open_atom, const open_session& request) {
      request.launched->set_value(self->state.open(request.record));
    },
    [self](actors::cancel_atom, session_id session, const failure& reason) {
      self->state.cancel(session, reason);
    },
    [self](actors::stop_atom) { self->quit(); },
    [self](actors::status_atom) { return self->state.status(); },
  };
}

} // namespace

api_actor spawn_api_actor(caf::actor_system& system, const actors::session_manager_actor& manager) {
  return system.spawn(api_behavior, manager);
}

} // namespace fleetcast::api
