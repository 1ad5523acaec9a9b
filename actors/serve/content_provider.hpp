/// Where the bytes that a server sends come from.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fleetcast::actors {

/// One opened object. Its size is fixed at opening; a content that changes afterwards says so instead
/// of giving bytes of two versions. Reads may come from any thread, also at the same time.
class content {
public:
  virtual ~content() = default;

  /// As the client named it, for texts and listings: "lab/image.wim".
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;

  /// Bytes, as of opening.
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;

  /// What the provider has to say of the object, opaque to everybody but the consumer: at most
  /// protocol::wire::max_metadata_size bytes, as of opening; none by default.
  [[nodiscard]] virtual std::span<const std::byte> metadata() const noexcept { return {}; }

  /// Fills all of `out` from `offset`; the range must lie within `size()`. Fails with object_changed
  /// when the object is not the one that was opened any more, or ends early; with read_fault when
  /// the system could not read. `out` then holds nothing of meaning.
  [[nodiscard]] virtual tl::expected<void, protocol::failure>
  read(std::uint64_t offset, std::span<std::byte> out) const = 0;

  /// Whether both are the same object in the same version, so that one transmission serves both
  /// (CompareContent: P-CC-1).
  [[nodiscard]] virtual bool same_as(const content& other) const noexcept = 0;
};

/// Finds objects by the two names of a request. Thread-safe.
class content_catalog {
public:
  virtual ~content_catalog() = default;

  /// Both names come from a peer: any bytes, any length. Fails with namespace_unknown,
  /// object_not_found, invalid_name, access_denied or read_fault; the text goes to the client and
  /// names nothing that the client did not name.
  [[nodiscard]] virtual tl::expected<std::shared_ptr<content>, protocol::failure>
  open(std::string_view name_space, std::string_view object) = 0;
};

} // namespace fleetcast::actors
