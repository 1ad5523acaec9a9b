#include "actors/serve/digest_file.hpp"

#include "actors/serve/packed_bytes.hpp"
#include "protocol/require.hpp"

#include <boost/crc.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace fleetcast::actors {

namespace {

using protocol::block_number;
using protocol::digest_run;
using protocol::wire::digest;

constexpr std::size_t crc_size = 4;
constexpr std::size_t record_head = digest_record_overhead - crc_size;
constexpr std::string_view header_mark{"fleetcast.dgst\n\1", 16};
constexpr std::string_view record_mark{"dig\1", 4};

using crc_32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint32_t result = 0;
  for (std::size_t i = 0; i < sizeof result; ++i)
    result |= std::to_integer<std::uint32_t>(bytes[offset + i]) << (8 * i);
  return result;
}

/// What CRCs of records begin with. With its own CRC behind it, any header would leave the same remainder.
std::span<const std::byte> seed_of(std::span<const std::byte> header) {
  return header.first(header.size() - crc_size);
}

/// Of `first` and what follows it, elsewhere in memory.
std::uint32_t crc_of(std::span<const std::byte> first, std::span<const std::byte> then = {}) {
  crc_32c crc;
  crc.process_bytes(first.data(), first.size());
  crc.process_bytes(then.data(), then.size());
  return crc.checksum();
}

std::uint64_t blocks_of(const digest_key& key) {
  return key.object_size / key.block_size + (key.object_size % key.block_size != 0 ? 1 : 0);
}

void put_record(std::vector<std::byte>& out, std::span<const std::byte> header, block_number first,
                std::span<const digest> digests) {
  const auto begin = out.size();
  put(out, record_mark);
  put(out, std::uint32_t{first});
  put(out, static_cast<std::uint32_t>(digests.size()));
  for (const auto& d : digests)
    put(out, std::span<const std::byte>{d});
  put(out, crc_of(seed_of(header), std::span{out}.subspan(begin)));
}

/// The record that `rest` begins with, and its size; nothing: there is no whole one.
struct record {
  digest_run run;
  std::size_t size = 0;
};

std::optional<record> read_record(std::span<const std::byte> header,
                                  std::span<const std::byte> rest, std::uint64_t blocks) {
  if (rest.size() < digest_record_overhead
      || std::memcmp(rest.data(), record_mark.data(), record_mark.size()) != 0)
    return std::nullopt;
  const auto first = number_at(rest, record_mark.size());
  const auto count = number_at(rest, record_mark.size() + sizeof first);
  const auto covered = record_head + std::size_t{count} * sizeof(digest);
  if (count == 0 || count > most_digests_in_record || std::uint64_t{first} + count > blocks
      || covered + crc_size > rest.size()
      || number_at(rest, covered) != crc_of(seed_of(header), rest.first(covered)))
    return std::nullopt;
  record result{{first, std::vector<digest>(count)}, covered + crc_size};
  std::memcpy(result.run.digests.data(), rest.data() + record_head, count * sizeof(digest));
  return result;
}

/// Puts `more`, which begins nowhere before `last`, behind it as far as it reaches beyond. False: they contradict each other.
bool append(digest_run& last, const digest_run& more) {
  const auto known = std::min<std::size_t>(last.end() - more.first, more.digests.size());
  const auto overlap = more.digests.begin() + static_cast<std::ptrdiff_t>(known);
  if (!std::equal(more.digests.begin(), overlap,
                  last.digests.begin() + static_cast<std::ptrdiff_t>(more.first - last.first)))
    return false;
  last.digests.insert(last.digests.end(), overlap, more.digests.end());
  return true;
}

/// In ascending order, joined where they touch or overlap.
std::optional<std::vector<digest_run>> merged(std::vector<digest_run> runs) {
  std::stable_sort(runs.begin(), runs.end(),
                   [](const digest_run& a, const digest_run& b) { return a.first < b.first; });
  std::vector<digest_run> result;
  for (auto& run : runs)
    if (result.empty() || result.back().end() < run.first)
      result.push_back(std::move(run));
    else if (!append(result.back(), run))
      return std::nullopt;
  return result;
}

} // namespace

std::vector<std::byte> digest_header(const digest_key& key) {
  std::vector<std::byte> result;
  result.reserve(digest_header_size);
  put(result, header_mark);
  put(result, std::span<const std::byte>{key.version});
  put(result, key.object_size);
  put(result, key.block_size);
  put(result, crc_of(result));
  ENSURE(result.size() == digest_header_size, result.size());
  return result;
}

std::vector<std::byte> digest_records(const digest_key& key, std::span<const digest_run> runs) {
  const auto header = digest_header(key);
  std::vector<std::byte> result;
  for (const auto& run : runs) {
    auto first = run.first;
    for (std::span<const digest> rest{run.digests}; !rest.empty();) {
      const auto some = rest.first(std::min(rest.size(), most_digests_in_record));
      put_record(result, header, first, some);
      first += static_cast<block_number>(some.size());
      rest = rest.subspan(some.size());
    }
  }
  return result;
}

std::optional<digest_story> read_digests(const digest_key& key,
                                         std::span<const std::byte> contents) {
  REQUIRE(key.block_size > 0);
  const auto header = digest_header(key);
  if (contents.size() < header.size()
      || !std::equal(header.begin(), header.end(), contents.begin()))
    return std::nullopt;
  const auto blocks = blocks_of(key);
  std::vector<digest_run> runs;
  digest_story result;
  result.size = header.size();
  while (auto next = read_record(header, contents.subspan(result.size), blocks)) {
    runs.push_back(std::move(next->run));
    result.size += next->size;
  }
  auto all = merged(std::move(runs));
  if (!all)
    return std::nullopt;
  result.runs = *std::move(all);
  return result;
}

} // namespace fleetcast::actors
