/// How workers share jobs: one queue for all, and nobody is woken for what a worker that is awake will do
/// at once.
///
/// CAF's work_sharing wakes another worker for every message from actor to actor, although the sender is
/// usually at its end and free for it: a verified block crossed threads six times on its way from
/// the socket to the consumer. Here a job that a worker has made itself wakes a second one only if the
/// queue holds more than that job. (CAF's other policy, work_stealing, lets workers that found nothing
/// sleep for 10 ms; a block would wait that long at each step of its way, and an idle process never rest.)
///
/// They keep the time, too (job_queue.hpp): a timeout wakes the worker that serves it and, every `grace` at most, one more,
/// which guards against a turn that does not end.
///
/// The price: what an actor sends waits until that actor's turn ends, even if other workers sleep. A turn is
/// a few messages long, and nothing that runs on workers may block (actors that do are detached).
#pragma once

#include <caf/fwd.hpp>

#include <cstddef>

namespace fleetcast::actors {

/// Systems of this configuration have so many workers, which share jobs as said above.
void share_lazily(caf::actor_system_config& config, std::size_t workers);

} // namespace fleetcast::actors
