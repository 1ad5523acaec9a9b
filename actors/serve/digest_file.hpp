/// The digests of one version of an object, as they are kept in a file. Pure: only bytes.
///
/// The file is written by appending alone and is never flushed. Whatever a crash, a full disk or another writer leaves of
/// it, what can be read is right: each record has a CRC of its own, which covers the header, too, so that a record of any
/// other file is none here. Reading ends at the first record that is not whole. Who wrote a record does not matter: two
/// writers of the same version say the same.
///
///     header   "fleetcast.dgst\n" 1, version (32 bytes), u64 object size, u32 block size, u32 CRC
///     record   "dig" 1, u32 first block, u32 count, count digests (32 bytes each), u32 CRC
///
/// Integers are little-endian. A CRC (CRC-32C) covers what is before it in header or record; that of a record begins with
/// the header up to the header's CRC.
///
/// A CRC protects from accidents. The directory, which belongs to the server's user alone, protects from everybody else;
/// and a digest that is wrong all the same makes no block right: receivers check what they hold against it, and the server
/// checks what it sends.
#pragma once

#include "actors/serve/object_version.hpp"
#include "protocol/send/digest_run.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fleetcast::actors {

/// Of what a file holds the digests.
struct digest_key {
  object_version version{};
  std::uint64_t object_size = 0;
  std::uint32_t block_size = 0; ///< at least 1

  friend bool operator==(const digest_key&, const digest_key&) = default;
};

/// What a file tells.
struct digest_story {
  std::vector<protocol::digest_run> runs; ///< in ascending order, none touches the next
  std::uint64_t size = 0; ///< bytes of header and whole records; what lies behind is torn
};

/// Bytes of a header.
constexpr std::size_t digest_header_size = 64;

/// Bytes of a record without its digests.
constexpr std::size_t digest_record_overhead = 16;

/// Digests in one record at most; longer runs take several.
constexpr std::size_t most_digests_in_record = 4096;

[[nodiscard]] std::vector<std::byte> digest_header(const digest_key& key);

/// Records of `runs`, all of whose blocks are the object's.
[[nodiscard]] std::vector<std::byte> digest_records(const digest_key& key,
                                                    std::span<const protocol::digest_run> runs);

/// Nothing: the header is torn, or of another object, version or kind of file; or two records contradict each other.
[[nodiscard]] std::optional<digest_story> read_digests(const digest_key& key,
                                                       std::span<const std::byte> contents);

} // namespace fleetcast::actors
