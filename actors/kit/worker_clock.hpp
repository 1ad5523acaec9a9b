/// The clock of an actor system whose workers keep the time.
#pragma once

#include <caf/actor_clock.hpp>

namespace fleetcast::actors {

class job_queue;

/// Any thread. What it is told goes into its queue, which must outlive it.
class worker_clock final : public caf::actor_clock {
public:
  explicit worker_clock(job_queue& queue) : queue_(queue) {}

  void set_ordinary_timeout(time_point due, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override;
  void set_multi_timeout(time_point due, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override;
  void set_request_timeout(time_point due, caf::abstract_actor* self, caf::message_id id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point due, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point due, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

private:
  job_queue& queue_;
};

} // namespace fleetcast::actors
