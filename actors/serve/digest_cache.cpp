#include "actors/serve/digest_cache.hpp"

#include "protocol/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace fleetcast::actors {

namespace {

using protocol::digest_run;

constexpr std::string_view ending = ".digests";

/// What a file takes of the disk at least.
constexpr std::uint64_t disk_block = 4096;

/// Three times the digests of a block: for records of single blocks, and for what two transmissions of one object hash at
/// the same time, one on each interface.
constexpr std::uint64_t most_bytes_of_block = 96;

std::uint64_t on_disk(std::uint64_t size) {
  return (size + disk_block - 1) / disk_block * disk_block;
}

std::string file_of(const digest_key& key) {
  std::string result;
  for (const auto byte : key.version)
    result += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return result.append(ending);
}

bool is_name(std::string_view name) {
  constexpr auto digits = 2 * std::tuple_size_v<object_version>;
  return name.size() == digits + ending.size() && name.ends_with(ending)
         && name.find_first_not_of("0123456789abcdef") == digits;
}

} // namespace

digest_cache::digest_cache(std::unique_ptr<digest_store> store, teller tell, std::uint64_t bound)
  : store_(std::move(store)),
    tell_(std::move(tell)),
    bound_(bound) {
  look_around();
}

/// What an earlier process left.
void digest_cache::look_around() {
  const auto found = store_->list();
  if (!found)
    return turn_off({}, found.error().error);
  for (const auto& one : *found)
    if (is_name(one.name))
      note(one.name, one.size);
  // The bound may have been a larger one.
  make_room({}, 0);
}

std::vector<digest_run> digest_cache::find(const digest_key& key) {
  const auto name = file_of(key);
  if (is_off_ || distrusted_.contains(name))
    return {};
  const auto contents = store_->read(name, most_of(key));
  if (contents)
    return take(key, name, *contents);
  if (contents.error().error == EFBIG)
    remove(name);
  else if (!tell_if_harmless(name, contents.error()))
    turn_off(name, contents.error().error);
  else
    forget(name);
  return {};
}

std::vector<digest_run> digest_cache::take(const digest_key& key, const std::string& name,
                                           const std::vector<std::byte>& contents) {
  auto story = read_digests(key, contents);
  if (!story) {
    remove(name);
    return {};
  }
  if (story->size < contents.size())
    if (const auto done = store_->cut(name, story->size);
        !done && !tell_if_harmless(name, done.error())) {
      turn_off(name, done.error().error);
      return {};
    }
  note(name, story->size);
  return std::move(story->runs);
}

void digest_cache::keep(const digest_key& key, std::span<const digest_run> runs) {
  if (runs.empty() || try_to_keep(key, runs))
    return;
  for (const auto& run : runs)
    not_kept_ += run.digests.size();
}

bool digest_cache::try_to_keep(const digest_key& key, std::span<const digest_run> runs) {
  const auto name = file_of(key);
  if (is_off_ || distrusted_.contains(name))
    return false;
  const auto records = digest_records(key, runs);
  const auto known = files_.find(name);
  const auto size
    = records.size() + (known == files_.end() ? digest_header_size : known->second.size);
  if (size > most_of(key) || !make_room(name, size))
    return false;
  const auto done = write(key, name, records);
  if (!done && !tell_if_harmless(name, done.error()))
    turn_off(name, done.error().error);
  return done.has_value();
}

/// Behind the others, or as the first ones.
store_outcome digest_cache::write(const digest_key& key, const std::string& name,
                                  const std::vector<std::byte>& records) {
  if (const auto known = files_.find(name); known != files_.end()) {
    auto done = store_->append(name, records);
    if (done)
      note(name, known->second.size + records.size());
    if (done || done.error().error != ENOENT)
      return done;
  }
  auto whole = digest_header(key);
  whole.insert(whole.end(), records.begin(), records.end());
  auto done = store_->create(name, whole);
  if (done)
    note(name, whole.size());
  return done;
}

/// What it cannot remember to distrust it would believe again.
void digest_cache::drop(const digest_key& key) {
  const auto name = file_of(key);
  remove(name);
  if (distrusted_.size() < most_remembered)
    distrusted_.insert(name);
  else if (!distrusted_.contains(name))
    turn_off(fmt::format("the contents of objects changed more than {} times, but their sizes and "
                         "times did not; rename new versions over old ones",
                         most_remembered));
}

// -- the bound ------------------------------------------------------------------------------------

std::uint64_t digest_cache::most_of(const digest_key& key) const {
  const auto blocks = key.object_size / key.block_size + 1;
  return std::min(bound_,
                  digest_header_size + digest_record_overhead + blocks * most_bytes_of_block);
}

/// So that the file `name` may have `size` bytes. False: it may not.
bool digest_cache::make_room(const std::string& name, std::uint64_t size) {
  const auto others = [&] {
    const auto own = files_.find(name);
    return size_ - (own == files_.end() ? 0 : on_disk(own->second.size));
  };
  while (others() + on_disk(size) > bound_)
    if (!remove_oldest_but(name))
      return false;
  return true;
}

bool digest_cache::remove_oldest_but(const std::string& name) {
  auto oldest = files_.end();
  for (auto i = files_.begin(); i != files_.end(); ++i)
    if (i->first != name && (oldest == files_.end() || i->second.used < oldest->second.used))
      oldest = i;
  if (oldest == files_.end() || !remove(std::string{oldest->first}))
    return false;
  ++evicted_;
  return true;
}

/// False: it is still there, and the cache off.
bool digest_cache::remove(const std::string& name) {
  forget(name);
  const auto done = store_->remove(name);
  if (done || tell_if_harmless(name, done.error()))
    return true;
  turn_off(name, done.error().error);
  return false;
}

void digest_cache::note(const std::string& name, std::uint64_t size) {
  forget(name);
  files_.emplace(name, file{size, ++uses_});
  size_ += on_disk(size);
}

void digest_cache::forget(const std::string& name) {
  const auto known = files_.find(name);
  if (known == files_.end())
    return;
  size_ -= on_disk(known->second.size);
  files_.erase(known);
}

// -- what goes wrong ------------------------------------------------------------------------------

/// Whether it concerns that file alone: it is gone, or is not ours. The latter is told.
bool digest_cache::tell_if_harmless(const std::string& name, const store_fault& fault) {
  if (fault.foreign.empty())
    return fault.error == ENOENT;
  if (told_.size() < most_remembered && told_.insert(name).second)
    tell_(fmt::format("the digest cache leaves {} alone: {}",
                      protocol::outside_text(store_->name() + "/" + name), fault.foreign));
  return true;
}

void digest_cache::turn_off(const std::string& name, int error) {
  turn_off(fmt::format("cannot use {}: {}",
                       protocol::outside_text(store_->name() + (name.empty() ? "" : "/") + name),
                       std::generic_category().message(error)));
}

void digest_cache::turn_off(const std::string& why) {
  if (std::exchange(is_off_, true))
    return;
  tell_(fmt::format("the digest cache is off: {}. Nothing else is affected, but after a restart "
                    "blocks that receivers hold already are read again",
                    why));
}

} // namespace fleetcast::actors
