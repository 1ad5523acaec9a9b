/// The worlds below the API, one for each time the library goes up: the real one, with a real server on
/// the loopback interface, or one whose sessions fail in every way; now and then none at all.
#pragma once

#include "api/engine.hpp"
#include "tests/walker/dice.hpp"
#include "tests/walker/failing_parts.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ostream>

namespace fleetcast::walker {

class engines {
public:
  engines(std::shared_ptr<const bad_world> world, std::uint64_t seed);

  std::unique_ptr<api::engine> make(std::size_t worker_threads);

  /// How many were made. While the library is up, tells this time from all others.
  std::uint64_t generation() const noexcept { return generation_; }

  /// Kills the session manager of a failing world, as a crash would.
  void kill_manager();

  /// Block memory not given back to the failing worlds.
  std::size_t blocks_alive() const;

  void print(std::ostream& out) const;

private:
  class failing;

  std::shared_ptr<const bad_world> world_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::uint64_t> real_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> killed_{0};

  mutable std::mutex mutex_;
  dice luck_;
  actors::session_manager_actor manager_; ///< of the failing world that is up
};

} // namespace fleetcast::walker
