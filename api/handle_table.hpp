/// Session keys, and which session each one means.
///
/// A key is the generation itself: a 64-bit serial number that no process ever uses up, so a key never
/// comes back, a stale one is never mistaken for another session, and nothing is dereferenced that
/// a caller made up. The low bits tell session keys from negotiate keys. Small numbers are no
/// addresses, so a pointer passed by mistake is not a key either.
#pragma once

#include "api/wdstci.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace fleetcast::api {

class session_record;

/// A key's number.
using session_key = std::uint64_t;

/// The key as callers see it: never NULL, never INVALID_HANDLE_VALUE.
[[nodiscard]] HANDLE to_handle(session_key key) noexcept;

/// The key a session's SESSION_NEGOTIATE gets; not a session key.
[[nodiscard]] HANDLE to_negotiate_handle(session_key key) noexcept;

/// A key never given out before in this process, across Shutdown and Initialize. Any thread.
[[nodiscard]] session_key next_session_key() noexcept;

/// Any thread.
class handle_table {
public:
  void add(session_key key, std::shared_ptr<session_record> session);

  /// Null for anything that is not the key of a session held here.
  [[nodiscard]] std::shared_ptr<session_record> find(HANDLE handle) const;

  void remove(session_key key) noexcept;

  /// Every session, for Shutdown.
  [[nodiscard]] std::vector<std::shared_ptr<session_record>> all() const;

  void clear() noexcept;

  std::size_t size() const;

private:
  using table = std::unordered_map<session_key, std::shared_ptr<session_record>>;

  mutable std::mutex mutex_;
  table sessions_;
};

} // namespace fleetcast::api
