#include "protocol/send/manifest_schedule.hpp"

#include "protocol/require.hpp"
#include "protocol/wire/data_codec.hpp"

#include <algorithm>

namespace fleetcast::protocol {

namespace {

/// Receivers of whom one misses a datagram at 1 % loss.
constexpr std::size_t large_group = 100;

constexpr auto run_length = static_cast<block_number>(defaults::manifest_run);

constexpr block_number run_begin(block_number block) noexcept {
  return block / run_length * run_length;
}

/// Blocks of a run between two repetitions.
constexpr std::size_t stretch = defaults::manifest_run / (defaults::manifest_repeats + 1);

} // namespace

bool manifest_schedule::learn(block_number block, const wire::digest& digest) {
  if (is_known_[block])
    return digests_[block] == digest;
  digests_[block] = digest;
  is_known_[block] = true;
  const auto was_asked_for = being_read_.erase(block) > 0 || unread_.contains(block);
  unread_.erase(block, block + 1);
  if (was_asked_for)
    want_run_of(block);
  return true;
}

bool manifest_schedule::know(std::span<const digest_run> runs) {
  const auto contradicts = [this](const digest_run& run) {
    for (auto b = run.first; b < run.end(); ++b)
      if (is_known_[b] && digests_[b] != run.digests[b - run.first])
        return true;
    return false;
  };
  if (std::any_of(runs.begin(), runs.end(), contradicts))
    return false;
  auto fits = true;
  for (const auto& run : runs)
    for (auto b = run.first; b < run.end(); ++b)
      fits = learn(b, run.digests[b - run.first]) && fits;
  return fits;
}

// -- requests -------------------------------------------------------------------------------------

std::size_t manifest_schedule::request(const wire::feedback& message,
                                       const interval_set& schedule) {
  std::size_t ignored = 0;
  auto left = block_number{defaults::max_requested_manifests};
  for (const auto& r : message.manifests) {
    if (recent_.is_after(message.highest_packet, r.first))
      continue;
    const auto end = r.first + std::min(r.count, left);
    left -= end - r.first;
    ignored += want(r.first, end, schedule);
  }
  return ignored;
}

/// Returns how many parts of it are too many.
std::size_t manifest_schedule::want(block_number first, block_number end,
                                    const interval_set& schedule) {
  std::size_t ignored = 0;
  while (first < end) {
    const auto unread = known_end(first, end);
    ignored += wanted_.insert(first, unread) ? 0 : 1;
    for (first = unread; first < end && !is_known_[first];)
      ++first;
    ignored += want_read(unread, first, schedule) ? 0 : 1;
  }
  return ignored;
}

/// The digests of [first, end) are not known.
bool manifest_schedule::want_read(block_number first, block_number end,
                                  const interval_set& schedule) {
  auto fits = true;
  while (first < end) {
    const auto block = schedule.next_gap(first);
    first = std::min(end, schedule.next(block).value_or(end));
    fits = unread_.insert(block, first) && fits;
  }
  for (const auto block : being_read_)
    unread_.erase(block, block + 1);
  return fits;
}

std::vector<block_number> manifest_schedule::take_reads(std::size_t most_under_way) {
  std::vector<block_number> result;
  while (being_read_.size() < most_under_way) {
    const auto block = unread_.next(0);
    if (!block)
      break;
    unread_.erase(*block, *block + 1);
    being_read_.insert(*block);
    result.push_back(*block);
  }
  return result;
}

/// One manifest tells of a whole run, so it waits for the last block of it that is to be read.
void manifest_schedule::want_run_of(block_number block) {
  const auto end = run_end(block);
  auto first = run_begin(block);
  const auto being_read = being_read_.lower_bound(first);
  if (unread_.next(first).value_or(end) < end
      || (being_read != being_read_.end() && *being_read < end))
    return;
  for (; first < end; ++first) {
    const auto known = known_end(first, end);
    // Where too many are wanted these are asked for again.
    static_cast<void>(wanted_.insert(first, known));
    first = known;
  }
}

manifest_schedule::body manifest_schedule::take_requested(std::uint64_t packet) {
  const auto block = wanted_.next(0);
  if (!block)
    return nullptr;
  const auto end = std::min(run_end(*block), wanted_.next_gap(*block));
  recent_.add(*block, packet);
  wanted_.erase(*block, end);
  return encoded(*block, end);
}

// -- runs -----------------------------------------------------------------------------------------

bool manifest_schedule::is_run_known(block_number block, const interval_set& schedule) const {
  const auto end = run_end(block);
  for (std::optional<block_number> b = block; b && *b < end; b = schedule.next(*b + 1))
    if (!is_known_[*b])
      return false;
  return true;
}

std::span<const manifest_schedule::body> manifest_schedule::announce(position at,
                                                                     const interval_set& schedule) {
  REQUIRE(is_run_known(at.block, schedule), at.block);
  const auto end = run_end(at.block);
  run_.clear();
  repeats_left_ = defaults::manifest_repeats;
  for (std::optional<block_number> b = at.block; b && *b < end;) {
    const auto told_to = known_end(*b, end);
    run_.push_back(encoded(*b, told_to));
    b = schedule.next(told_to);
  }
  announced_to_ = {at.pass, end};
  return run_;
}

std::span<const manifest_schedule::body>
manifest_schedule::take_repeats(position at, std::size_t group_size, bool is_lossy) {
  if (repeats_left_ == 0 || announced_to_.block - at.block > repeats_left_ * stretch)
    return {};
  --repeats_left_;
  // Of the first run nobody can have said yet that it gets lost.
  const auto is_first = at < position{0, defaults::manifest_run} && group_size >= large_group;
  if (!is_lossy && !is_first)
    return {};
  // The same bytes: signing costs more than everything else about a datagram.
  return run_;
}

// -- any time -------------------------------------------------------------------------------------

std::optional<wire::manifest> manifest_schedule::find(block_number block) const {
  if (!is_known_[block])
    return std::nullopt;
  const auto end = known_end(block, run_end(block));
  auto first = block;
  while (first > 0 && run_end(first - 1) == run_end(block) && is_known_[first - 1])
    --first;
  return make(first, end);
}

block_number manifest_schedule::run_end(block_number block) const noexcept {
  return std::min(run_begin(block) + run_length, static_cast<block_number>(digests_.size()));
}

/// The end of the blocks from `first` on, and before `end`, whose digests are known.
block_number manifest_schedule::known_end(block_number first, block_number end) const {
  while (first < end && is_known_[first])
    ++first;
  return first;
}

wire::manifest manifest_schedule::make(block_number first, block_number end) const {
  wire::manifest m;
  m.first_block = first;
  m.digests.assign(digests_.begin() + first, digests_.begin() + end);
  signer_.sign(m);
  return m;
}

manifest_schedule::body manifest_schedule::encoded(block_number first, block_number end) const {
  return std::make_shared<const wire::message_bytes>(wire::encode(make(first, end)));
}

bool manifest_schedule::validate() const {
  const auto is_known = [this](block_number b) { return is_known_[b]; };
  return wanted_.validate() && unread_.validate()
         && std::all_of(wanted_.begin(), wanted_.end(),
                        [this](const auto& i) { return known_end(i.first, i.last) == i.last; })
         && std::none_of(unread_.begin(), unread_.end(),
                         [&](const auto& i) { return is_known(i.first) || is_known(i.last - 1); })
         && std::none_of(being_read_.begin(), being_read_.end(),
                         [&](block_number b) { return is_known(b) || unread_.contains(b); });
}

} // namespace fleetcast::protocol
