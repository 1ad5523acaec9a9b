/// SERVER[:PORT][/NAMESPACE[/PREFIX]], as `fleetcast list` takes it.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::apps {

struct list_address {
  std::string text; ///< of the server, as it was typed
  std::string host;
  std::uint16_t port = 0;
  std::string name_space; ///< empty: which namespaces there are
  std::string prefix;     ///< with slashes only, none at its beginning

  /// Of the prefix, what stands before every name in an answer: up to its last slash.
  [[nodiscard]] std::string directory() const { return prefix.substr(0, directory_size()); }

  /// Of the prefix, what such a name begins with.
  [[nodiscard]] std::string begin() const { return prefix.substr(directory_size()); }

private:
  std::size_t directory_size() const { return prefix.rfind('/') + 1; } // 0 without a slash
};

/// The error is a sentence for people.
[[nodiscard]] tl::expected<list_address, std::string> parse_list_address(std::string_view text);

} // namespace fleetcast::apps
