#include "actors/fleet/link_acceptor.hpp"

#include "actors/fleet/link_greeting.hpp"
#include "actors/observe/log.hpp"

#include <boost/asio/post.hpp>
#include <caf/io/middleman.hpp>

#include <future>
#include <sstream>
#include <utility>

#include <fcntl.h>

namespace fleetcast::actors::fleet {

namespace asio = boost::asio;

link_acceptor::link_acceptor(caf::actor_system& system, io::io_thread& io,
                             listening_sockets sockets, link_context context,
                             const agent_actor& agent, link_border border,
                             link_acceptor_limits limits)
  : system_(system),
    io_(io),
    sockets_(std::move(sockets)),
    context_(std::move(context)),
    border_(std::move(border)),
    limits_(limits),
    broker_(network_broker(system, border_)),
    agent_(caf::actor_cast<caf::strong_actor_ptr>(agent)),
    understands_(system.message_types(agent)),
    port_(sockets_.port()),
    pause_(io.context()),
    room_(std::make_shared<waiting_room>(
      io.context(),
      entrance::rules{limits_.pending, limits_.pending_per_source, limits_.grace, limits_.grace})),
    full_(limits_.quiet) {}

void link_acceptor::start() {
  asio::post(io_.context(), [me = shared_from_this()] {
    me->room_->open(me->weak_from_this(), &link_acceptor::shake_hands, &link_acceptor::close_slow);
    for (std::size_t i = 0; i < me->sockets_.sockets().size(); ++i)
      me->accept(i);
  });
}

void link_acceptor::use(link_context context) {
  asio::post(io_.context(), [me = shared_from_this(), context = std::move(context)]() mutable {
    me->context_ = std::move(context);
  });
}

void link_acceptor::close() {
  std::promise<void> done;
  asio::post(io_.context(), [this, &done] {
    closed_ = true;
    pause_.cancel();
    error_code ignored;
    for (auto& socket : sockets_.sockets())
      socket.close(ignored);
    room_->close();
    const auto all = pending_;
    for (const auto& [ticket, one] : all)
      one->abandon({});
    // What was cancelled completes behind this.
    asio::post(io_.context(), [this, &done] {
      broker_ = nullptr;
      agent_ = nullptr;
      done.set_value();
    });
  });
  done.get_future().wait();
}

void link_acceptor::accept(std::size_t which) {
  if (closed_)
    return;
  sockets_.sockets()[which].async_accept(
    [me = shared_from_this(), which](const error_code& error, tcp::socket socket) {
      if (me->closed_)
        return;
      if (!error) {
        me->admit(std::move(socket));
        return me->accept(which);
      }
      me->pause(which);
    });
}

/// Usually no descriptor is left. A peer that has already gone ends here, too; the pause does no harm. One pause serves all
/// sockets.
void link_acceptor::pause(std::size_t which) {
  const bool is_first = paused_.empty();
  paused_.push_back(which);
  if (!is_first)
    return;
  pause_.expires_after(limits_.pause);
  pause_.async_wait([me = shared_from_this()](const error_code&) {
    for (const auto each : std::exchange(me->paused_, {}))
      me->accept(each);
  });
}

void link_acceptor::admit(tcp::socket socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  if (!room_->arrive(std::move(socket), limits_.waiting))
    log().info("closed a connection: {} wait to prove who they are, and there may be no more",
               limits_.waiting);
}

void link_acceptor::shake_hands(entrance::ticket ticket, tcp::socket socket) {
  error_code ignored;
  std::ostringstream from;
  from << socket.remote_endpoint(ignored);
  // If the acceptor is gone, the link is closed anyway.
  auto greet = [weak = weak_from_this()] {
    const auto me = weak.lock();
    return me && me->is_full() ? greeting_when_full(me->limits_.links) : greeting();
  };
  auto handshake = std::make_shared<link_handshake>(std::move(socket), context_, std::move(greet));
  pending_.emplace(ticket, handshake);
  handshake->start(limits_.handshake, [me = shared_from_this(), ticket,
                                       name = from.str()](link_handshake::result link) {
    me->pending_.erase(ticket);
    me->room_->leave(ticket);
    if (me->closed_)
      return;
    if (link)
      me->hand_over(std::move(*link), name);
    else
      log().info("refused {}: {}", name, link.error().reason.text);
  });
  room_->began(ticket);
}

void link_acceptor::close_slow(entrance::ticket ticket) {
  const auto handshake = pending_.at(ticket);
  handshake->abandon(
    {failure_code::connect_timeout, 0, "it did not prove who it is, and others wanted its place"});
}

bool link_acceptor::is_full() const noexcept {
  return border_.tally->open_links() >= limits_.links;
}

void link_acceptor::hand_over(open_link link, const std::string& from) {
  const auto peer = link.peer.empty() ? std::string{"on this host"} : link.peer;
  // It was told so in its greeting, unless others came meanwhile.
  if (is_full())
    return turn_away(peer, from);
  auto scribe = make_scribe(system_, std::move(link), link_role::agent, border_);
  if (!scribe)
    return log().error("refused coordinator {} at {}: {}", peer, from, scribe.error().text);
  log().info("coordinator {} connected from {}", peer, from);
  caf::anon_send(broker_, caf::publish_atom::value, *std::move(scribe), port_, agent_,
                 understands_);
}

/// Whoever goes on trying must not fill the log.
void link_acceptor::turn_away(const std::string& peer, const std::string& from) {
  border_.tally->count_turned_away();
  if (const auto left_out = full_.due(rare_line::clock::now()))
    log().warn(
      "refused coordinator {} at {}: {} coordinators are connected, and there may be no more "
      "({} refused since the last such line)",
      peer, from, limits_.links, *left_out);
}

} // namespace fleetcast::actors::fleet
