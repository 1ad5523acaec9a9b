/// Content from directories: each namespace is one, and objects are the files below it. A file
/// NAME.fcmeta beside the object NAME holds its metadata, any bytes (C-MD-2).
///
/// Names come from strangers: beneath.hpp keeps them inside. Slashes at their beginning do not count.
#pragma once

#include "actors/serve/content_provider.hpp"
#include "actors/trust/private_files.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
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
  /// Fails when a directory cannot be opened or a name is given twice. Directories are looked up anew for each request,
  /// so that what has their path counts: the target of a link that was changed, what was mounted there. None is held
  /// open.
  [[nodiscard]] static tl::expected<std::shared_ptr<directory_provider>, protocol::failure>
  make(const std::vector<namespace_directory>& namespaces);

  /// `\` in an object's name counts as `/`. Only regular files; anything else is refused without
  /// waiting for it.
  [[nodiscard]] tl::expected<std::shared_ptr<content>, protocol::failure>
  open(std::string_view name_space, std::string_view object) override;

  [[nodiscard]] std::vector<offered_namespace> namespaces() const override;

  /// What `open` would open, by directory_listing.hpp.
  [[nodiscard]] tl::expected<protocol::wire::listing, protocol::failure>
  list(std::string_view name_space, std::string_view prefix, std::string_view cursor) override;

private:
  struct place {
    std::string path;
    std::pair<std::uint64_t, std::uint64_t>
      identity; ///< device and inode, when it was looked up last
  };

  struct found_directory {
    std::string name; ///< of the namespace
    std::string path;
    io::file_descriptor opened;
  };

  directory_provider() = default;

  [[nodiscard]] tl::expected<found_directory, protocol::failure> find(std::string_view name_space);
  [[nodiscard]] tl::expected<io::file_descriptor, protocol::failure>
  look_up(const std::string& name, place& of);

  std::mutex mutex_; ///< requests are served on threads of their own
  std::map<std::string, place, std::less<>> places_;
};

} // namespace fleetcast::actors
