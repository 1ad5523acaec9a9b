#include "actors/serve/receipt_desk.hpp"

#include <algorithm>

namespace fleetcast::actors {

using protocol::receiver_id;

std::optional<receipt_desk::settlement>
receipt_desk::on_receipt(protocol::timestamp now, receiver_id id,
                         const protocol::wire::receipt& receipt, bool reports_all) {
  if (reports_all) {
    claims_.erase(id);
    return count(receipt.repaired_symbols, true);
  }
  claims_.try_emplace(id, claim{receipt.repaired_symbols, now + patience});
  return std::nullopt;
}

std::optional<receipt_desk::settlement> receipt_desk::on_report(receiver_id id, bool reports_all) {
  return reports_all ? settle(id, true) : std::nullopt;
}

std::optional<receiver_id> receipt_desk::next_due(protocol::timestamp now) const {
  const auto due = std::find_if(claims_.begin(), claims_.end(),
                                [now](const auto& c) { return c.second.due <= now; });
  return due == claims_.end() ? std::nullopt : std::optional{due->first};
}

std::optional<receipt_desk::settlement> receipt_desk::settle(receiver_id id, bool reports_all) {
  const auto i = claims_.find(id);
  if (i == claims_.end())
    return std::nullopt;
  const auto repaired = i->second.repaired_symbols;
  claims_.erase(i);
  return count(repaired, reports_all);
}

receipt_desk::settlement receipt_desk::count(std::uint64_t repaired_symbols, bool is_shown) {
  ++completed_;
  claimed_ += is_shown ? 0 : 1;
  return {repaired_symbols, is_shown};
}

} // namespace fleetcast::actors
