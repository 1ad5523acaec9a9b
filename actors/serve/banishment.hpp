/// Who was sent away and may not come back for a while, or the next request undoes what was done. A transmission tells it,
/// `transmissions` asks it.
#pragma once

#include "actors/messages/serving.hpp"
#include "protocol/failure.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace fleetcast::actors {

/// What a client is known by when it comes again: its key, or where it comes from and what it calls itself.
[[nodiscard]] std::string identity_of(const join_request& request);

/// Of all transmissions of a server. Any thread. A client is known by its key if it showed one, else by where it comes from
/// and what it calls itself: who changes that comes back sooner, and is judged anew.
class banishment {
public:
  /// A disturbance ends in that time, and who repairs a host is not kept waiting for long.
  static constexpr protocol::duration term = protocol::seconds(60);

  /// Most that are remembered; the oldest is forgotten for one more.
  static constexpr std::size_t most = 1024;

  void add(protocol::timestamp now, const std::string& who, const protocol::failure& why);

  /// Why this one is refused now, and for how long; nothing if it is not.
  std::optional<protocol::failure> find(protocol::timestamp now, const std::string& who) const;

  std::size_t size() const;

private:
  struct entry {
    protocol::timestamp until{};
    protocol::failure why;
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, entry> entries_;
};

} // namespace fleetcast::actors
