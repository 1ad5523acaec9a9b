#include "protocol/receive/block_ledger.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace fleetcast::protocol {

block_ledger::block_ledger(const geometry& layout, std::size_t max_digests, bool keeps_digests)
  : layout_(layout),
    untouched_(defaults::max_untouched_intervals),
    completed_(layout.block_count()),
    wanted_{0, layout.block_count()},
    digests_(max_digests),
    kept_digests_(keeps_digests
                    ? std::make_unique_for_overwrite<wire::digest[]>(layout.block_count())
                    : nullptr) {
  const auto fits = untouched_.insert(0, layout_.block_count());
  ENSURE(fits, layout_.block_count());
}

// -- digests --------------------------------------------------------------------------------------

bool block_ledger::is_news(block_number block) const {
  if (held_.contains(block))
    return held_.is_untold(block);
  return !completed_[block] && !digests_.find(block);
}

void block_ledger::announce(block_number block, const wire::digest& digest) {
  REQUIRE(!completed_[block] && !held_.contains(block), block);
  digests_.put(block, digest);
}

/// Memory of digests is touched as they come.
void block_ledger::keep_digest(block_number block, const wire::digest& digest) {
  if (kept_digests_)
    kept_digests_[block] = digest;
}

// -- blocks that come -----------------------------------------------------------------------------

assemblies::iterator block_ledger::begin(block_number block, block_buffer memory) {
  REQUIRE(untouched_.contains(block), block);
  untouched_.erase(block, block + 1);
  return begun_
    .emplace(block, assembly{block_assembler{std::move(memory), layout_.source_symbols_of(block),
                                             layout_.symbol_size()}})
    .first;
}

void block_ledger::abandon(assemblies::iterator block) {
  put_back(block->first);
  begun_.erase(block);
}

void block_ledger::complete(assemblies::iterator block) {
  REQUIRE(block->second.symbols.whole(), block->first);
  const auto number = block->first;
  if (const auto* digest = digests_.find(number))
    keep_digest(number, *digest);
  digests_.erase(number);
  begun_.erase(block);
  mark_completed(number);
}

void block_ledger::put_back(block_number block) {
  const auto fits = untouched_.insert(block, block + 1);
  ENSURE(fits, block);
}

void block_ledger::mark_completed(block_number block) {
  completed_[block] = true;
  ++completed_count_;
}

// -- blocks held ----------------------------------------------------------------------------------

void block_ledger::hold(wire::block_range blocks) {
  const auto end = static_cast<block_number>(
    std::min<std::uint64_t>(std::uint64_t{blocks.first} + blocks.count, layout_.block_count()));
  for (auto block = untouched_.next(blocks.first); block && *block < end;
       block = untouched_.next(*block)) {
    const auto last = std::min(end, untouched_.next_gap(*block));
    // Each may come back as an interval of its own.
    untouched_.raise_cap(last - *block);
    untouched_.erase(*block, last);
    held_.add(*block, last);
    for (auto b = *block; b < last; ++b) {
      digests_.erase(b); // that of a block held is looked at when it comes
      if (!carried_.empty())
        carried_[b] = false;
    }
  }
}

held_blocks::verdict block_ledger::on_read(block_number block,
                                           const std::optional<wire::digest>& found) {
  if (found)
    return settle(block, held_.on_read(block, *found), *found);
  REQUIRE(held_.is_unread(block), block);
  held_.remove(block);
  return settle(block, held_blocks::verdict::refuted, {});
}

held_blocks::verdict block_ledger::on_told(block_number block, const wire::digest& digest) {
  return settle(block, held_.on_told(block, digest), digest);
}

/// A block that is proven or refuted has left the held ones. Returns `verdict`.
held_blocks::verdict block_ledger::settle(block_number block, held_blocks::verdict verdict,
                                          const wire::digest& digest) {
  if (verdict == held_blocks::verdict::open)
    return verdict;
  if (is_carried_over(block))
    --unproven_count_;
  if (verdict == held_blocks::verdict::refuted) {
    put_back(block);
  } else {
    keep_digest(block, digest);
    mark_completed(block);
  }
  return verdict;
}

// -- blocks that are not wanted -------------------------------------------------------------------

void block_ledger::require(wire::block_range blocks) {
  const auto first = std::max(wanted_.first, blocks.first);
  const auto last = std::min(std::uint64_t{wanted_.first} + wanted_.count,
                             std::uint64_t{blocks.first} + blocks.count);
  wanted_ = {first, first < last ? static_cast<std::uint32_t>(last - first) : 0};
  for (block_number b = 0; b < layout_.block_count(); ++b)
    if (!completed_[b] && !is_wanted(b))
      dismiss(b);
  // Cut at its two ends, the set gets no more intervals than it had.
  untouched_.erase(0, first);
  untouched_.erase(first + wanted_.count, layout_.block_count());
}

/// `block`, which is not completed, counts as that. Untouched ones are the caller's to take out.
void block_ledger::dismiss(block_number block) {
  if (held_.contains(block) && is_carried_over(block))
    --unproven_count_;
  begun_.erase(block);
  held_.remove(block);
  digests_.erase(block);
  mark_completed(block);
}

// -- the next transmission ------------------------------------------------------------------------

void block_ledger::carry_over(const block_ledger& earlier) {
  REQUIRE(earlier.kept_digests_);
  REQUIRE(layout_.object_size() == earlier.layout_.object_size()
          && layout_.block_size() == earlier.layout_.block_size());
  REQUIRE(untouched_.size() == layout_.block_count());
  carried_.resize(layout_.block_count());
  const auto end = earlier.wanted_.first + earlier.wanted_.count;
  for (auto block = earlier.wanted_.first; block < end; ++block)
    carry_over(earlier, block);
}

void block_ledger::carry_over(const block_ledger& earlier, block_number block) {
  const bool was_completed = earlier.completed_[block];
  if (!was_completed && !earlier.held_.contains(block))
    return;
  hold({block, 1});
  if (was_completed || earlier.is_carried_over(block)) {
    carried_[block] = true;
    ++unproven_count_;
  }
  // No manifest of this transmission has told of it, so what was found of it decides nothing yet.
  if (was_completed)
    static_cast<void>(held_.on_read(block, earlier.kept_digests_[block]));
  else if (!earlier.held_.is_unread(block))
    static_cast<void>(held_.on_read(block, earlier.held_.digest_read(block)));
}

// -- invariants -----------------------------------------------------------------------------------

bool block_ledger::validate() const {
  return untouched_.validate() && held_.validate() && is_each_in_one_place() && counts_fit()
         && digests_fit();
}

/// No two places share a block, and together they have as many as there are.
bool block_ledger::is_each_in_one_place() const {
  for (const auto& [block, a] : begun_)
    if (untouched_.contains(block) || held_.contains(block) || completed_[block] || !a.validate())
      return false;
  for (const auto* awaited : {&held_.unread(), &held_.untold()})
    for (const auto& run : *awaited)
      for (auto block = run.first; block < run.last; ++block)
        if (untouched_.contains(block) || completed_[block])
          return false;
  for (const auto& run : untouched_)
    if (std::find(completed_.begin() + run.first, completed_.begin() + run.last, true)
        != completed_.begin() + run.last)
      return false;
  return untouched_.size() + begun_.size() + held_.size() + completed_count_
         == layout_.block_count();
}

bool block_ledger::counts_fit() const {
  block_number unproven = 0;
  for (block_number block = 0; block < carried_.size(); ++block)
    unproven += carried_[block] && held_.contains(block) ? 1 : 0;
  return std::count(completed_.begin(), completed_.end(), true) == completed_count_
         && unproven == unproven_count_;
}

/// Of blocks that are untouched or begun.
bool block_ledger::digests_fit() const {
  const auto& known = digests_.blocks();
  return std::none_of(known.begin(), known.end(), [this](block_number block) {
    return completed_[block] || held_.contains(block);
  });
}

} // namespace fleetcast::protocol
