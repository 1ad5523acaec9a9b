#include "protocol/receive/shortfall.hpp"

#include "protocol/defaults.hpp"
#include "protocol/receive/nack_timer.hpp"

#include <algorithm>

namespace fleetcast::protocol {

namespace {

/// Appends `block` to ranges in ascending order, joining it to the last one where they touch.
void append(std::vector<wire::block_range>& ranges, block_number block) {
  if (!ranges.empty() && ranges.back().first + ranges.back().count == block)
    ++ranges.back().count;
  else
    ranges.push_back({block, 1});
}

/// Each has a manifest of its own.
std::int64_t runs_touched(const wire::block_range& r) {
  constexpr auto run = static_cast<block_number>(defaults::manifest_run);
  return (r.first + r.count - 1) / run - r.first / run + 1;
}

duration holdoff(const heard_heartbeat& beat) {
  return nack_timer::holdoff(beat.grtt(), beat.group_size());
}

duration holdoff(const heard_heartbeat& beat, const assembly& a) {
  return a.requests == 1 ? nack_timer::first_holdoff(beat.grtt()) : holdoff(beat);
}

} // namespace

void shortfall::on_heartbeat(const wire::heartbeat& message, block_number blocks) {
  scheduled_.clear();
  for (const auto& r : message.scheduled)
    if (!scheduled_.insert(r.first, r.first + r.count))
      break;
  schedule_known_to_ = message.scheduled_all ? blocks
                       : scheduled_.empty()  ? 0
                                             : (scheduled_.end() - 1)->last;
}

bool shortfall::comes_whole(block_number block, const holdings& have) const {
  // Beyond this receiver's room the sender does not come before blocks here are complete: waiting
  // for it there would be waiting for each other.
  return scheduled_.contains(block) && next_visit(have.beat->next, block) < have.room;
}

bool shortfall::lacks_symbols(timestamp now, position at, const holdings& have, block_number block,
                              const assembly& a) const {
  return position{a.pass, block} < at && a.symbols.need() > a.announced && !comes_whole(block, have)
         && a.asked_at + holdoff(have.beat, a) <= now;
}

/// The first of `blocks` that the sender does not mean to send, in `most` ranges. Where its list was cut off, nothing is
/// known.
std::vector<wire::block_range> shortfall::not_coming(const interval_set& blocks,
                                                     std::size_t most) const {
  std::vector<wire::block_range> result;
  for (const auto& i : blocks) {
    const auto end = std::min(i.last, schedule_known_to_);
    for (auto block = scheduled_.next_gap(i.first); block < end;) {
      const auto last = std::min(end, scheduled_.next(block).value_or(end));
      if (result.size() == most)
        return result;
      result.push_back({block, last - block});
      block = scheduled_.next_gap(last);
    }
  }
  return result;
}

std::vector<wire::block_range> shortfall::wanted(timestamp now, const holdings& have) const {
  if (wanted_asked_at_ + holdoff(have.beat) > now)
    return {};
  return not_coming(have.untouched, defaults::max_wanted_ranges);
}

/// Manifests of blocks that are coming precede these.
std::vector<wire::block_range> shortfall::lacking_proofs(timestamp now, const holdings& have,
                                                         std::size_t most) const {
  if (!proofs_.may_ask(now, holdoff(have.beat)))
    return {};
  auto result = not_coming(have.untold, most);
  // A sender takes in no more of one message.
  block_number left = defaults::max_requested_manifests;
  for (auto& r : result) {
    r.count = std::min(r.count, left);
    left -= r.count;
  }
  std::erase_if(result, [](const wire::block_range& r) { return r.count == 0; });
  return result;
}

std::vector<wire::block_range> shortfall::manifests_to_fetch(timestamp now,
                                                             const holdings& have) const {
  auto result = lacking_manifests(now, have);
  const auto proofs = not_coming(have.untold, wire::max_manifest_ranges - result.size());
  result.insert(result.end(), proofs.begin(), proofs.end());
  return result;
}

std::vector<wire::block_range> shortfall::lacking_manifests(timestamp now,
                                                            const holdings& have) const {
  std::vector<wire::block_range> result;
  if (manifests_asked_at_ + holdoff(have.beat) > now)
    return result;
  for (const auto& [block, a] : have.begun) {
    if (!a.symbols.whole() || have.digests.find(block))
      continue;
    append(result, block);
    if (result.size() > wire::max_manifest_ranges) {
      result.pop_back();
      break;
    }
  }
  return result;
}

bool shortfall::asks_again(timestamp now, position at, const holdings& have) const {
  return std::any_of(have.begun.begin(), have.begun.end(), [&](const auto& entry) {
    return entry.second.requests == 1 && lacks_symbols(now, at, have, entry.first, entry.second);
  });
}

bool shortfall::lacks_anything(timestamp now, position at, const holdings& have) const {
  return std::any_of(have.begun.begin(), have.begun.end(),
                     [&](const auto& entry) {
                       return lacks_symbols(now, at, have, entry.first, entry.second);
                     })
         || !lacking_manifests(now, have).empty() || !wanted(now, have).empty()
         || !lacking_proofs(now, have, 1).empty();
}

bool shortfall::ask(timestamp now, position passed, const holdings& have, assemblies& begun,
                    std::size_t most, wire::feedback& message) {
  const auto most_repairs = std::min(most, defaults::max_repair_requests);
  for (auto& [block, a] : begun) {
    if (!lacks_symbols(now, passed, have, block, a))
      continue;
    if (message.repairs.size() == most_repairs)
      break;
    message.repairs.push_back({block, a.symbols.need()});
    a.asked_at = now;
    ++a.requests;
  }
  message.wanted = wanted(now, have);
  if (!message.wanted.empty())
    wanted_asked_at_ = now;
  message.wanted.resize(std::min(message.wanted.size(), most));
  ask_for_manifests(now, have, std::min(most, wire::max_manifest_ranges), message);
  return !message.repairs.empty() || !message.wanted.empty() || !message.manifests.empty();
}

/// Whole blocks hold memory, so theirs come first.
void shortfall::ask_for_manifests(timestamp now, const holdings& have, std::size_t most,
                                  wire::feedback& message) {
  auto& asked = message.manifests;
  asked = lacking_manifests(now, have);
  if (!asked.empty())
    manifests_asked_at_ = now;
  asked.resize(std::min(asked.size(), most));
  const auto proofs = lacking_proofs(now, have, most - asked.size());
  if (proofs.empty())
    return;
  asked.insert(asked.end(), proofs.begin(), proofs.end());
  std::uint64_t blocks = 0;
  std::int64_t runs = 0;
  for (const auto& r : proofs) {
    blocks += r.count;
    runs += runs_touched(r);
  }
  proofs_.on_asked(now, blocks, runs);
}

std::vector<wire::block_range> missing_blocks(const interval_set& untouched,
                                              const assemblies& begun, std::size_t max_ranges) {
  std::vector<wire::block_range> result;
  // Two sorted lists, merged: what is neither untouched nor in assembly is complete.
  auto u = untouched.begin();
  auto b = begun.begin();
  while (u != untouched.end() || b != begun.end()) {
    const auto take_untouched = b == begun.end() || (u != untouched.end() && u->first < b->first);
    const auto first = take_untouched ? u->first : b->first;
    const auto count = take_untouched ? u->size() : 1;
    take_untouched ? static_cast<void>(++u) : static_cast<void>(++b);
    if (!result.empty() && result.back().first + result.back().count == first)
      result.back().count += static_cast<std::uint32_t>(count);
    else if (result.size() == max_ranges)
      break;
    else
      result.push_back({first, static_cast<std::uint32_t>(count)});
  }
  return result;
}

} // namespace fleetcast::protocol
