#include "actors/fleet/link_network.hpp"

#include "actors/fleet/link_handshake.hpp"
#include "actors/fleet/link_scribe.hpp"
#include "actors/io/name_lookup.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/io/middleman.hpp>

#include <future>
#include <string>
#include <utility>

#include <fcntl.h>

namespace fleetcast::actors::fleet {

namespace asio = boost::asio;

namespace {

/// CAF's own part of making a connection; what is left of it is one round trip.
constexpr std::chrono::seconds broker_patience{4};

failure_code code_of(const boost::system::error_code& error) {
  if (error == asio::error::connection_refused)
    return failure_code::connection_refused;
  if (error == asio::error::host_unreachable)
    return failure_code::host_unreachable;
  if (error == asio::error::network_unreachable)
    return failure_code::network_unreachable;
  if (error == asio::error::timed_out)
    return failure_code::connect_timeout;
  return failure_code::network_fault;
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
      to_(std::move(to)),
      resolver_(network_->io_.context()),
      socket_(network_->io_.context()),
      timer_(network_->io_.context()) {}

  void start() {
    timer_.expires_after(link_network::dial_limit);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
      if (auto me = weak.lock(); me && !cancelled)
        me->fail({failure_code::connect_timeout, 0,
                  me->what() + "nothing answers; is the host up, and the way to it open?"});
    });
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(host_.name, not_an_address);
    if (!not_an_address)
      return connect(std::vector{tcp::endpoint{address, host_.port}});
    auto looked_up = [me = shared_from_this()](const boost::system::error_code& error,
                                               const tcp::resolver::results_type& found) {
      if (me->over_)
        return;
      if (error)
        return me->fail({failure_code::name_unresolved, is_final(error),
                         me->what() + "the name cannot be resolved: " + error.message()});
      std::vector<tcp::endpoint> all;
      for (const auto& each : found)
        all.push_back(each.endpoint());
      me->connect(all);
    };
    if (auto refused = io::look_up(resolver_, host_.name, host_.port, std::move(looked_up)))
      fail(std::move(refused).in_context("no connection to " + host_.name + " port "
                                         + std::to_string(host_.port)));
  }

  void abandon() { fail({failure_code::cancelled, 0, "given up"}); }

private:
  /// The name server is sure that there is no such host. 1 or 0: a failure's detail.
  static std::uint32_t is_final(const boost::system::error_code& error) noexcept {
    return error == asio::error::host_not_found || error == asio::error::no_data ? 1 : 0;
  }

  std::string what() const {
    return "no connection to " + host_.name + " port " + std::to_string(host_.port) + ": ";
  }

  void connect(const std::vector<tcp::endpoint>& addresses) {
    if (!network_->context_)
      for (const auto& address : addresses)
        if (!address.address().is_loopback())
          return fail({failure_code::invalid_request, 0,
                       what()
                         + "without certificates only agents on this host are spoken to; see "
                           "fleetcast fleet cert --help"});
    asio::async_connect(
      socket_, addresses,
      [me = shared_from_this()](const boost::system::error_code& error, const tcp::endpoint&) {
        if (me->over_)
          return;
        if (error)
          return me->fail({code_of(error), 0,
                           me->what() + error.message() + "; does `fleetcast agent` run there?"});
        me->shake_hands();
      });
  }

  void shake_hands() {
    ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
    handshake_
      = std::make_shared<link_handshake>(std::move(socket_), network_->context_, host_.name);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      timer_.expiry() - std::chrono::steady_clock::now());
    timer_.cancel();
    handshake_->start(std::max(left, std::chrono::milliseconds{1}),
                      [me = shared_from_this()](link_handshake::result link) {
                        if (!link)
                          return me->fail(std::move(link.error())
                                            .in_context("the agent at " + me->host_.name + " port "
                                                        + std::to_string(me->host_.port)));
                        me->hand_over(std::move(*link));
                      });
  }

  void hand_over(open_link link) {
    if (over_)
      return;
    auto scribe
      = make_scribe(network_->system_, std::move(link), link_role::coordinator, network_->border_);
    if (!scribe)
      return fail(
        std::move(scribe.error())
          .in_context("no connection to " + host_.name + " port " + std::to_string(host_.port)));
    over_ = true;
    caf::anon_send(network_->introducer_, caf::connect_atom::value, *std::move(scribe), host_.port,
                   number_, std::exchange(to_, nullptr));
    leave();
  }

  void fail(failure reason) {
    if (std::exchange(over_, true))
      return;
    caf::anon_send(std::exchange(to_, nullptr), link_failed{number_, std::move(reason)});
    leave();
  }

  void leave() {
    timer_.cancel();
    resolver_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (const auto handshake = std::exchange(handshake_, nullptr))
      handshake->abandon({});
    network_->dials_.erase(shared_from_this());
  }

  std::shared_ptr<link_network> network_;
  fleet_host host_;
  std::size_t number_;
  link_sink_actor to_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer timer_;
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
