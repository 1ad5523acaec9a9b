#include "actors/serve/acceptor.hpp"

#include <boost/asio/post.hpp>

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

} // namespace

admission::admission(std::shared_ptr<acceptor> from, entrance::ticket ticket)
  : acceptor_(std::move(from)),
    ticket_(ticket) {
  ++acceptor_->connections_;
  ++acceptor_->pending_;
}

admission::~admission() {
  leave_pending();
  --acceptor_->connections_;
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
    place_due_(io_),
    entrance_({limits.pending, limits.pending_per_source, limits.pending_grace}),
    is_accepting_(sockets_.sockets().size(), false) {}

void acceptor::start(callback on_accepted) {
  asio::post(io_, [me = shared_from_this(), f = std::move(on_accepted)]() mutable {
    me->callback_ = std::move(f);
    me->accept_all();
  });
}

void acceptor::stop() {
  asio::post(io_, [me = shared_from_this()] {
    me->is_stopped_ = true;
    me->callback_ = nullptr;
    me->pause_.cancel();
    me->place_due_.cancel();
    me->waiting_.clear();
    me->waiting_count_ = 0;
    error_code ignored;
    for (auto& socket : me->sockets_.sockets())
      socket.close(ignored);
  });
}

acceptor::counters acceptor::count() const noexcept {
  return {accepted_.load(),    turned_away_.load(), failed_.load(),
          connections_.load(), pending_.load(),     waiting_count_.load()};
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
  error_code ignored;
  const auto from = source_of(socket.remote_endpoint(ignored).address());
  waiting_.emplace(entrance_.arrive(from), std::move(socket));
  // Closing is what the socket's destruction does.
  if (connections_ + waiting_.size() > limits_.connections) {
    waiting_.erase(entrance_.turn_away());
    ++turned_away_;
  }
  let_in();
}

void acceptor::let_in() {
  if (is_stopped_)
    return;
  while (const auto step = entrance_.next(entrance::clock::now())) {
    if (step->leaves)
      close_slow(*step->leaves);
    begin(step->enters);
  }
  waiting_count_ = waiting_.size();
  const auto due = entrance_.due();
  if (!due)
    return;
  place_due_.expires_at(*due);
  place_due_.async_wait([me = shared_from_this()](const error_code& error) {
    if (!error)
      me->let_in();
  });
}

void acceptor::begin(entrance::ticket ticket) {
  ++accepted_;
  auto socket = std::move(waiting_.extract(ticket).mapped());
  auto place = std::make_shared<admission>(shared_from_this(), ticket);
  auto name = name_of(socket);
  auto connection = std::make_shared<io::tls_connection>(
    std::move(socket), context_, io::tls_connection::role::server, std::move(name));
  begun_.emplace(ticket, connection);
  callback_({std::move(connection), std::move(place)});
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
  asio::post(io_, [me = shared_from_this(), ticket] {
    me->entrance_.began(ticket, entrance::clock::now());
    me->let_in();
  });
}

void acceptor::leave_pending(entrance::ticket ticket) {
  --pending_;
  asio::post(io_, [me = shared_from_this(), ticket] {
    me->entrance_.leave(ticket);
    me->begun_.erase(ticket);
    me->let_in();
  });
}

} // namespace fleetcast::actors
