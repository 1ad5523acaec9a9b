#include "actors/serve/acceptor.hpp"

#include "actors/observe/log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <utility>

namespace fleetcast::actors {

namespace asio = boost::asio;

namespace {

std::string name_of(const asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;
  std::ostringstream text;
  text << "client " << socket.remote_endpoint(ignored);
  return text.str();
}

/// The connection that was waiting is gone; the next one is none the worse for it.
bool is_peers_fault(const boost::system::error_code& error) {
  return error == asio::error::connection_aborted || error == asio::error::connection_reset
         || error.value() == EPROTO || error.value() == EINTR;
}

/// What the deadline for a request reports, only earlier.
protocol::failure lost_its_place() {
  return {protocol::failure_code::connect_timeout, 0,
          "the client's request did not arrive, and others wanted its place"};
}

constexpr std::chrono::milliseconds at_once{1};

/// Between two lines in the log about addresses that have as many connections as they may.
constexpr std::chrono::minutes full_line_pause{1};

} // namespace

admission::admission(std::shared_ptr<acceptor> from, entrance::ticket ticket,
                     entrance::address source)
  : acceptor_(std::move(from)),
    ticket_(ticket),
    source_(std::move(source)) {
  ++acceptor_->connections_;
  ++acceptor_->pending_;
}

admission::~admission() {
  leave_pending();
  acceptor_->leave(source_);
  --acceptor_->connections_; // last: the next one may come as soon as it is seen
}

void admission::await_request() {
  acceptor_->await_request(ticket_);
}

void admission::leave_pending() {
  if (std::exchange(is_pending_, false))
    acceptor_->leave_pending(ticket_);
}

acceptor::acceptor(io::io_thread& io, listening_sockets sockets, io::tls_context context,
                   const control_limits& limits)
  : io_(io.context()),
    sockets_(std::move(sockets)),
    context_(std::move(context)),
    limits_(limits),
    pause_(io_),
    room_(std::make_shared<waiting_room>(
      io_, entrance::rules{limits.pending, limits.pending_per_source, limits.pending_grace,
                           limits.shortest_pending_grace})),
    places_(limits.connections),
    full_(full_line_pause),
    is_accepting_(sockets_.sockets().size(), false) {}

void acceptor::start(callback on_accepted) {
  asio::post(io_, [me = shared_from_this(), f = std::move(on_accepted)]() mutable {
    me->callback_ = std::move(f);
    me->room_->open(me->weak_from_this(), &acceptor::begin, &acceptor::close_slow);
    me->accept_all();
  });
}

void acceptor::stop() {
  asio::post(io_, [me = shared_from_this()] {
    me->is_stopped_ = true;
    me->callback_ = nullptr;
    me->pause_.cancel();
    me->room_->close();
    error_code ignored;
    for (auto& socket : me->sockets_.sockets())
      socket.close(ignored);
  });
}

acceptor::counters acceptor::count() const noexcept {
  return {accepted_.load(),    turned_away_.load(), failed_.load(),
          connections_.load(), pending_.load(),     room_->size()};
}

void acceptor::accept_all() {
  for (std::size_t i = 0; i < is_accepting_.size(); ++i)
    accept(i);
}

void acceptor::accept(std::size_t which) {
  if (is_stopped_ || is_paused_ || is_accepting_[which])
    return;
  is_accepting_[which] = true;
  sockets_.sockets()[which].async_accept(
    [me = shared_from_this(), which](const error_code& error, tcp::socket socket) {
      me->is_accepting_[which] = false;
      me->on_accepted(which, error, std::move(socket));
    });
}

void acceptor::on_accepted(std::size_t which, const error_code& error, tcp::socket socket) {
  if (is_stopped_)
    return;
  if (!error)
    admit(std::move(socket));
  else if (!is_peers_fault(error))
    return pause();
  accept(which);
}

void acceptor::admit(tcp::socket socket) {
  const auto taken = std::min<std::size_t>(connections_, limits_.connections);
  if (!room_->arrive(std::move(socket), limits_.connections - taken))
    ++turned_away_;
}

void acceptor::begin(entrance::ticket ticket, tcp::socket socket) {
  error_code ignored;
  const auto source = source_of(socket.remote_endpoint(ignored).address());
  if (!places_.take(source))
    return turn_away(ticket, source);
  ++accepted_;
  auto place = std::make_shared<admission>(shared_from_this(), ticket, source);
  auto name = name_of(socket);
  auto connection = std::make_shared<io::tls_connection>(
    std::move(socket), context_, io::tls_connection::role::server, std::move(name));
  begun_.emplace(ticket, connection);
  callback_({std::move(connection), std::move(place)});
}

void acceptor::turn_away(entrance::ticket ticket, const entrance::address& source) {
  ++turned_away_;
  if (const auto left_out = full_.due(rare_line::clock::now()))
    log("control_listener")
      .warn("closed a connection from {}: the limit of connections of one address (IPv6: one /64) "
            "is reached. It has {} of {}, and three times as many must be free as an address has "
            "({} more closed since the last such line)",
            source.to_string(), places_.held_by(source), limits_.connections, *left_out);
  room_->leave(ticket);
}

void acceptor::close_slow(entrance::ticket ticket) {
  const auto connection = begun_.extract(ticket).mapped().lock();
  // As its own deadline would; a request that comes right now still sets that aside.
  if (connection)
    connection->expire_after(at_once, lost_its_place());
}

void acceptor::pause() {
  ++failed_;
  is_paused_ = true;
  pause_.expires_after(limits_.accept_pause);
  pause_.async_wait([me = shared_from_this()](const error_code& error) {
    if (error)
      return;
    me->is_paused_ = false;
    me->accept_all();
  });
}

void acceptor::await_request(entrance::ticket ticket) {
  asio::post(io_, [me = shared_from_this(), ticket] { me->room_->began(ticket); });
}

void acceptor::leave_pending(entrance::ticket ticket) {
  --pending_;
  asio::post(io_, [me = shared_from_this(), ticket] {
    me->begun_.erase(ticket);
    me->room_->leave(ticket);
  });
}

void acceptor::leave(const entrance::address& source) {
  asio::post(io_, [me = shared_from_this(), source] { me->places_.give_back(source); });
}

} // namespace fleetcast::actors
