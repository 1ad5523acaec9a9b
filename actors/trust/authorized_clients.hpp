/// Which clients a server serves, as people know it from SSH's authorized_keys.
///
/// A text file, one client a line: its fingerprint, `SHA256:…`, and whatever helps to tell whose it is;
/// `#` for comments. A line that is not understood makes the whole file useless, with its number: it
/// might be the one that was to take somebody's access away.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace fleetcast::actors::io {

using fingerprint_set = std::set<std::string, std::less<>>;

/// The fingerprints in `text`, which is what `file` holds. Fails with invalid_request.
[[nodiscard]] tl::expected<fingerprint_set, protocol::failure>
parse_authorized_clients(const std::filesystem::path& file, std::string_view text);

/// One such file, read again when it changed. Blocks on the disk; for one thread at a time.
class authorized_clients {
public:
  explicit authorized_clients(std::filesystem::path file) : file_(std::move(file)) {}

  const std::filesystem::path& file() const noexcept { return file_; }

  /// Makes sure that what is known is what the file says. Fails with read_fault; with access_denied if it
  /// breaks the rule of trust_file.hpp, as what is no regular file does; or as parse_authorized_clients does.
  /// Nobody is known then. A symbolic link is followed: what counts is the file that it leads to.
  [[nodiscard]] tl::expected<void, protocol::failure> refresh();

  /// As of the last refresh().
  bool contains(std::string_view fingerprint) const { return known_.contains(fingerprint); }
  std::size_t size() const noexcept { return known_.size(); }

private:
  /// What tells one version of a file from another.
  struct version {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;
    std::chrono::nanoseconds changed{};

    friend bool operator==(const version&, const version&) = default;
  };

  [[nodiscard]] tl::expected<void, protocol::failure> read(int descriptor);

  std::filesystem::path file_;
  fingerprint_set known_;
  version read_;
};

} // namespace fleetcast::actors::io
