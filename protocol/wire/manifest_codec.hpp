/// A manifest to and from its schema: both planes carry manifests.
#pragma once

#include "protocol/wire/data_messages.hpp"
#include "protocol/wire/fleetcast.capnp.h"

#include <optional>

namespace fleetcast::protocol::wire {

/// Requires 1 to defaults::manifest_capacity digests.
void write_manifest(const manifest& from, schema::Manifest::Builder to);

/// Nothing if the manifest is not valid.
[[nodiscard]] std::optional<manifest> read_manifest(schema::Manifest::Reader from);

} // namespace fleetcast::protocol::wire
