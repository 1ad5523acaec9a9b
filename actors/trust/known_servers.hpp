/// Which server had which identity, as people know it from SSH's known_hosts.
///
/// A text file, one server a line: `host:port SHA256:…`, IPv6 addresses in brackets, `#` for
/// comments. A server may have several lines (a planned change of identity); any of them fits. A
/// line that is not understood makes every look-up fail with its number: it might be the one that
/// matters. The file is appended to, or a fingerprint in it is overwritten by another, which is as long;
/// under a lock, so processes that pin at once do not tread on each other.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleetcast::actors::io {

/// "host:port", the host in lower case, IPv6 addresses in brackets.
std::string host_and_port(std::string_view host, std::uint16_t port);

/// Every call blocks on the disk, and up to 5 s on another process that holds the lock. Copyable;
/// two objects of one path work together like two processes.
class known_servers {
public:
  /// $XDG_CONFIG_HOME/fleetcast/known_servers or ~/.config/fleetcast/known_servers.
  static std::filesystem::path default_path();

  explicit known_servers(std::filesystem::path file) : file_(std::move(file)) {}

  const std::filesystem::path& file() const noexcept { return file_; }

  enum class verdict : std::uint8_t {
    known,    ///< the fingerprint is the pinned one
    pinned,   ///< the server was new; now it is pinned
    replaced, ///< another one was pinned; now this one is
  };

  /// Checks what `server` (as host_and_port gives it) offers, and pins it when nothing is pinned.
  /// Fails with identity_changed, or with trust_store_fault when the file cannot be read,
  /// understood or written.
  [[nodiscard]] tl::expected<verdict, protocol::failure>
  check_or_pin(const std::string& server, const std::string& fingerprint) const;

  /// The same with a fingerprint that somebody gave by hand and that `server` has proven: if others are
  /// pinned, it takes their place in each of their lines. If one of several pins fits, the others stay.
  [[nodiscard]] tl::expected<verdict, protocol::failure>
  pin_given(const std::string& server, const std::string& fingerprint) const;

  /// The fingerprints pinned for `server`; none: it is new. Fails with trust_store_fault.
  [[nodiscard]] tl::expected<std::vector<std::string>, protocol::failure>
  pinned(const std::string& server) const;

private:
  [[nodiscard]] tl::expected<verdict, protocol::failure> pin(const std::string& server,
                                                             const std::string& fingerprint) const;
  [[nodiscard]] tl::expected<verdict, protocol::failure>
  replace(const std::string& server, const std::string& fingerprint) const;

  std::filesystem::path file_;
};

} // namespace fleetcast::actors::io
