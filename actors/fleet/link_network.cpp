#include "actors/fleet/link_network.hpp"

#include "actors/fleet/link_handshake.hpp"
#include "actors/fleet/link_scribe.hpp"
#include "actors/tls/tcp_dialer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <caf/io/middleman.hpp>

#include <chrono>
#include <future>
#include <string>
#include <utility>

namespace fleetcast::actors::fleet {

namespace asio = boost::asio;

namespace {

/// CAF's own part of making a connection; what is left of it is one round trip.
constexpr std::chrono::seconds broker_patience{4};

/// An address has its share of the time, and no second socket: a host that does not answer is dialled again in a second
/// anyway, and thousands may be down at once, for which descriptors would not suffice twice.
constexpr io::tcp_dialer::limits dial_limits{link_network::dial_limit, link_network::dial_limit,
                                             std::chrono::milliseconds{0}};

/// What the name server says for sure, waiting does not mend.
campaign::prospect prospect_after(const boost::system::error_code& cause) noexcept {
  return cause == asio::error::host_not_found || cause == asio::error::no_data
           ? campaign::prospect::no_such_host
           : campaign::prospect::open;
}

failure refuse_remote(const asio::ip::tcp::endpoint& address) {
  if (address.address().is_loopback())
    return {};
  return {failure_code::invalid_request, 0,
          "without certificates only agents on this host are spoken to; see fleetcast fleet cert "
          "--help"};
}

failure not_an_agent() {
  return {failure_code::unsupported_version, 0,
          "what answers there does not understand this coordinator; is it of another version?"};
}

/// Asks CAF for the agents at the other ends of fresh connections. One actor for all, since an actor that
/// is spawned on the I/O thread would tie that thread to its actor system for good.
caf::behavior introducer(caf::event_based_actor* self, const caf::actor& broker) {
  return {
    [=](caf::connect_atom, caf::io::scribe_ptr& link, std::uint16_t port, std::size_t number,
        const link_sink_actor& to) {
      self->request(broker, broker_patience, caf::connect_atom::value, std::move(link), port)
        .then(
          [=](const caf::node_id&, const caf::strong_actor_ptr& agent,
              const std::set<std::string>& understands) {
            const auto wanted = self->system().message_types<agent_actor>();
            if (!agent || !self->system().assignable(understands, wanted))
              return self->send(to, link_failed{number, not_an_agent()});
            self->send(to, link_up{number, caf::actor_cast<agent_actor>(agent)});
          },
          [=](const caf::error& error) {
            self->send(to, link_failed{number,
                                       {failure_code::connection_lost, 0,
                                        "connected, but the actor network did not begin: "
                                          + self->system().render(error)}});
          });
    },
  };
}

} // namespace

/// One attempt to reach one agent.
class link_dial : public std::enable_shared_from_this<link_dial> {
public:
  using tcp = asio::ip::tcp;

  link_dial(std::shared_ptr<link_network> network, fleet_host host, std::size_t number,
            link_sink_actor to)
    : network_(std::move(network)),
      host_(std::move(host)),
      number_(number),
      to_(std::move(to)) {}

  void start() {
    io::tcp_dialer::target target{host_.name, host_.port, "fleetcast agent", nullptr};
    if (!network_->context_)
      target.objection = refuse_remote;
    const auto dialling = std::make_shared<io::tcp_dialer>(
      network_->io_.context(), std::move(target), dial_limits,
      [me = shared_from_this()](tl::expected<tcp::socket, io::tcp_dialer::unreached> way) {
        if (!way)
          return me->fail(std::move(way.error().reason), prospect_after(way.error().cause));
        me->shake_hands(std::move(*way), me->dialling_.lock()->time_left());
      });
    dialling_ = dialling;
    dialling->start();
  }

  void abandon() { fail({failure_code::cancelled, 0, "given up"}); }

private:
  std::string agent() const {
    return "the agent at " + host_.name + " port " + std::to_string(host_.port);
  }

  void shake_hands(tcp::socket socket, std::chrono::milliseconds limit) {
    handshake_
      = std::make_shared<link_handshake>(std::move(socket), network_->context_, host_.name);
    handshake_->start(limit, [me = shared_from_this()](link_handshake::result link) {
      if (link)
        return me->hand_over(std::move(*link));
      me->fail(std::move(link.error().reason).in_context(me->agent()),
               link.error().is_for_another_name ? campaign::prospect::another_name
                                                : campaign::prospect::open);
    });
  }

  void hand_over(open_link link) {
    if (over_)
      return;
    auto scribe
      = make_scribe(network_->system_, std::move(link), link_role::coordinator, network_->border_);
    if (!scribe)
      return fail(std::move(scribe.error()).in_context(agent()));
    over_ = true;
    caf::anon_send(network_->introducer_, caf::connect_atom::value, *std::move(scribe), host_.port,
                   number_, std::exchange(to_, nullptr));
    leave();
  }

  void fail(failure reason, campaign::prospect later = campaign::prospect::open) {
    if (std::exchange(over_, true))
      return;
    caf::anon_send(std::exchange(to_, nullptr), link_failed{number_, std::move(reason), later});
    leave();
  }

  void leave() {
    if (const auto dialling = dialling_.lock())
      dialling->abandon();
    if (const auto handshake = std::exchange(handshake_, nullptr))
      handshake->abandon({});
    network_->dials_.erase(shared_from_this());
  }

  std::shared_ptr<link_network> network_;
  fleet_host host_;
  std::size_t number_;
  link_sink_actor to_;
  std::weak_ptr<io::tcp_dialer> dialling_; ///< which holds this one
  std::shared_ptr<link_handshake> handshake_;
  bool over_ = false;
};

link_network::link_network(caf::actor_system& system, io::io_thread& io, link_context context,
                           link_border border)
  : system_(system),
    io_(io),
    context_(std::move(context)),
    border_(std::move(border)),
    introducer_(system.spawn(introducer, network_broker(system, border_))) {}

void link_network::dial(const fleet_host& host, std::size_t number, link_sink_actor to) {
  auto one = std::make_shared<link_dial>(shared_from_this(), host, number, std::move(to));
  asio::post(io_.context(), [this, one = std::move(one)] {
    if (closed_)
      return one->abandon();
    dials_.insert(one);
    one->start();
  });
}

void link_network::close() {
  std::promise<void> done;
  asio::post(io_.context(), [this, &done] {
    closed_ = true;
    // Each takes itself off the set.
    const auto all = dials_;
    for (const auto& one : all)
      one->abandon();
    // What was cancelled completes behind this, and lets go of its actors.
    asio::post(io_.context(), [this, &done] {
      caf::anon_send_exit(introducer_, caf::exit_reason::user_shutdown);
      introducer_ = nullptr;
      done.set_value();
    });
  });
  done.get_future().wait();
}

} // namespace fleetcast::actors::fleet
