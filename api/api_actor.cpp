#include "api/api_actor.hpp"

#include "actors/kit/status.hpp"
#include "actors/messages/manager.hpp"
#include "api/callback_actor.hpp"
#include "api/engine.hpp"
#include "api/session_record.hpp"

#include <future>
#include <utility>

namespace fleetcast::api {

/// Spawns the session's consumer on a thread of its own and asks the manager for the session. `launched`
/// learns why the consumer could not be spawned (none: it was), and is broken if the api_actor is dead. A promise,
/// not a reply: the asker is a thread of the program, which is to stay clear of the actor system.
struct open_session {
  std::shared_ptr<session_record> record;
  std::shared_ptr<std::promise<actors::failure>> launched;
};

} // namespace fleetcast::api

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::api::open_session)

namespace fleetcast::api {

namespace {

using api_actor
  = caf::typed_actor<caf::reacts_to<actors::open_atom, open_session>,
                     caf::reacts_to<actors::cancel_atom, actors::session_id, actors::failure>,
                     caf::reacts_to<actors::stop_atom>,
                     caf::replies_to<actors::status_atom>::with<actors::status_snapshot>>;

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

/// A failure, too, when the one who was to answer died.
failure answer_of(std::future<failure>& launched) {
  try {
    return launched.get();
  } catch (const std::future_error&) {
    return {actors::failure_code::internal, 0,
            "cannot start the session: the api actor died; shut the library down and initialise it "
            "again"};
  }
}

class port_to_actor final : public api_port {
public:
  explicit port_to_actor(api_actor actor) : actor_(std::move(actor)) {}

  failure launch(std::shared_ptr<session_record> session) override {
    auto answer = std::make_shared<std::promise<failure>>();
    auto launched = answer->get_future();
    caf::anon_send(actor_, actors::open_atom::value,
                   open_session{std::move(session), std::move(answer)});
    return answer_of(launched);
  }

  void cancel(session_id session, failure reason) override {
    caf::anon_send(actor_, actors::cancel_atom::value, session, std::move(reason));
  }

  void stop() override { caf::anon_send(actor_, actors::stop_atom::value); }

private:
  const api_actor actor_;
};

} // namespace

std::shared_ptr<api_port> spawn_api_actor(engine& world) {
  const auto actor = world.system().spawn(api_behavior, world.manager());
  world.show(caf::actor_cast<caf::actor>(actor));
  return std::make_shared<port_to_actor>(actor);
}

} // namespace fleetcast::api
