/// Where the bytes that a server sends come from.
#pragma once

#include "actors/serve/object_version.hpp"
#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

  /// The version that was opened; none from a provider that cannot know.
  [[nodiscard]] virtual std::optional<object_version> version() const { return std::nullopt; }

  /// Whether all that was read until now belongs to `version()`, and no later change could go by the same one.
  [[nodiscard]] virtual bool is_settled() const { return false; }
};

/// A namespace of a catalog.
struct offered_namespace {
  std::string name;
  bool is_listable = true; ///< false: objects are found by their names only
};

/// Finds objects by the two names of a request, and lists them where it can. Thread-safe.
class content_catalog {
public:
  virtual ~content_catalog() = default;

  /// Both names come from a peer: any bytes, any length. Fails with namespace_unknown,
  /// object_not_found, invalid_name, access_denied or read_fault; the text goes to the client and
  /// names nothing that the client did not name.
  [[nodiscard]] virtual tl::expected<std::shared_ptr<content>, protocol::failure>
  open(std::string_view name_space, std::string_view object) = 0;

  /// All of them, sorted by name.
  [[nodiscard]] virtual std::vector<offered_namespace> namespaces() const = 0;

  /// A page of what `open` would find: names in the directory that `prefix` has up to its last slash, which begin with
  /// what is behind it. All three come from a peer; `cursor` is `next` of the page before, or empty. The time and the
  /// memory that a page takes are bounded, however much there is. Fails like `open`, and with invalid_request when the
  /// cursor is none. A namespace that cannot be listed: not_supported, which is what this does.
  [[nodiscard]] virtual tl::expected<protocol::wire::listing, protocol::failure>
  list(std::string_view name_space, std::string_view prefix, std::string_view cursor);
};

} // namespace fleetcast::actors
