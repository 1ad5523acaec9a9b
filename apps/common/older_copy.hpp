/// An older copy of an object, or of anything, that a transfer takes bytes from: what has not changed is not sent again.
///
/// All that it has when it is opened is offered; the server's digests tell what of that is right. It is never written to, and
/// what others do to it meanwhile does no harm: the server sends what it no longer gives.
#pragma once

#include "apps/common/descriptor.hpp"
#include "apps/common/file_failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace fleetcast::apps {

class older_copy {
public:
  /// Nothing if it has nothing to give: it is not open, empty, or not a regular file. `path` is for messages; it may be empty.
  [[nodiscard]] static std::optional<older_copy> make(descriptor file, std::string path);

  /// Bytes that are offered, from its first one on.
  std::uint64_t size() const noexcept { return size_; }

  /// Bytes of the object at the same offset, if these have not changed. Any thread.
  [[nodiscard]] tl::expected<void, file_failure> read(std::uint64_t offset,
                                                      std::span<std::byte> bytes) const;

private:
  older_copy(descriptor file, std::string path, std::uint64_t size) noexcept;

  descriptor file_;
  std::string path_;
  std::uint64_t size_;
};

} // namespace fleetcast::apps
