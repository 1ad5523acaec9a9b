#include "protocol/send/group_liveness.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"

#include <algorithm>
#include <cmath>

namespace fleetcast::protocol {

namespace {

/// Below this share nothing worth the name arrives, and nobody waits for it.
constexpr double hardly_any = 0.1;

/// Below this share nothing arrives: datagrams of that size do not get through. Not 0, since how many of what arrived were
/// control datagrams is an estimate.
constexpr double nothing = 0.03;

/// From this share on others hear well.
constexpr double most = 0.5;

/// So many symbols that arrived show that they can: that few of many do is a narrow link, which is being flooded. Where
/// they are too large for the network a short last one may arrive now and then.
constexpr double few_symbols = 8;

/// A receiver that lacks less may lack it again and again: its cache is small.
constexpr std::uint64_t least_served = defaults::served_blocks / 4;

/// Symbols that must have been seen to say what share arrives.
constexpr std::uint64_t least_seen = 128;

/// The same of a receiver without a block, in bytes: it may be what keeps all at the lowest rate. Of few large symbols
/// some at least.
constexpr std::uint64_t least_seen_at_first = 32 * 1408;
constexpr std::uint64_t fewest_seen_at_first = 12;

/// Symbols that somebody of whom such a share arrives must be sent for one block, in blocks. Beyond the block's encoding
/// symbols they come again, and some that arrive are there already.
double times_it_takes(double share, std::uint16_t source_symbols) {
  const auto needed = static_cast<double>(source_symbols) / defaults::max_encoding_symbols;
  return share >= needed ? 1 / share : std::log1p(-needed) / std::log1p(-share) / needed;
}

} // namespace

bool group_liveness::add(timestamp now, receiver_id id, traffic sent) {
  REQUIRE(!members_.contains(id), id);
  member m;
  m.progress_at = m.excluded_at = now;
  m.at_join = sent;
  m.seen_symbols = sent.symbols;
  // Nobody holds up those who get on before it has shown that it gets on, too.
  if (counting_with_blocks_ > 0)
    m.why = exclusion::newcomer;
  else
    ++counting_;
  return members_.emplace(id, m).first->second.why == exclusion::none;
}

std::vector<group_liveness::change> group_liveness::remove(receiver_id id) {
  std::vector<change> result;
  const auto i = members_.find(id);
  if (i == members_.end())
    return result;
  if (i->second.why == exclusion::none) {
    --counting_;
    counting_with_blocks_ -= i->second.completed > 0 ? 1 : 0;
  }
  members_.erase(i);
  admit_newcomers_alone(result);
  return result;
}

/// Where nobody else counts newcomers do.
void group_liveness::admit_newcomers_alone(std::vector<change>& out) {
  if (counting_ > 0)
    return;
  for (auto& [id, m] : members_)
    if (m.why == exclusion::newcomer)
      admit(id, m, out);
}

std::vector<group_liveness::change> group_liveness::on_report(timestamp now, receiver_id id,
                                                              const wire::feedback& message,
                                                              bool deaf, traffic sent) {
  std::vector<change> result;
  const auto i = members_.find(id);
  if (i == members_.end())
    return result;
  auto& m = i->second;
  measure_share(m, message, sent);
  if (!deaf)
    m.deaf_since.reset();
  else if (!m.deaf_since)
    m.deaf_since = now;
  if (!m.full)
    m.served += sent.symbols - m.seen_symbols;
  m.seen_symbols = sent.symbols;
  // More than there are is no progress for ever.
  const auto completed = std::min(message.completed_blocks, layout_.block_count());
  if (completed > m.completed) {
    const auto is_first = counting_with_blocks_ == 0;
    progress(now, m, completed);
    admit(id, m, result);
    if (is_first)
      exclude_all_without_a_block(now, result);
  } else {
    judge_reach(now, id, m, result);
  }
  m.full = m.completed > 0 && message.free_blocks == 0;
  admit_newcomers_alone(result);
  return result;
}

/// Somebody has one now.
void group_liveness::exclude_all_without_a_block(timestamp now, std::vector<change>& out) {
  for (auto& [id, m] : members_)
    if (m.why == exclusion::none && m.completed == 0)
      exclude(now, id, m, exclusion::newcomer, out);
}

bool group_liveness::is_unreached(const member& m) noexcept {
  return m.is_share_known && m.share < hardly_any && m.received_symbols < few_symbols;
}

/// The rate does not follow one without a block that next to nothing reaches, while others hear well; it may turn out
/// to have been bad luck.
void group_liveness::judge_reach(timestamp now, receiver_id id, member& m,
                                 std::vector<change>& out) {
  if (m.completed > 0)
    return;
  if (may_pace(m.why) && is_unreached(m) && somebody_hears_well()) {
    exclude(now, id, m, exclusion::no_progress, out);
    m.excluded_for_reach = true;
  } else if (m.excluded_for_reach && m.why == exclusion::no_progress && !is_unreached(m)) {
    m.excluded_for_reach = false;
    if (counting_with_blocks_ > 0)
      exclude(now, id, m, exclusion::newcomer, out);
    else
      admit(id, m, out);
  }
}

bool group_liveness::somebody_hears_well() const noexcept {
  return counting_with_blocks_ > 0
         || std::any_of(members_.begin(), members_.end(), [](const auto& entry) {
              return entry.second.is_share_known && entry.second.share >= most;
            });
}

void group_liveness::measure_share(member& m, const wire::feedback& message, traffic sent) const {
  const auto seen
    = static_cast<double>(message.received_packets) + static_cast<double>(message.lost_packets);
  const auto control = static_cast<double>(sent.control - m.at_join.control);
  const auto all = static_cast<double>(sent.symbols - m.at_join.symbols) + control;
  // Control datagrams are taken to be spread evenly.
  const auto seen_control = all > 0 ? control * std::min(1.0, seen / all) : 0;
  const auto least = m.completed > 0 ? least_seen
                                     : std::clamp(least_seen_at_first / layout_.symbol_size(),
                                                  fewest_seen_at_first, least_seen);
  const auto seen_symbols = seen - seen_control;
  if (seen_symbols < static_cast<double>(least))
    return;
  // They come where nothing else does. Who does not say how many did may have got them all.
  const auto says = message.received_control > 0 || message.echo_sent_at == 0;
  const auto received_control = says ? static_cast<double>(message.received_control) : seen_control;
  m.is_share_known = true;
  m.received_symbols
    = std::max(0.0, static_cast<double>(message.received_packets) - received_control);
  m.share = std::min(1.0, m.received_symbols / seen_symbols);
}

void group_liveness::progress(timestamp now, member& m, std::uint32_t completed) {
  const auto grown = completed - m.completed;
  if (m.why == exclusion::none && m.completed == 0)
    ++counting_with_blocks_;
  m.completed = completed;
  m.progress_at = now;
  m.served = 0;
  m.held = {};
  m.charged -= std::min(m.charged, symbols_of(grown, defaults::asked_times_a_block));
}

void group_liveness::on_hold(receiver_id holder, duration span) {
  if (const auto i = members_.find(holder); i != members_.end() && !i->second.deaf_since)
    i->second.held += span;
}

void group_liveness::excuse(timestamp now, duration gap) {
  for (auto& [id, m] : members_) {
    m.progress_at = std::min(now, m.progress_at + gap);
    m.excluded_at = std::min(now, m.excluded_at + gap);
    if (m.deaf_since)
      m.deaf_since = std::min(now, *m.deaf_since + gap);
  }
}

bool group_liveness::counts(receiver_id id) const {
  const auto i = members_.find(id);
  return i != members_.end() && i->second.why == exclusion::none;
}

bool group_liveness::paces(receiver_id id) const {
  const auto i = members_.find(id);
  return i != members_.end() && may_pace(i->second.why);
}

bool group_liveness::hears_hardly_anything(receiver_id id) const {
  const auto i = members_.find(id);
  return i != members_.end() && i->second.share < hardly_any;
}

exclusion group_liveness::why(receiver_id id) const {
  const auto m = members_.find(id);
  return m == members_.end() ? exclusion::none : m->second.why;
}

std::uint64_t group_liveness::allowance(receiver_id id) const {
  const auto i = members_.find(id);
  if (i == members_.end())
    return 0;
  const auto& m = i->second;
  // As many as lead to being sent away, or it would be neither served nor told.
  const auto least = m.share < nothing ? 0 : least_served;
  const auto all
    = symbols_of(std::max(lacking(m), least), asked_times(m)) + defaults::least_asked_symbols;
  return all - std::min(all, m.charged);
}

void group_liveness::charge(receiver_id id, std::uint64_t symbols) {
  if (const auto i = members_.find(id); i != members_.end())
    i->second.charged += symbols;
}

std::vector<group_liveness::change> group_liveness::judge(timestamp now, duration grtt,
                                                          bool asked_waits) {
  std::vector<change> result;
  const auto patience = defaults::progress_patience + defaults::progress_patience_rounds * grtt;
  for (auto& [id, m] : members_) {
    if (lacking(m) == 0) {
      // It costs the others nothing, but keeps its connection and the transmission.
      if (now - m.progress_at >= defaults::receipt_patience)
        result.push_back({id, exclusion::no_receipt, true, m.why});
      continue;
    }
    if (const auto why = sent_away_for(now, m, patience, asked_waits); why != exclusion::none)
      result.push_back({id, why, true, m.why});
    else if (const auto less = excluded_for(now, m, patience);
             less != exclusion::none && may_pace(m.why))
      exclude(now, id, m, less, result);
  }
  admit_newcomers_alone(result);
  return result;
}

exclusion group_liveness::excluded_for(timestamp now, const member& m, duration patience) const {
  if (now - m.progress_at < patience)
    return exclusion::none;
  // Where hardly any arrives the others need not wait to see more of it.
  const auto some = m.share < hardly_any
                      ? std::uint64_t{2}
                      : std::clamp<std::uint64_t>(lacking(m), 8, defaults::served_blocks);
  if (m.served >= symbols_of(some, served_times(m)))
    return exclusion::no_progress;
  if (m.held >= patience && !m.full)
    return exclusion::holds_window;
  return m.held >= defaults::full_cache_patience ? exclusion::full_cache : exclusion::none;
}

exclusion group_liveness::sent_away_for(timestamp now, const member& m, duration patience,
                                        bool asked_waits) const {
  const auto stood_still = now - m.progress_at;
  if (m.deaf_since)
    return now - *m.deaf_since >= defaults::deaf_patience ? exclusion::deaf : exclusion::none;
  if (stood_still < 2 * patience)
    return exclusion::none;
  if (m.why == exclusion::holds_window && now - m.excluded_at >= patience && !m.full)
    return exclusion::holds_window;
  const auto most = std::max(lacking(m), least_served);
  if (asked_waits || m.served < symbols_of(most, served_times(m)))
    return exclusion::none;
  return m.share < nothing ? exclusion::unreached : exclusion::no_progress;
}

void group_liveness::exclude(timestamp now, receiver_id id, member& m, exclusion why,
                             std::vector<change>& out) {
  if (m.why == exclusion::none) {
    --counting_;
    counting_with_blocks_ -= m.completed > 0 ? 1 : 0;
  }
  out.push_back({id, why, false, m.why});
  m.why = why;
  m.excluded_at = now;
}

void group_liveness::admit(receiver_id id, member& m, std::vector<change>& out) {
  if (m.why == exclusion::none)
    return;
  out.push_back({id, exclusion::none, false, m.why});
  m.why = exclusion::none;
  ++counting_;
  counting_with_blocks_ += m.completed > 0 ? 1 : 0;
}

/// Times what it lacks that a receiver is sent before it counts as served. Half as much again as it takes, on average;
/// where nothing arrives, waiting longer is no help.
double group_liveness::served_times(const member& m) const {
  return m.share < nothing ? 1.5 : 1.5 * times_it_takes(m.share, layout_.source_symbols());
}

/// Times what it lacks that it may ask for: the rest, besides what went by once unasked.
double group_liveness::asked_times(const member& m) const {
  return m.share < nothing ? 0.6 : served_times(m) - 0.5;
}

std::uint64_t group_liveness::lacking(const member& m) const noexcept {
  return layout_.block_count() - std::min<std::uint64_t>(m.completed, layout_.block_count());
}

std::uint64_t group_liveness::symbols_of(std::uint64_t blocks, double times) const noexcept {
  return static_cast<std::uint64_t>(static_cast<double>(blocks) * layout_.source_symbols() * times);
}

bool group_liveness::validate() const {
  std::size_t counting = 0;
  std::size_t with_blocks = 0;
  for (const auto& [id, m] : members_) {
    counting += m.why == exclusion::none ? 1 : 0;
    with_blocks += m.why == exclusion::none && m.completed > 0 ? 1 : 0;
  }
  return counting == counting_ && with_blocks == counting_with_blocks_;
}

} // namespace fleetcast::protocol
