/// SERVER[:PORT]/NAMESPACE/OBJECT, as `fleetcast get` takes it.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace fleetcast::apps {

struct object_address {
  std::string server; ///< with its port, if any; the library checks it
  std::string name_space;
  std::string object; ///< may hold slashes

  /// The name a copy gets where none was chosen: what follows the last slash or backslash of `object`.
  [[nodiscard]] std::string base_name() const;
};

/// The error is a sentence for people. An object whose base name is no file name ("", ".", "..") is
/// refused only by those who need one.
[[nodiscard]] tl::expected<object_address, std::string> parse_object_address(std::string_view text);

} // namespace fleetcast::apps
