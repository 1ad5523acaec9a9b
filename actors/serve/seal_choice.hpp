/// Which of the ways of sealing that a client offers a transmission takes.
#pragma once

#include "protocol/wire/aead.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors {

/// The client's favourite among what we speak. Datagrams that nobody seals (`unsealed`) only when both ask for them, and
/// then nothing else.
[[nodiscard]] std::optional<protocol::wire::seal_suite>
choose(const std::vector<protocol::wire::seal_suite>& offered, bool unsealed);

/// Why nothing that is offered will do, for the client.
[[nodiscard]] std::string nothing_in_common(const std::vector<protocol::wire::seal_suite>& offered,
                                            bool unsealed);

} // namespace fleetcast::actors
