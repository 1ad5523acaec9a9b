#include "protocol/send/repair_schedule.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"

#include <algorithm>

namespace fleetcast::protocol {

std::uint16_t repair_schedule::sent_after(const entry& e, std::uint64_t packet) noexcept {
  std::uint64_t count = 0;
  for (const auto& burst : e.sent) {
    const auto end = burst.first_packet + burst.count;
    const auto from = std::max(burst.first_packet, packet + 1);
    if (from < end)
      count += end - from;
  }
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(count, UINT16_MAX));
}

repair_schedule::outcome repair_schedule::request(block_number block, std::uint16_t symbols,
                                                  std::uint64_t highest_packet) {
  const auto limit = layout_.source_symbols_of(block);
  symbols = std::min(symbols, limit);
  auto i = entries_.find(block);
  const auto owed = i == entries_.end() ? 0 : i->second.owed;
  const auto coming = i == entries_.end() ? 0 : sent_after(i->second, highest_packet);
  if (symbols <= coming + owed)
    return outcome::covered;
  if (owed == 0) {
    if (queue_.size() >= defaults::max_queued_repairs)
      return outcome::refused;
    queue_.push_back(block);
  }
  if (i == entries_.end()) {
    remember(block);
    i = entries_.try_emplace(block).first;
  }
  i->second.owed = static_cast<std::uint16_t>(symbols - coming);
  return outcome::added;
}

std::uint16_t repair_schedule::owed(block_number block) const {
  const auto i = entries_.find(block);
  return i == entries_.end() ? std::uint16_t{0} : i->second.owed;
}

repair_schedule::burst repair_schedule::take(block_number block, std::uint16_t max,
                                             std::uint64_t next_packet) {
  auto& e = entries_.at(block);
  REQUIRE(e.owed > 0 && max > 0, block, e.owed, max);
  if (cursors_.empty())
    cursors_.resize(layout_.block_count());
  const auto k = layout_.source_symbols_of(block);
  auto& cursor = cursors_[block];
  burst result;
  // Position 0 of the cycle is symbol k; the cursor counts from there.
  constexpr auto cycle = defaults::max_encoding_symbols;
  result.first = static_cast<symbol_id>((cursor + k) % cycle);
  // Neither across the end of the cycle nor from source into repair symbols: one kind a burst.
  const auto end = result.first < k ? k : cycle;
  result.count = std::min({e.owed, max, static_cast<std::uint16_t>(end - result.first)});
  cursor = static_cast<std::uint8_t>((cursor + result.count) % cycle);
  e.owed = static_cast<std::uint16_t>(e.owed - result.count);
  std::copy_backward(e.sent.begin(), e.sent.end() - 1, e.sent.end());
  e.sent.front() = {next_packet, result.count};
  if (e.owed == 0)
    queue_.erase(std::find(queue_.begin(), queue_.end(), block));
  return result;
}

void repair_schedule::remember(block_number block) {
  if (remembered_.size() >= 2 * defaults::max_queued_repairs) {
    // At most max_queued_repairs of them are queued, so a forgettable one is near.
    const auto old = std::find_if(remembered_.begin(), remembered_.end(),
                                  [this](block_number b) { return entries_.at(b).owed == 0; });
    entries_.erase(*old);
    remembered_.erase(old);
  }
  remembered_.push_back(block);
}

bool repair_schedule::validate() const {
  const auto queued
    = std::all_of(queue_.begin(), queue_.end(), [this](block_number b) { return owed(b) > 0; });
  const auto owing = static_cast<std::size_t>(std::count_if(
    entries_.begin(), entries_.end(), [](const auto& e) { return e.second.owed > 0; }));
  return queued && owing == queue_.size() && remembered_.size() == entries_.size();
}

} // namespace fleetcast::protocol
