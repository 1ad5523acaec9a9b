#include "actors/control/acceptor.hpp"

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

} // namespace

admission::admission(std::shared_ptr<acceptor> from) : acceptor_(std::move(from)) {
  ++acceptor_->connections_;
  ++acceptor_->pending_;
}

admission::~admission() {
  leave_pending();
  --acceptor_->connections_;
}

void admission::leave_pending() {
  if (std::exchange(is_pending_, false))
    acceptor_->leave_pending();
}

acceptor::acceptor(io::io_thread& io, listening_sockets sockets, io::tls_context context,
                   const control_limits& limits)
  : io_(io.context()),
    sockets_(std::move(sockets)),
    context_(std::move(context)),
    limits_(limits),
    pause_(io_),
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
    error_code ignored;
    for (auto& socket : me->sockets_.sockets())
      socket.close(ignored);
  });
}

acceptor::counters acceptor::count() const noexcept {
  return {accepted_.load(), turned_away_.load(), failed_.load(), connections_.load(),
          pending_.load()};
}

void acceptor::accept_all() {
  for (std::size_t i = 0; i < is_accepting_.size(); ++i)
    accept(i);
}

void acceptor::accept(std::size_t which) {
  if (is_stopped_ || is_paused_ || is_accepting_[which] || pending_ >= limits_.pending)
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
  // Closing is what the socket's destruction does.
  if (connections_ >= limits_.connections) {
    ++turned_away_;
    return;
  }
  ++accepted_;
  auto place = std::make_shared<admission>(shared_from_this());
  auto name = name_of(socket);
  auto connection = std::make_shared<io::tls_connection>(
    std::move(socket), context_, io::tls_connection::role::server, std::move(name));
  callback_({std::move(connection), std::move(place)});
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

void acceptor::leave_pending() {
  --pending_;
  asio::post(io_, [me = shared_from_this()] { me->accept_all(); });
}

} // namespace fleetcast::actors
