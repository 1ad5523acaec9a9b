#include "protocol/wire/manifest_codec.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"
#include "protocol/wire/capnp_support.hpp"

#include <cstring>

namespace fleetcast::protocol::wire {

void write_manifest(const manifest& from, schema::Manifest::Builder to) {
  REQUIRE(!from.digests.empty() && from.digests.size() <= defaults::manifest_capacity,
          from.digests.size());
  to.setFirstBlock(from.first_block);
  to.setDigests(as_data(from.digests));
  to.setSignature(as_data(from.signed_by));
}

std::optional<manifest> read_manifest(schema::Manifest::Reader from) {
  const auto digests = from.getDigests();
  const auto signed_by = from.getSignature();
  const auto count = digests.size() / sizeof(digest);
  if (digests.size() % sizeof(digest) != 0 || count > defaults::manifest_capacity
      || signed_by.size() != sizeof(signature))
    return std::nullopt;
  if (!block_range{from.getFirstBlock(), static_cast<std::uint32_t>(count)}.is_legal())
    return std::nullopt;
  manifest to;
  to.first_block = from.getFirstBlock();
  to.digests.resize(count);
  std::memcpy(to.digests.data(), digests.begin(), digests.size());
  std::memcpy(to.signed_by.data(), signed_by.begin(), signed_by.size());
  return to;
}

} // namespace fleetcast::protocol::wire
