#include "apps/common/journal.hpp"

#include <boost/crc.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

namespace fleetcast::apps {

namespace {

constexpr std::size_t sector = 512;

/// The longest names that a server takes (docs/protocol.md 13) fit.
constexpr std::size_t header_size = 8192;
constexpr std::size_t crc_size = 4;
constexpr std::string_view header_mark{"fleetcast.jrnl\n\1", 16};
constexpr std::string_view record_mark{"rec\1", 4};

/// Mark, size, id, number and count of ranges.
constexpr std::size_t record_head = 28;
constexpr std::size_t range_size = 8;

/// Ranges in the largest record. More than blocks in a step; and no length that was made up is believed.
constexpr std::size_t most_ranges = 4096;

constexpr std::size_t record_size(std::size_t ranges) noexcept {
  const auto needed = record_head + ranges * range_size + crc_size;
  return (needed + sector - 1) / sector * sector;
}

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

// -- writing --------------------------------------------------------------------------------------

class packer {
public:
  template <class Integer>
  packer& number(Integer value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
    return *this;
  }

  packer& raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  packer& raw(std::string_view text) { return raw(std::as_bytes(std::span{text})); }

  packer& text(std::string_view text) {
    return number(static_cast<std::uint32_t>(text.size())).raw(text);
  }

  std::size_t size() const noexcept { return bytes_.size(); }

  /// With zeros and a CRC behind it, so that it has `size` bytes.
  std::vector<std::byte> sealed(std::size_t size) {
    bytes_.resize(size - crc_size);
    number(crc_of(bytes_));
    return std::move(bytes_);
  }

private:
  std::vector<std::byte> bytes_;
};

std::vector<std::byte> record_of(std::uint64_t id, std::uint64_t number,
                                 std::span<const block_span> blocks) {
  const auto size = record_size(blocks.size());
  packer p;
  p.raw(record_mark).number(static_cast<std::uint32_t>(size)).number(id).number(number);
  p.number(static_cast<std::uint32_t>(blocks.size()));
  for (const auto& b : blocks)
    p.number(b.first).number(b.count);
  return p.sealed(size);
}

// -- reading --------------------------------------------------------------------------------------

/// Takes one part after the other. Once one is missing, nothing is there any more.
class unpacker {
public:
  explicit unpacker(std::span<const std::byte> bytes) : rest_(bytes) {}

  bool ok() const noexcept { return ok_; }

  std::span<const std::byte> raw(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_)
      return {};
    const auto result = rest_.first(size);
    rest_ = rest_.subspan(size);
    return result;
  }

  template <class Integer>
  Integer number() {
    Integer result = 0;
    std::size_t shift = 0;
    for (const auto byte : raw(sizeof(Integer)))
      result |= static_cast<Integer>(static_cast<Integer>(byte) << 8 * shift++);
    return result;
  }

  std::string text() {
    const auto bytes = raw(number<std::uint32_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  bool mark(std::string_view expected) {
    const auto found = raw(expected.size());
    ok_ = ok_ && std::memcmp(found.data(), expected.data(), expected.size()) == 0;
    return ok_;
  }

private:
  std::span<const std::byte> rest_;
  bool ok_ = true;
};

/// Whether the last bytes of `sealed` are the CRC of those before.
bool is_whole(std::span<const std::byte> sealed) {
  const auto covered = sealed.first(sealed.size() - crc_size);
  return unpacker{sealed.subspan(covered.size())}.number<std::uint32_t>() == crc_of(covered);
}

/// No block has a number beyond 32 bits.
std::uint64_t blocks_in(const journal_identity& identity) {
  const auto blocks = identity.object_size / identity.block_size
                      + (identity.object_size % identity.block_size != 0 ? 1 : 0);
  return std::min<std::uint64_t>(blocks, std::numeric_limits<std::uint32_t>::max());
}

std::optional<journal_story> read_header(std::span<const std::byte> contents) {
  if (contents.size() < header_size || !is_whole(contents.first(header_size)))
    return std::nullopt;
  unpacker from{contents.first(header_size)};
  if (!from.mark(header_mark))
    return std::nullopt;
  journal_story result;
  auto& identity = result.identity;
  result.id = from.number<std::uint64_t>();
  identity.object_size = from.number<std::uint64_t>();
  identity.block_size = from.number<std::uint32_t>();
  identity.permissions = from.number<std::uint32_t>();
  const auto version = from.raw(identity.version.size());
  std::copy(version.begin(), version.end(), identity.version.begin());
  identity.source.server = from.text();
  identity.source.name_space = from.text();
  identity.source.object = from.text();
  result.size = header_size;
  return from.ok() && identity.block_size != 0 ? std::optional{std::move(result)} : std::nullopt;
}

/// The blocks of the record that follows what `story` tells already, which then tells of it, too. False: there is none.
bool read_record(std::span<const std::byte> contents, journal_story& story) {
  const auto rest = contents.subspan(story.size);
  unpacker from{rest};
  const auto is_record = from.mark(record_mark);
  const auto size = from.number<std::uint32_t>();
  if (!is_record || size < sector || size % sector != 0 || size > record_size(most_ranges)
      || size > rest.size() || !is_whole(rest.first(size)))
    return false;
  if (from.number<std::uint64_t>() != story.id || from.number<std::uint64_t>() != story.records)
    return false;
  const auto ranges = from.number<std::uint32_t>();
  if (record_size(ranges) != size)
    return false;
  const auto end = blocks_in(story.identity);
  std::vector<block_span> blocks;
  for (std::uint32_t i = 0; i < ranges; ++i) {
    const auto first = from.number<std::uint32_t>();
    const auto count = from.number<std::uint32_t>();
    if (std::uint64_t{first} + count > end)
      return false;
    blocks.push_back({first, count});
  }
  story.blocks.insert(story.blocks.end(), blocks.begin(), blocks.end());
  story.size += size;
  ++story.records;
  return true;
}

/// In ascending order, joined where they touch or overlap.
std::vector<block_span> merged(std::vector<block_span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const block_span& a, const block_span& b) { return a.first < b.first; });
  std::vector<block_span> result;
  for (const auto& s : spans) {
    if (s.count == 0)
      continue;
    if (result.empty() || result.back().first + result.back().count < s.first)
      result.push_back(s);
    else
      result.back().count = std::max(result.back().count, s.first + s.count - result.back().first);
  }
  return result;
}

} // namespace

std::uint64_t journal_story::bytes() const noexcept {
  std::uint64_t result = 0;
  for (const auto& span : blocks) {
    const auto first = std::uint64_t{span.first} * identity.block_size;
    const auto whole = std::uint64_t{span.count} * identity.block_size;
    result += std::min(whole, identity.object_size - std::min(first, identity.object_size));
  }
  return result;
}

std::optional<journal_story> read_journal(std::span<const std::byte> contents) {
  auto result = read_header(contents);
  if (!result)
    return result;
  while (read_record(contents, *result)) {}
  result->blocks = merged(std::move(result->blocks));
  return result;
}

// -- journal --------------------------------------------------------------------------------------

int journal::begin(const journal_identity& identity, std::uint64_t id) {
  packer p;
  const auto& source = identity.source;
  p.raw(header_mark).number(id).number(identity.object_size).number(identity.block_size);
  p.number(std::uint32_t{identity.permissions}).raw(identity.version);
  p.text(source.server).text(source.name_space).text(source.object);
  if (p.size() > header_size - crc_size || identity.block_size == 0)
    return EINVAL;
  id_ = id;
  records_ = 0;
  size_ = header_size;
  auto error = file_->write(0, p.sealed(header_size));
  if (error == 0)
    error = file_->sync();
  return error != 0 ? error : file_->sync_directory();
}

int journal::resume(const journal_story& story) {
  id_ = story.id;
  records_ = story.records;
  size_ = story.size;
  // Before anything is written behind it. The process that made the file may have died before its name was stable.
  auto error = file_->truncate(size_);
  if (error == 0)
    error = file_->sync();
  return error != 0 ? error : file_->sync_directory();
}

void journal::written(block_span blocks) {
  const std::lock_guard guard{mutex_};
  if (error_ != 0)
    return;
  auto* last = unrecorded_.empty() ? nullptr : &unrecorded_.back();
  if (last != nullptr && last->first + last->count == blocks.first)
    last->count += blocks.count;
  else
    unrecorded_.push_back(blocks);
}

std::vector<block_span> journal::take_unrecorded() {
  const std::lock_guard guard{mutex_};
  return merged(std::exchange(unrecorded_, {}));
}

int journal::checkpoint(const std::function<int()>& flush) {
  // What is written from here on the flush may miss.
  const auto blocks = take_unrecorded();
  if (const auto error = flush(); error != 0)
    return error;
  if (blocks.empty() || this->error() != 0)
    return 0;
  const auto error = append(blocks);
  const std::lock_guard guard{mutex_};
  error_ = error;
  return 0;
}

/// As many records as it takes, made stable together.
int journal::append(const std::vector<block_span>& blocks) {
  for (std::span<const block_span> rest{blocks}; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), most_ranges));
    const auto record = record_of(id_, records_, some);
    if (const auto error = file_->write(size_, record); error != 0)
      return error;
    size_ += record.size();
    ++records_;
    rest = rest.subspan(some.size());
  }
  return file_->sync();
}

int journal::error() const {
  const std::lock_guard guard{mutex_};
  return error_;
}

} // namespace fleetcast::apps
