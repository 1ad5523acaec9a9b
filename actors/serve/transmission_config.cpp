#include "actors/serve/transmission_config.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

namespace {

/// What a packet may take: as much as the user says that the network takes, and the interface.
std::size_t room_for_packets(std::optional<std::size_t> of_interface, std::size_t of_network) {
  const auto wanted = of_network != 0 ? of_network : protocol::usual_mtu;
  return std::min(wanted, of_interface.value_or(wanted));
}

/// Null: there is no budget.
tl::expected<std::shared_ptr<const budget_lease>, failure>
part_of(const std::shared_ptr<server_budget>& budget) {
  if (!budget)
    return nullptr;
  if (auto part = budget->acquire())
    return std::make_shared<const budget_lease>(std::move(*part));
  return tl::unexpected{failure{
    failure_code::server_busy, 0,
    fmt::format("{} bit/s, which is all that this server may send (`serve --max-rate`), are too "
                "little for one more transmission beside those that run; try again later",
                budget->whole())}};
}

} // namespace

io::socket_options socket_options_of(const send_options& options) {
  io::socket_options result;
  result.feedback_ports = options.feedback_ports;
  return result;
}

tl::expected<send_session_config, failure> prepare_transmission(std::shared_ptr<content> object,
                                                                const io::way& way,
                                                                const send_options& options,
                                                                io::io_thread& io) {
  const auto& source = way.local.value();
  const auto mtu = io::mtu_of(way.interface);
  const auto shape = options.shape.value_or(
    protocol::shape_for(room_for_packets(mtu, options.mtu), source.is_v6()));
  const auto layout
    = protocol::geometry::make(object->size(), shape.symbol_size, shape.source_symbols);
  if (!layout)
    return tl::unexpected{failure{
      failure_code::invalid_request, 0,
      fmt::format(
        "{} has {} bytes, which cannot be sent in blocks of {} symbols of {} bytes: an object may "
        "have {} blocks",
        object->name(), object->size(), shape.source_symbols, shape.symbol_size,
        protocol::defaults::max_blocks)}};
  auto group = options.groups->acquire(source.is_v6());
  if (!group)
    return tl::unexpected{std::move(group.error())};
  auto socket = io::udp_socket::open_group_sender(way.interface, source, options.ttl,
                                                  socket_options_of(options));
  if (!socket)
    return tl::unexpected{std::move(socket.error())};
  data_path path{way.interface,
                 source,
                 group->endpoint(),
                 socket->local_endpoint(),
                 {},
                 source,
                 protocol::packet_size(shape.symbol_size, source.is_v6()),
                 mtu};
  auto budget = part_of(options.budget);
  if (!budget)
    return tl::unexpected{std::move(budget.error())};
  return send_session_config{std::move(object),
                             *layout,
                             std::make_shared<const io::udp_socket>(std::move(*socket)),
                             std::make_shared<group_lease>(std::move(*group)),
                             std::move(path),
                             std::move(*budget),
                             options,
                             &io};
}

} // namespace fleetcast::actors
