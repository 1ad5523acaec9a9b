#include "actors/serve/content_provider.hpp"

#include "actors/serve/beneath.hpp"

namespace fleetcast::actors {

tl::expected<protocol::wire::listing, protocol::failure>
content_catalog::list(std::string_view name_space, std::string_view /*prefix*/,
                      std::string_view /*cursor*/) {
  return beneath::refusal(protocol::failure_code::not_supported, 0,
                          "the server cannot list its namespace " + beneath::quoted(name_space)
                            + ", where objects are found by their names only; ask its operator");
}

} // namespace fleetcast::actors
