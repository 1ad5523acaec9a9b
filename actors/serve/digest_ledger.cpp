#include "actors/serve/digest_ledger.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

namespace {

using protocol::digest_run;

std::vector<digest_run>
runs_of(const std::map<protocol::block_number, protocol::wire::digest>& blocks) {
  std::vector<digest_run> result;
  for (const auto& [number, known] : blocks) {
    if (result.empty() || result.back().end() != number)
      result.push_back({number, {}});
    result.back().digests.push_back(known);
  }
  return result;
}

} // namespace

digest_ledger::digest_ledger(steered_send_session_actor::pointer self, digest_keeper_actor keeper,
                             const digest_key& key, protocol::block_number blocks)
  : self_(self),
    keeper_(std::move(keeper)),
    key_(key),
    is_kept_(blocks) {}

void digest_ledger::ask(std::function<void(const std::vector<digest_run>&)> found) {
  if (!keeper_)
    return;
  // Where the keeper dies there is nothing to be had, and nothing lost.
  self_->request(keeper_, caf::infinite, find_digests{key_})
    .then(
      [this, found = std::move(found)](const known_digests& known) {
        if (!keeper_ || known.runs.empty())
          return;
        skip(known.runs);
        found(known.runs);
      },
      [](const caf::error&) {});
}

void digest_ledger::skip(const std::vector<digest_run>& known) {
  for (const auto& run : known) {
    const auto first = is_kept_.begin() + static_cast<std::ptrdiff_t>(run.first);
    std::fill_n(first, run.digests.size(), true);
    waiting_.erase(waiting_.lower_bound(run.first), waiting_.lower_bound(run.end()));
  }
}

void digest_ledger::note(protocol::timestamp now, protocol::block_number number,
                         const protocol::wire::digest& digest) {
  if (!keeper_ || is_kept_[number])
    return;
  is_kept_[number] = true;
  if (waiting_.empty())
    waiting_since_ = now;
  waiting_.emplace(number, digest);
  if (waiting_.size() >= batch || now - waiting_since_ >= patience)
    flush();
}

void digest_ledger::flush() {
  auto runs = runs_of(std::exchange(waiting_, {}));
  if (!keeper_ || runs.empty() || under_way_ >= most_under_way)
    return;
  ++under_way_;
  const auto answered = [this] { --under_way_; };
  self_->request(keeper_, caf::infinite, keep_digests{key_, std::move(runs)})
    .then(answered, [answered](const caf::error&) { answered(); });
}

void digest_ledger::drop() {
  if (!keeper_)
    return;
  self_->send(keeper_, drop_digests{key_});
  keeper_ = nullptr;
  waiting_.clear();
}

} // namespace fleetcast::actors
