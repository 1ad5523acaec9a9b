/// Collecting status snapshots from a tree of actors.
#pragma once

#include "actors/interfaces.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors {

/// An actor that does not answer within this is shown as such; the others' answers do not wait.
constexpr auto status_patience = std::chrono::milliseconds(250);

using status_promise = caf::typed_response_promise<status_snapshot>;

/// Asks every child for its status and delivers `own` with the answers as its children. A child that is
/// dead or late appears with the state "no answer"; it never spoils the rest. Where children ask children
/// of their own, `patience` must be longer than theirs, or one that is late takes its parent with it.
template <class Self>
status_promise collect_status(Self* self, status_snapshot own, std::vector<caf::actor> children,
                              std::chrono::milliseconds patience = status_patience) {
  struct collection {
    status_promise promise;
    status_snapshot result;
    std::size_t waiting;

    void take(std::size_t index, status_snapshot answer) {
      result.children[index] = std::move(answer);
      if (--waiting == 0)
        promise.deliver(std::move(result));
    }
  };
  auto promise = self->template make_response_promise<status_snapshot>();
  if (children.empty()) {
    promise.deliver(std::move(own));
    return promise;
  }
  own.children.resize(children.size());
  auto state = std::make_shared<collection>(collection{promise, std::move(own), children.size()});
  for (std::size_t i = 0; i < children.size(); ++i) {
    self->request(children[i], patience, status_atom::value)
      .then([state, i](status_snapshot& answer) { state->take(i, std::move(answer)); },
            [state, i, id = children[i].id()](const caf::error&) {
              state->take(i, {"actor " + std::to_string(id), "no answer", {}, {}});
            });
  }
  return promise;
}

} // namespace fleetcast::actors
