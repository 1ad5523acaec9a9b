/// Content from directories: each namespace is one, and objects are the files below it. A file
/// NAME.fcmeta beside the object NAME holds its metadata, any bytes (C-MD-2).
///
/// Names come from strangers. The kernel resolves them (openat2, RESOLVE_BENEATH), so no race with
/// somebody who moves directories about can lead out; a name that would leave (absolute, "..", a
/// symbolic link that leads out) is refused, links that stay inside are followed.
#pragma once

#include "actors/send/content_provider.hpp"

#include <tl/expected.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

/// "NAME=DIR".
struct namespace_directory {
  std::string name;
  std::string directory;

  friend bool operator==(const namespace_directory&, const namespace_directory&) = default;

  /// Fails with invalid_request: no '=', an empty part, a '/' in the name, or a name longer than
  /// control messages carry.
  [[nodiscard]] static tl::expected<namespace_directory, protocol::failure>
  parse(std::string_view text);
};

class directory_provider final : public content_catalog {
public:
  /// Opens the directories, which are held open: one that is moved later is still served. Fails when
  /// one cannot be opened or a name is given twice.
  [[nodiscard]] static tl::expected<std::shared_ptr<directory_provider>, protocol::failure>
  make(const std::vector<namespace_directory>& namespaces);

  ~directory_provider() override;

  directory_provider(const directory_provider&) = delete;
  directory_provider& operator=(const directory_provider&) = delete;

  /// `\` in an object's name counts as `/`. Only regular files; anything else is refused without
  /// waiting for it.
  [[nodiscard]] tl::expected<std::shared_ptr<content>, protocol::failure>
  open(std::string_view name_space, std::string_view object) override;

private:
  directory_provider() = default;

  /// Descriptor of each namespace's directory; fixed once made, so readable from any thread.
  std::map<std::string, int, std::less<>> directories_;
};

} // namespace fleetcast::actors
