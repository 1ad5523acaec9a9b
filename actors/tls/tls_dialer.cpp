#include "actors/tls/tls_dialer.hpp"

#include "actors/io/name_lookup.hpp"
#include "actors/trust/known_servers.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <utility>

#include <fcntl.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

namespace asio = boost::asio;

/// A name with more addresses than that is a mistake or an attack.
constexpr std::size_t max_candidates = 16;

/// "[::1]" as "::1"; people copy addresses with their brackets.
std::string without_brackets(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

struct explanation {
  failure_code code;
  const char* remedy;
};

explanation explain(const boost::system::error_code& error) {
  switch (error.value()) {
    case ECONNREFUSED:
      return {
        failure_code::connection_refused,
        "Is `fleetcast serve` running there, and does its --listen cover this address and port?"};
    case ETIMEDOUT:
      return {failure_code::connect_timeout,
              "Is the host up, and does a firewall let TCP through to that port?"};
    case EHOSTUNREACH:
    case EHOSTDOWN:
      return {failure_code::host_unreachable, "Is the host up and attached to its network?"};
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return {failure_code::network_unreachable,
              "Is there a route to that network? See: ip route get ADDRESS"};
    default:
      return {failure_code::network_fault,
              "The system refused the connection; look for a firewall on this host or a limit of "
              "this process"};
  }
}

/// The more a failure says about the server itself, the better it explains the whole.
int weight(failure_code code) {
  switch (code) {
    case failure_code::connection_refused:
      return 4;
    case failure_code::connect_timeout:
      return 3;
    case failure_code::host_unreachable:
      return 2;
    case failure_code::network_fault:
      return 1;
    default:
      return 0;
  }
}

} // namespace

tls_dialer::tls_dialer(boost::asio::io_context& context, const std::string& host,
                       std::uint16_t port, client_credentials credentials, limits bounds,
                       events callbacks)
  : io_(context),
    host_(without_brackets(host)),
    port_(port),
    name_(host_and_port(host_, port)),
    credentials_(std::move(credentials)),
    limits_(bounds),
    events_(std::move(callbacks)),
    resolver_(context),
    total_(context),
    attempt_(context),
    backup_(context) {}

void tls_dialer::start() {
  asio::post(io_, [me = shared_from_this()] {
    if (me->is_over_)
      return;
    me->total_.expires_after(me->limits_.total);
    me->total_.async_wait([weak = me->weak_from_this()](const error_code& error) {
      if (auto self = weak.lock(); self && !error)
        self->fail(self->too_late());
    });
    me->resolve();
  });
}

void tls_dialer::abandon() {
  asio::post(io_, [me = shared_from_this()] {
    me->events_ = {};
    if (me->connection_)
      me->connection_->abandon();
    me->fail({});
  });
}

// -- name -----------------------------------------------------------------------------------------

void tls_dialer::resolve() {
  // An address needs no resolver, and its thread may be busy with a name server that is gone.
  error_code not_an_address;
  const auto address = asio::ip::make_address(host_, not_an_address);
  if (!not_an_address) {
    candidates_.emplace_back(address, port_);
    return try_next();
  }
  // Cancelling does not interrupt it: whoever destroys the io_context waits for the lookup under way.
  auto refused = look_up(
    resolver_, host_, port_,
    [me = shared_from_this()](const error_code& error, const tcp::resolver::results_type& results) {
      if (!me->is_over_)
        me->on_resolved(error, results);
    });
  if (refused)
    fail(std::move(refused).in_context("could not connect to " + name_));
}

void tls_dialer::on_resolved(const error_code& error, const tcp::resolver::results_type& results) {
  if (error)
    return fail({failure_code::name_unresolved, static_cast<std::uint32_t>(error.value()),
                 "could not connect to " + name_ + ": the name '" + host_
                   + "' could not be resolved: " + error.message()
                   + ". Check its spelling and this host's name service (getent hosts '" + host_
                   + "'), or give the server's address"});
  for (const auto& result : results) {
    const auto& address = result.endpoint();
    const bool is_new
      = std::find(candidates_.begin(), candidates_.end(), address) == candidates_.end();
    if (is_new && candidates_.size() < max_candidates)
      candidates_.push_back(address);
  }
  try_next();
}

// -- addresses ------------------------------------------------------------------------------------

void tls_dialer::try_next() {
  drop_attempts();
  if (next_ == candidates_.size())
    return fail(all_failed());
  const auto& address = candidates_[next_++];
  if (const auto error = connect(address))
    return give_up(address, error);
  // What a second socket lacks is no failure: the first one goes on.
  arm(backup_, limits_.backup, [this, address] { (void)connect(address); });
  // The last address may use all the time that is left.
  if (next_ < candidates_.size())
    arm(attempt_, limits_.attempt, [this, address] { give_up(address, asio::error::timed_out); });
}

void tls_dialer::give_up(const tcp::endpoint& address, const error_code& error) {
  failed_.push_back({address, error});
  try_next();
}

tls_dialer::error_code tls_dialer::connect(const tcp::endpoint& address) {
  error_code error;
  const auto socket = std::make_shared<tcp::socket>(io_);
  socket->open(address.protocol(), error);
  if (error)
    return error;
  // A program that our host program starts must not keep the connection open after us.
  ::fcntl(socket->native_handle(), F_SETFD, FD_CLOEXEC);
  attempts_.push_back(socket);
  socket->async_connect(address, [me = shared_from_this(), socket](const error_code& result) {
    me->on_connected(socket, result);
  });
  return error;
}

void tls_dialer::arm(asio::steady_timer& timer, duration wait, std::function<void()> late) {
  timer.expires_after(wait);
  timer.async_wait(
    [weak = weak_from_this(), which = next_, late = std::move(late)](const error_code& cancelled) {
      const auto me = weak.lock();
      if (me && !cancelled && !me->is_over_ && me->next_ == which)
        late();
    });
}

void tls_dialer::on_connected(const std::shared_ptr<tcp::socket>& socket, const error_code& error) {
  const auto mine = std::find(attempts_.begin(), attempts_.end(), socket);
  if (is_over_ || mine == attempts_.end())
    return; // one that was dropped
  attempts_.erase(mine);
  if (!error) {
    drop_attempts();
    return shake_hands(std::move(*socket));
  }
  give_up(candidates_[next_ - 1], error);
}

void tls_dialer::drop_attempts() {
  attempt_.cancel();
  backup_.cancel();
  error_code ignored;
  for (const auto& socket : attempts_)
    socket->close(ignored);
  attempts_.clear();
}

failure tls_dialer::all_failed() const {
  failure result{failure_code::network_fault, 0, "could not connect to " + name_ + ":"};
  if (failed_.empty()) {
    result.code = failure_code::name_unresolved;
    result.text += " the name has no address";
    return result;
  }
  const auto* telling = &failed_.front();
  std::ostringstream text;
  for (const auto& each : failed_) {
    text << (&each == &failed_.front() ? " " : "; ") << each.address << ": "
         << each.error.message();
    if (weight(explain(each.error).code) > weight(explain(telling->error).code))
      telling = &each;
  }
  const auto why = explain(telling->error);
  result.code = why.code;
  result.detail = static_cast<std::uint32_t>(telling->error.value());
  result.text += text.str() + ". " + why.remedy;
  return result;
}

failure tls_dialer::too_late() const {
  const auto seconds = std::chrono::duration<double>(limits_.total).count();
  std::ostringstream text;
  text << "could not connect to " << name_ << " within " << seconds << " s: ";
  if (connection_)
    return {
      failure_code::connect_timeout, 0,
      text.str()
        + "the TCP connection was made, but the TLS handshake did not end. Is that address and "
          "port `fleetcast serve`'s, and is its host overloaded?"};
  if (candidates_.empty())
    return {failure_code::connect_timeout, 0,
            text.str() + "the name was not resolved. Is this host's name server up?"};
  text << candidates_[next_ - 1] << " does not answer";
  return {failure_code::connect_timeout, ETIMEDOUT,
          text.str() + ". " + explain(asio::error::timed_out).remedy};
}

tls_dialer::duration tls_dialer::time_left() const {
  const auto left
    = std::chrono::duration_cast<duration>(total_.expiry() - std::chrono::steady_clock::now());
  return std::max(left, duration{1});
}

// -- handshake ------------------------------------------------------------------------------------

void tls_dialer::shake_hands(tcp::socket connected) {
  auto context = make_client_context(std::move(credentials_));
  if (!context)
    return fail(std::move(context.error()));
  connection_ = std::make_shared<tls_connection>(std::move(connected), std::move(*context),
                                                 tls_connection::role::client, name_);
  total_.cancel();
  is_over_ = true; // for the dialling: the connection reports from here on
  auto callbacks = std::exchange(events_, {});
  tls_connection::events forwarded;
  forwarded.ready = [weak = std::weak_ptr{connection_},
                     ready = std::move(callbacks.ready)](const peer_identity& who) {
    if (auto connection = weak.lock())
      ready(connection, who);
  };
  forwarded.message = std::move(callbacks.message);
  forwarded.closed = std::move(callbacks.closed);
  connection_->start(std::move(forwarded), time_left(), too_late());
}

void tls_dialer::fail(failure reason) {
  if (std::exchange(is_over_, true))
    return;
  resolver_.cancel();
  total_.cancel();
  drop_attempts();
  const auto last = std::exchange(events_, {});
  if (last.closed)
    last.closed(std::move(reason));
}

} // namespace fleetcast::actors::io
