/// The children of a receive session, on real sockets.
#include "actors/io/address_bytes.hpp"
#include "actors/io/block_pool.hpp"
#include "actors/io/ip_reassembly.hpp"
#include "actors/io/network_interface.hpp"
#include "actors/io/routes.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/receive/control_client.hpp"
#include "actors/receive/held_ranges.hpp"
#include "actors/receive/reassembly.hpp"
#include "actors/receive/session.hpp"
#include "actors/receive/writer.hpp"
#include "actors/socket_reader.hpp"
#include "protocol/block_shape.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace fleetcast::actors {

namespace {

namespace asio = boost::asio;
using asio::ip::address;

/// Blocks of memory for a session: the default cache for assembly, and on top what the consumer may
/// hold, so that its credit does not eat into the window. Bounded: a consumer that asks for more credit than
/// this gets it in bytes, but not in memory at once.
std::size_t cache_blocks_for(std::uint64_t cache_bytes, std::size_t block_size) {
  constexpr std::size_t most = 4096;
  const auto held = std::min<std::uint64_t>(cache_bytes / block_size + 1, most);
  return std::max(protocol::defaults::cache_blocks,
                  static_cast<std::size_t>(held) + protocol::defaults::cache_blocks / 2);
}

tl::expected<address, failure> address_from(const protocol::wire::endpoint& from, unsigned scope) {
  const auto found = io::address_of(from.address);
  if (!found)
    return tl::unexpected{failure{failure_code::invalid_request, 0,
                                  "the server announced an address of "
                                    + std::to_string(from.address.size()) + " bytes"}};
  if (found->is_v4())
    return *found;
  auto result = found->to_v6();
  if (result.is_link_local() || result.is_multicast_link_local())
    result.scope_id(scope);
  return result;
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

class network final : public receive_session_parts {
public:
  explicit network(io::io_thread& io) : io_(io) {}

  control_client_actor connect(caf::scheduled_actor& session, const receive_request& request,
                               const receive_session_actor& self) override {
    using link_pointer = control_client_link::stateful_pointer<control_client_state>;
    const auto start = [io = &io_, self](link_pointer link, const receive_request& what) {
      return control_client(link, *io, what,
                            static_cast<std::uint32_t>(protocol::defaults::cache_blocks), self);
    };
    return session.spawn(start, request);
  }

  tl::expected<receiving, failure> receive(caf::scheduled_actor& session,
                                           const receive_request& request,
                                           const server_accepted& link,
                                           const consumer_actor& consumer,
                                           const receive_session_actor& self) override {
    const auto& accept = link.accept;
    const auto layout = layout_from(accept);
    if (!layout)
      return tl::unexpected{layout.error()};
    auto sockets = open_sockets(request, link);
    if (!sockets)
      return tl::unexpected{std::move(sockets.error())};
    const auto pool = io::block_pool::make(
      layout->block_size(), cache_blocks_for(request.cache_bytes, layout->block_size()));
    receiving result;
    result.block_size = static_cast<std::uint32_t>(layout->block_size());
    if (!accept.unverified)
      result.held = blocks_within(request.held, *layout);
    result.writer = session.spawn(writer, request.cache_bytes, consumer, self);
    result.reassembly = session.spawn(
      reassembly, reassembly_config{transmission_from(request, link, *layout, *sockets), pool,
                                    result.writer, self, result.held});
    result.group = sockets->group;
    result.path = std::move(sockets->path);
    return result;
  }

  tl::expected<next_reception, failure> receive_again(const receive_request& request,
                                                      const server_accepted& link,
                                                      const receiving& before) override {
    const auto layout = layout_from(link.accept);
    if (!layout)
      return tl::unexpected{layout.error()};
    if (layout->block_size() != before.block_size)
      return tl::unexpected{failure{failure_code::not_supported, 0,
                                    "the server that is back cuts objects into blocks of "
                                      + std::to_string(layout->block_size())
                                      + " bytes, the one before into blocks of "
                                      + std::to_string(before.block_size) + ". Start again"}};
    auto sockets = open_sockets(request, link);
    if (!sockets)
      return tl::unexpected{std::move(sockets.error())};
    return next_reception{transmission_from(request, link, *layout, *sockets), sockets->group,
                          std::move(sockets->path)};
  }

  std::uint64_t seed() const override { return random_seed(); }

  failure join_again(const receiving& group) override {
    return group.group->join_again(group.path->interface);
  }

  std::uint64_t reassembled_packets() const override { return io::reassembled_packets(); }

  socket_reader_actor read(caf::scheduled_actor& session, const receiving& into) override {
    return session.spawn(socket_reader, &io_, into.group,
                         caf::actor_cast<datagram_sink_actor>(into.reassembly));
  }

private:
  struct session_sockets {
    std::shared_ptr<const io::udp_socket> group;
    std::shared_ptr<const io::udp_socket> feedback;
    data_path path;
  };

  static tl::expected<protocol::geometry, failure>
  layout_from(const protocol::wire::session_accept& accept) {
    const auto layout
      = protocol::geometry::make(accept.object_size, accept.symbol_size, accept.source_symbols);
    if (!layout)
      return tl::unexpected{
        failure{failure_code::invalid_request, 0,
                "the server announced blocks of an impossible size, or more than "
                  + std::to_string(protocol::defaults::max_blocks)}};
    return *layout;
  }

  static incoming_transmission transmission_from(const receive_request& request,
                                                 const server_accepted& link,
                                                 const protocol::geometry& layout,
                                                 const session_sockets& sockets) {
    auto config = receiver_config_from(link, layout, sockets.path);
    config.keeps_digests = config.verified && request.patience > protocol::duration{0};
    return {std::move(config), sockets.feedback, sources_from(link.accept)};
  }

  static protocol::receiver_config receiver_config_from(const server_accepted& link,
                                                        const protocol::geometry& layout,
                                                        const data_path& path) {
    const auto& accept = link.accept;
    protocol::receiver_config c{.layout = layout};
    c.session_tag = accept.session_tag;
    c.lane = accept.lane;
    c.receiver_id = accept.receiver_id;
    c.transmission = accept.transmission;
    c.signing_key = accept.signing_key;
    c.suite = accept.suite;
    c.group_key = accept.group_key;
    c.receiver_key = accept.receiver_key;
    c.verified = !accept.unverified;
    c.anchored = c.verified && accept.features.has(protocol::wire::feature::anchors);
    c.fetches = c.anchored && accept.features.has(protocol::wire::feature::fetch);
    c.lower_headers = protocol::lower_headers(path.group.address().is_v6());
    c.seed = random_seed();
    c.knows_feedback_address = io::unmapped(link.peer) == path.feedback.address();
    if (!c.knows_feedback_address)
      c.first_feedback_packet = random_seed() >> 2U | 1U; // hard to guess, and with room to count
    return c;
  }

  static std::vector<address> sources_from(const protocol::wire::session_accept& accept) {
    std::vector<address> result;
    for (const auto& bytes : accept.sources)
      if (const auto source = address_from({bytes, 0}, 0))
        result.push_back(*source);
    return result;
  }

  static tl::expected<session_sockets, failure> open_sockets(const receive_request& request,
                                                             const server_accepted& link) {
    const auto server = feedback_target(request, link);
    if (!server)
      return tl::unexpected{server.error()};
    auto feedback = io::udp_socket::open_feedback_sender({}, *server);
    if (!feedback)
      return tl::unexpected{std::move(feedback.error())};
    const auto way = io::find_way(io::way_use::receive, request.interface, server->address(),
                                  feedback->local_endpoint().address());
    if (!way)
      return tl::unexpected{way.error()};
    if (leaves_from_named_address(*way, server->address()))
      feedback = io::udp_socket::open_feedback_sender(way->local, *server);
    if (!feedback)
      return tl::unexpected{std::move(feedback.error())};
    const auto group = address_from(link.accept.group, way->interface.index);
    if (!group)
      return tl::unexpected{group.error()};
    // A server that tells where the group comes from knows best.
    const auto& sources = link.accept.sources;
    const auto sender = sources.empty() ? tl::expected<address, failure>{server->address()}
                                        : address_from({sources.front(), 0}, way->interface.index);
    if (!sender)
      return tl::unexpected{sender.error()};
    data_path path{way->interface,
                   way->local,
                   {*group, link.accept.group.port},
                   *server,
                   feedback->local_endpoint(),
                   *sender,
                   protocol::packet_size(link.accept.symbol_size, group->is_v6()),
                   io::mtu_of(way->interface),
                   link.accept.ttl};
    auto group_socket = io::udp_socket::open_group_receiver(path.group, path.interface);
    if (!group_socket)
      return tl::unexpected{std::move(group_socket.error())};
    return session_sockets{std::make_shared<const io::udp_socket>(std::move(*group_socket)),
                           std::make_shared<const io::udp_socket>(std::move(*feedback)),
                           std::move(path)};
  }

  /// Where the server wants feedback.
  static tl::expected<io::udp_endpoint, failure> feedback_target(const receive_request& request,
                                                                 const server_accepted& link) {
    const auto& announced = link.accept.feedback;
    if (announced.address.empty())
      return io::udp_endpoint{link.peer, announced.port};
    const auto zone = zone_of(request, link);
    if (!zone)
      return tl::unexpected{zone.error()};
    const auto found = address_from(announced, *zone);
    if (!found)
      return tl::unexpected{found.error()};
    if (found->is_multicast() || found->is_unspecified())
      return tl::unexpected{failure{failure_code::invalid_request, 0,
                                    "the server wants feedback at " + found->to_string()
                                      + ", which is no address of one host"}};
    return io::udp_endpoint{*found, announced.port};
  }

  /// The link that a link-local address of the server is on, which the server cannot tell: the interface that was
  /// asked for, or else the control connection's. 0: not known.
  static tl::expected<unsigned, failure> zone_of(const receive_request& request,
                                                 const server_accepted& link) {
    const auto here = io::inventory::take();
    if (!here)
      return tl::unexpected{here.error()};
    if (!request.interface.empty())
      return io::find_interface(*here, request.interface).map([](const auto& found) {
        return found.interface.index;
      });
    const auto* ours = here->find(io::unmapped(link.local));
    return ours == nullptr ? 0 : ours->interface;
  }

  /// The address that was asked for is also that of feedback, if that leaves by its interface.
  static bool leaves_from_named_address(const io::way& way, const address& server) {
    if (!way.is_local_named)
      return false;
    const auto route = io::route_to(server, way.local);
    return route && route->interface == way.interface.index;
  }

  io::io_thread& io_;
};

} // namespace

std::shared_ptr<receive_session_parts> network_parts(io::io_thread& io) {
  return std::make_shared<network>(io);
}

} // namespace fleetcast::actors
