#include "actors/serve/socket_writer.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace fleetcast::actors {

void socket_writer_state::open(std::shared_ptr<const io::udp_socket> socket,
                               const io::udp_endpoint& destination,
                               protocol::wire::seal_suite suite,
                               const protocol::wire::direction_key& key) {
  sealer_.emplace(suite, key);
  sender_.emplace(std::move(socket), destination);
  destination_ = destination;
}

std::optional<batch_sent> socket_writer_state::send(const send_batch& batch) {
  // In parts of one segmented send: what is sealed is still in the cache when the kernel copies it, and
  // the buffer stays small whatever the session sends.
  for (datagrams rest{batch}; !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), protocol::defaults::batch_datagrams));
    rest = rest.subspan(part.size());
    seal(part);
    const auto outcome = sender_->send(sealed_, sizes_);
    untold_.datagrams += outcome.sent + outcome.refused;
    untold_.refused += outcome.refused;
    untold_.error = outcome.error != 0 ? outcome.error : untold_.error;
  }
  ++batches_;
  if (untold_.datagrams < protocol::defaults::batch_datagrams && untold_.refused == 0)
    return std::nullopt;
  return std::exchange(untold_, {});
}

void socket_writer_state::seal(datagrams part) {
  std::size_t room = 0;
  for (const auto& datagram : part)
    room += protocol::wire::header_size + datagram.payload.size() + sealer_->overhead();
  if (sealed_.size() < room)
    sealed_.resize(room);
  sizes_.clear();
  std::span<std::byte> out{sealed_};
  for (const auto& datagram : part) {
    const auto size = sealer_->seal(datagram.header, datagram.payload, out);
    sizes_.push_back(static_cast<std::uint16_t>(size));
    out = out.subspan(size);
  }
}

status_snapshot socket_writer_state::status() const {
  const auto& counted = sender_->counted();
  return {name,
          counted.last_error == 0 ? "sending" : "sending, some refused",
          {metrics::address(destination_.address().to_string()),
           metrics::port(std::to_string(destination_.port())), metrics::batches(batches_),
           metrics::datagrams(counted.datagrams), metrics::bytes(counted.bytes),
           metrics::refused(counted.refused),
           metrics::last_refusal(counted.last_error == 0
                                   ? "none"
                                   : std::generic_category().message(counted.last_error)),
           metrics::waits(counted.waits), metrics::system_calls(counted.calls),
           metrics::send_offload(sender_->segments() ? "on" : "off"),
           metrics::segmented(counted.segmented), metrics::offload_refusals(counted.fallbacks)},
          {}};
}

socket_writer_actor::behavior_type
socket_writer(socket_writer_actor::stateful_pointer<socket_writer_state> self,
              std::shared_ptr<const io::udp_socket> socket, const io::udp_endpoint& destination,
              protocol::wire::seal_suite suite, protocol::wire::direction_key key,
              send_session_actor session) {
  self->monitor(session);
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  self->state.open(std::move(socket), destination, suite, key);
  return {
    [self, session](const send_batch& batch) {
      if (const auto sent = self->state.send(batch))
        self->send(session, *sent);
    },
    [self, born = vitals{}](status_atom) { return born.of(self, self->state.status()); },
  };
}

} // namespace fleetcast::actors
