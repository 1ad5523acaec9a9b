#include "protocol/receive/liveness.hpp"

#include "protocol/defaults.hpp"

#include <chrono>
#include <string>

namespace fleetcast::protocol {

failure liveness::on_time(timestamp now, bool waits_for_consumer) {
  time_.timed_turn(now);
  hearing_.on_time(time_.now());
  if (waits_for_consumer)
    progress_.got_on(time_.now());
  if (hearing_.is_lost(time_.now()))
    return {failure_code::sender_silent, 0,
            "nothing was heard from the sender for "
              + std::to_string(
                std::chrono::duration_cast<seconds>(defaults::sender_silence_limit).count())
              + " s"};
  if (const auto found = sizes_.find(time_.now()))
    return wrong_size(*found);
  return {};
}

reception_health liveness::health() const {
  const auto now = time_.now();
  return {hearing_.is_deaf(), hearing_.has_heard(), hearing_.silence(now), hearing_.joins(),
          progress_.find(now)};
}

failure liveness::wrong_size(const size_watch::finding& found) const {
  const auto full = std::to_string(full_datagram_ + headers_);
  return {failure_code::network_fault, 0,
          "the MTU on the way here is too small, or fragments are dropped: datagrams of up to "
            + std::to_string(found.largest + headers_)
            + " bytes arrive from the sender, and none of " + full
            + " bytes, which a full symbol takes (IP header included); "
            + std::to_string(found.lost)
            + " are missing. Check every link between the server and this host (tunnels, VPNs, "
              "switch ports without jumbo frames, firewalls): its MTU must be at least "
            + full + ", or the server must send smaller datagrams (`serve --mtu`)"};
}

} // namespace fleetcast::protocol
