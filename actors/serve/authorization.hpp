/// Whom a server serves what: lists of clients, for single namespaces and for the rest.
///
/// A namespace with a list of its own goes by that one alone; others by the list for all, if there is
/// one; without either everybody is served. Lists are looked at for each request, so that what the
/// operator writes counts from the next request on; who is being served already stays. A list that
/// cannot be read or understood any more lets nobody in.
#pragma once

#include "actors/trust/authorized_clients.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

/// A list of clients as the operator names it.
struct list_text {
  std::string_view name_space; ///< empty: for all that have none of their own
  std::string_view file;
};

/// NAMESPACE=FILE or FILE; a file whose name holds a `=` needs a `/` before it.
[[nodiscard]] list_text parse_list(std::string_view text) noexcept;

/// Blocks on the disk; for one thread at a time.
class authorization {
public:
  /// `texts` as parse_list takes them, each with one of `namespaces` or none. Fails with invalid_request when they make no sense,
  /// and as authorized_clients does when a file cannot be used.
  [[nodiscard]] static tl::expected<authorization, protocol::failure>
  make(const std::vector<std::string>& texts, const std::vector<std::string>& namespaces);

  /// Whether the client with this fingerprint gets something of `name_space`; empty: it did not say
  /// who it is. The failure is for the client to read.
  [[nodiscard]] protocol::failure check(std::string_view name_space, std::string_view client);

private:
  [[nodiscard]] protocol::failure add(const std::string& text,
                                      const std::vector<std::string>& namespaces);
  io::authorized_clients* list_for(std::string_view name_space);

  std::optional<io::authorized_clients> for_all_;
  std::map<std::string, io::authorized_clients, std::less<>> for_namespace_;
};

} // namespace fleetcast::actors
