#include "protocol/send/proactive_parity.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fleetcast::protocol {

namespace {

/// All blocks under judgement together move the level by so many symbols at most; a high level, where more is
/// at stake, faster: twice that at `level_scale`.
constexpr double symbols_a_round = 2;
constexpr double level_scale = 16;

/// Blocks asked for that are evidence enough for a jump.
constexpr std::size_t evidence = 8;

/// Receivers that make jumps worth their risk.
constexpr std::size_t crowd = 32;

/// Datagrams of a report that says something of the loss.
constexpr std::uint64_t min_report = 64;

/// Reported losses that tell the group's loss within a quarter of it.
constexpr std::uint64_t min_losses = 16;

} // namespace

proactive_parity::proactive_parity(std::uint16_t k)
  : full_k_(k),
    most_(defaults::max_encoding_symbols - k) {
  REQUIRE(k > 0 && k <= defaults::max_encoding_symbols, k);
}

std::uint16_t proactive_parity::after(timestamp now, block_number block, std::uint16_t k) {
  if (out_.size() >= defaults::remembered_blocks) {
    settle(out_.front());
    out_.pop_front();
  }
  // A short block loses less.
  carry_ += level_ * k / full_k_;
  const auto whole = std::floor(carry_);
  carry_ -= whole;
  out_.push_back({block, now, static_cast<std::uint16_t>(whole)});
  return out_.back().parity;
}

void proactive_parity::on_report(std::uint64_t received, std::uint64_t lost) noexcept {
  if (started_ || received < min_report)
    return;
  received_ += received;
  lost_ += std::min(lost, received);
}

void proactive_parity::on_request(block_number block, std::uint16_t symbols,
                                  std::size_t group_size) {
  const auto i = std::find_if(out_.rbegin(), out_.rend(),
                              [block](const sent_block& s) { return s.block == block; });
  if (i == out_.rend())
    return;
  if (i->since_jump)
    lacking_ += symbols;
  if (i->asked)
    return;
  i->asked = true;
  move(step() * (1 - tolerated_));
  if (i->since_jump)
    ++asked_;
  // A few receivers are as well served on request, and what strikes them may be a queue that a search for
  // the rate fills.
  if (group_size < crowd)
    return;
  if (asked_ >= evidence && asked_ > 3 * fine_)
    jump(level_ + static_cast<double>(lacking_) / static_cast<double>(asked_));
  else if (!started_ && lost_ >= min_losses)
    jump(needed(group_size));
}

double proactive_parity::needed(std::size_t group_size) const {
  // A receiver that lacks more than `r` of k + r symbols asks: of so many receivers, how many do? Binomial, term
  // by term: P(n + 1 lost) from P(n lost).
  const auto loss = static_cast<double>(lost_) / static_cast<double>(received_ + lost_);
  const auto group = static_cast<double>(group_size);
  for (std::uint16_t r = 0; r < most_; ++r) {
    const auto symbols = static_cast<double>(full_k_ + r);
    auto exactly = std::pow(1 - loss, symbols);
    auto more = 1 - exactly;
    for (std::uint16_t n = 0; n < r; ++n) {
      exactly *= (symbols - n) / (n + 1.0) * loss / (1 - loss);
      more -= exactly;
    }
    if (group * more <= tolerated_)
      return r;
  }
  return most_;
}

std::vector<proactive_parity::top_up> proactive_parity::take_top_ups() {
  std::vector<top_up> result;
  if (!std::exchange(jumped_, false))
    return result;
  const auto target = static_cast<std::uint16_t>(std::lround(level_));
  for (auto& s : out_) {
    if (s.parity >= target)
      continue;
    result.push_back({s.block, static_cast<std::uint16_t>(target - s.parity)});
    s.parity = target;
  }
  return result;
}

void proactive_parity::judge(timestamp now, duration patience, double tolerated) {
  tolerated_ = tolerated;
  while (!out_.empty() && out_.front().at + patience <= now) {
    settle(out_.front());
    out_.pop_front();
  }
}

void proactive_parity::settle(const sent_block& oldest) {
  if (oldest.asked)
    return;
  move(-step() * tolerated_);
  if (oldest.since_jump)
    ++fine_;
}

void proactive_parity::jump(double to) {
  started_ = jumped_ = true;
  level_ = std::clamp(to, level_, most_);
  // What was sent before says nothing of the new level.
  for (auto& s : out_)
    s.since_jump = false;
  asked_ = fine_ = 0;
  lacking_ = 0;
}

double proactive_parity::step() const noexcept {
  return symbols_a_round * (1 + level_ / level_scale) / static_cast<double>(out_.size() + 4);
}

void proactive_parity::move(double by) noexcept {
  level_ = std::clamp(level_ + by, 0.0, most_);
}

} // namespace fleetcast::protocol
