#include "actors/kit/worker_clock.hpp"

#include "actors/kit/job_queue.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/group.hpp>
#include <caf/mailbox_element.hpp>

#include <utility>

namespace fleetcast::actors {

namespace {

using schedule = timeout_schedule;

template <class Timeout, class... Arguments>
std::unique_ptr<Timeout> at(worker_clock::time_point due, Arguments&&... arguments) {
  return std::make_unique<Timeout>(due, std::forward<Arguments>(arguments)...);
}

} // namespace

void worker_clock::set_ordinary_timeout(time_point due, caf::abstract_actor* self,
                                        caf::atom_value type, std::uint64_t id) {
  queue_.change_timeouts(at<schedule::ordinary_timeout>(due, self->ctrl(), type, id));
}

void worker_clock::set_multi_timeout(time_point due, caf::abstract_actor* self,
                                     caf::atom_value type, std::uint64_t id) {
  queue_.change_timeouts(at<schedule::multi_timeout>(due, self->ctrl(), type, id));
}

void worker_clock::set_request_timeout(time_point due, caf::abstract_actor* self,
                                       caf::message_id id) {
  queue_.change_timeouts(at<schedule::request_timeout>(due, self->ctrl(), id));
}

void worker_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  queue_.change_timeouts(schedule::ordinary_timeout_cancellation{self->id(), type});
}

void worker_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  queue_.change_timeouts(schedule::request_timeout_cancellation{self->id(), id});
}

void worker_clock::cancel_timeouts(caf::abstract_actor* self) {
  queue_.change_timeouts(schedule::timeouts_cancellation{self->id()});
}

void worker_clock::schedule_message(time_point due, caf::strong_actor_ptr receiver,
                                    caf::mailbox_element_ptr content) {
  queue_.change_timeouts(at<schedule::actor_msg>(due, std::move(receiver), std::move(content)));
}

void worker_clock::schedule_message(time_point due, caf::group target, caf::strong_actor_ptr sender,
                                    caf::message content) {
  queue_.change_timeouts(
    at<schedule::group_msg>(due, std::move(target), std::move(sender), std::move(content)));
}

void worker_clock::cancel_all() {
  queue_.change_timeouts(schedule::drop_all{});
}

} // namespace fleetcast::actors
