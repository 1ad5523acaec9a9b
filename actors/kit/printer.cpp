#include "actors/kit/printer.hpp"

#include "actors/observe/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <map>
#include <string>

namespace fleetcast::actors {

namespace {

/// A line comes in pieces. What an actor leaves without an end follows at its own, by a delete_atom.
struct printer_state {
  static inline const char* name = "printer";

  void add(caf::actor_id from, const std::string& piece) {
    auto& line = begun[from];
    line += piece;
    for (auto end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
      log().error("{}", line.substr(0, end));
      line.erase(0, end + 1);
    }
    if (line.empty())
      begun.erase(from);
  }

  void flush(caf::actor_id from) {
    const auto line = begun.extract(from);
    if (!line.empty())
      log().error("{}", line.mapped());
  }

  std::map<caf::actor_id, std::string> begun;
};

caf::behavior printer(caf::stateful_actor<printer_state>* self) {
  self->set_default_handler(caf::drop);
  return {
    [self](caf::add_atom, caf::actor_id from, const std::string& piece) {
      self->state.add(from, piece);
    },
    [self](caf::flush_atom, caf::actor_id from) { self->state.flush(from); },
    [self](caf::delete_atom, caf::actor_id from) { self->state.flush(from); },
  };
}

} // namespace

caf::actor spawn_printer(caf::actor_system& system) {
  return system.spawn<caf::hidden>(printer);
}

} // namespace fleetcast::actors
