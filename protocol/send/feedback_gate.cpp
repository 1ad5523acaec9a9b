#include "protocol/send/feedback_gate.hpp"

#include "protocol/wire/data_codec.hpp"

#include <utility>

namespace fleetcast::protocol {

using wire::drop_reason;

void feedback_gate::add(receiver_id id, const wire::direction_key& key) {
  receivers_.insert_or_assign(id, peer{wire::opener{suite_, key}, 0});
}

std::optional<drop_reason> feedback_gate::check(const wire::header& h) const noexcept {
  if (h.session_tag != session_tag_)
    return drop_reason::wrong_session;
  if (h.type != wire::datagram_type::control)
    return drop_reason::wrong_direction;
  if (h.lane != lane_)
    return drop_reason::wrong_lane;
  return std::nullopt;
}

std::optional<feedback_gate::admitted> feedback_gate::admit(std::span<const std::byte> datagram) {
  const auto h = wire::decode(datagram, wire::seal_size(suite_));
  if (!h) {
    count(h.error());
    return std::nullopt;
  }
  if (const auto reason = check(*h)) {
    count(*reason);
    return std::nullopt;
  }
  const auto from = receivers_.find(h->block);
  if (from == receivers_.end()) {
    count(drop_reason::unknown_receiver);
    return std::nullopt;
  }
  auto& p = from->second;
  if (h->packet_number <= p.highest_packet) {
    count(drop_reason::replayed);
    return std::nullopt;
  }
  scratch_.resize(h->payload_size);
  if (!p.opener.open(*h, datagram, scratch_)) {
    count(drop_reason::forged);
    return std::nullopt;
  }
  p.highest_packet = h->packet_number;
  auto message = wire::decode_feedback(scratch_);
  if (!message) {
    count(drop_reason::malformed);
    return std::nullopt;
  }
  return admitted{h->block, std::move(*message), h->packet_number};
}

} // namespace fleetcast::protocol
