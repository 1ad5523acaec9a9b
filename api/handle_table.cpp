#include "api/handle_table.hpp"

#include <atomic>
#include <optional>

namespace fleetcast::api {

namespace {

static_assert(sizeof(HANDLE) == sizeof(std::uint64_t), "a key needs all 64 bits");

// Low bits of a handle. Not 0, so that no handle is a multiple of 4, as most addresses are.
constexpr unsigned kind_bits = 2;
constexpr std::uint64_t session_kind = 1;
constexpr std::uint64_t negotiate_kind = 2;

HANDLE make_handle(session_key key, std::uint64_t kind) noexcept {
  return reinterpret_cast<HANDLE>(key << kind_bits | kind);
}

std::optional<session_key> session_key_of(HANDLE handle) noexcept {
  auto bits = reinterpret_cast<std::uint64_t>(handle);
  if ((bits & ((1U << kind_bits) - 1)) != session_kind)
    return std::nullopt;
  return bits >> kind_bits;
}

} // namespace

HANDLE to_handle(session_key key) noexcept {
  return make_handle(key, session_kind);
}

HANDLE to_negotiate_handle(session_key key) noexcept {
  return make_handle(key, negotiate_kind);
}

session_key next_session_key() noexcept {
  static std::atomic<session_key> last{0};
  return ++last;
}

void handle_table::add(session_key key, std::shared_ptr<session_record> session) {
  std::lock_guard guard{mutex_};
  sessions_.emplace(key, std::move(session));
}

std::shared_ptr<session_record> handle_table::find(HANDLE handle) const {
  auto key = session_key_of(handle);
  if (!key)
    return nullptr;
  std::lock_guard guard{mutex_};
  auto known = sessions_.find(*key);
  return known != sessions_.end() ? known->second : nullptr;
}

void handle_table::remove(session_key key) noexcept {
  std::shared_ptr<session_record> removed; // outlives the lock
  std::lock_guard guard{mutex_};
  auto known = sessions_.find(key);
  if (known == sessions_.end())
    return;
  removed = std::move(known->second);
  sessions_.erase(known);
}

std::vector<std::shared_ptr<session_record>> handle_table::all() const {
  std::vector<std::shared_ptr<session_record>> result;
  std::lock_guard guard{mutex_};
  result.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_)
    result.push_back(session);
  return result;
}

void handle_table::clear() noexcept {
  table removed; // outlives the lock
  std::lock_guard guard{mutex_};
  removed.swap(sessions_);
}

std::size_t handle_table::size() const {
  std::lock_guard guard{mutex_};
  return sessions_.size();
}

} // namespace fleetcast::api
