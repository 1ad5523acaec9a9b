#include "actors/kit/child_set.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

const char* child_set::name_of(const caf::actor_addr& who) const {
  const auto i = std::find_if(children_.begin(), children_.end(),
                              [&](const entry& one) { return one.handle == who; });
  return i == children_.end() ? nullptr : i->what;
}

std::vector<caf::actor> child_set::all() const {
  std::vector<caf::actor> result;
  for (const auto& one : children_)
    result.push_back(one.handle);
  return result;
}

void child_set::remove(const caf::actor& child) {
  const auto i = std::find_if(children_.begin(), children_.end(),
                              [&](const entry& one) { return one.handle == child; });
  if (i == children_.end())
    return;
  dismiss(*i);
  children_.erase(i);
}

void child_set::end() {
  for (const auto& one : std::exchange(children_, {}))
    dismiss(one);
}

void child_set::dismiss(const entry& one) {
  if (one.how == farewell::stop)
    caf::anon_send(one.handle, stop_atom::value);
  else
    caf::anon_send_exit(one.handle, caf::exit_reason::user_shutdown);
}

} // namespace fleetcast::actors
