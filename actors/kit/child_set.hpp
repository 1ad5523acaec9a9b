/// The children of an actor, each named once: watched, asked for their status, and ended with their parent.
#pragma once

#include "actors/messages/vocabulary.hpp"

#include <string>
#include <vector>

namespace fleetcast::actors {

/// Part of the parent's state: called on its thread.
class child_set {
public:
  /// How a child is told that its parent ends.
  enum class farewell : bool {
    stop, ///< a stop_atom: it has something to close first
    exit, ///< an exit message
  };

  /// Monitors `child` in the name of `parent`. `what`: its name for people; a constant of the code.
  template <class Parent, class Handle>
  void add(Parent* parent, const char* what, const Handle& child, farewell how) {
    parent->monitor(child);
    children_.push_back({what, caf::actor_cast<caf::actor>(child), how});
  }

  /// What `who` was added as; null: it is none of them.
  const char* name_of(const caf::actor_addr& who) const;

  /// Tells `child` to end, and forgets it: its end is no news then. Nothing, if it is none of them.
  template <class Handle>
  void remove(const Handle& child) {
    if (child)
      remove(caf::actor_cast<caf::actor>(child));
  }

  /// In the order in which they were added.
  std::vector<caf::actor> all() const;

  /// Tells all of them to end, and forgets them.
  void end();

private:
  struct entry {
    const char* what;
    caf::actor handle;
    farewell how;
  };

  void remove(const caf::actor& child);
  static void dismiss(const entry& one);

  std::vector<entry> children_;
};

} // namespace fleetcast::actors
