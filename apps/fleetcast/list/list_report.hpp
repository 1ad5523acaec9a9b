/// What a server offers, for people, programs and shells. Names are a stranger's: for people they are made plain, in JSON
/// they are exact and escaped, and a shell gets those only that hold nothing it could misunderstand.
#pragma once

#include "apps/fleetcast/list/list_address.hpp"
#include "protocol/wire/control_messages.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace fleetcast::apps {

using listed_entries = std::vector<protocol::wire::listed>;

/// A table for a terminal of `columns` columns: a line for each, with a slash behind what leads to more.
[[nodiscard]] std::string table_of(const listed_entries& entries, std::size_t columns);

/// One line of `fleetcast list --json`: docs/schema/list.schema.json.
[[nodiscard]] nlohmann::json to_json(const protocol::wire::listed& entry,
                                     const list_address& where);

/// What a shell may put on its command line in place of `where`: the address of `entry`, if the server's part of it can be
/// typed as it stands, without quotation marks. Else nothing: a shell must find no meaning of its own in what a server sends.
[[nodiscard]] std::string completion_of(const protocol::wire::listed& entry,
                                        const list_address& where);

} // namespace fleetcast::apps
