/// Collecting status snapshots from a tree of actors.
#pragma once

#include "actors/kit/mailbox_depth.hpp"
#include "actors/messages/vocabulary.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors {

/// An actor that does not answer within this is shown as such; the others' answers do not wait.
constexpr auto status_patience = std::chrono::milliseconds(250);

using status_promise = caf::typed_response_promise<status_snapshot>;

/// What every actor can say of itself without being told: a member of its state, made with it.
class vitals {
public:
  /// Fills in what `self`, who is asked right now, does not have to care for.
  template <class Self>
  status_snapshot of(Self* self, status_snapshot snapshot) const {
    snapshot.id = self->id();
    snapshot.mailbox = mailbox_depth(*self);
    snapshot.age = std::chrono::steady_clock::now() - born_;
    return snapshot;
  }

private:
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
};

/// What can be said of an actor that does not speak: who it is, and how long it was given.
status_snapshot without_answer(const caf::actor& silent, const caf::error& why,
                               std::chrono::milliseconds patience);

/// Asks every actor for its status and calls `done` with the answers in their order. One that is dead or
/// late appears as such; it never spoils the rest. Where children ask children of their own, `patience`
/// must be longer than theirs, or one that is late takes its parent with it.
template <class Self>
void gather_status(Self* self, const std::vector<caf::actor>& from,
                   std::chrono::milliseconds patience,
                   std::function<void(std::vector<status_snapshot>)> done) {
  struct collection {
    std::vector<status_snapshot> result;
    std::size_t waiting;
    std::function<void(std::vector<status_snapshot>)> done;

    void take(std::size_t index, status_snapshot answer) {
      result[index] = std::move(answer);
      if (--waiting == 0)
        done(std::move(result));
    }
  };
  if (from.empty())
    return done({});
  auto state = std::make_shared<collection>(
    collection{std::vector<status_snapshot>(from.size()), from.size(), std::move(done)});
  for (std::size_t i = 0; i < from.size(); ++i) {
    self->request(from[i], patience, status_atom::value)
      .then([state, i](status_snapshot& answer) { state->take(i, std::move(answer)); },
            [state, i, who = from[i], patience](const caf::error& why) {
              state->take(i, without_answer(who, why, patience));
            });
  }
}

/// Asks every child for its status and delivers `own` with the answers as its children.
template <class Self>
status_promise collect_status(Self* self, status_snapshot own,
                              const std::vector<caf::actor>& children,
                              std::chrono::milliseconds patience = status_patience) {
  auto promise = self->template make_response_promise<status_snapshot>();
  gather_status(self, children, patience,
                [promise, own = std::move(own)](std::vector<status_snapshot> answers) mutable {
                  own.children = std::move(answers);
                  promise.deliver(std::move(own));
                });
  return promise;
}

} // namespace fleetcast::actors
