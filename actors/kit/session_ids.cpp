#include "actors/kit/session_ids.hpp"

#include <atomic>

namespace fleetcast::actors {

session_id next_session_id() noexcept {
  static std::atomic<session_id> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

} // namespace fleetcast::actors
