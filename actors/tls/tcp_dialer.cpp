#include "actors/tls/tcp_dialer.hpp"

#include "actors/io/name_lookup.hpp"
#include "actors/trust/known_servers.hpp"

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

failure_code code_of(const boost::system::error_code& error) {
  switch (error.value()) {
    case ECONNREFUSED:
      return failure_code::connection_refused;
    case ETIMEDOUT:
      return failure_code::connect_timeout;
    case EHOSTUNREACH:
    case EHOSTDOWN:
      return failure_code::host_unreachable;
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return failure_code::network_unreachable;
    default:
      return failure_code::network_fault;
  }
}

std::string remedy_for(failure_code code, const std::string& program) {
  switch (code) {
    case failure_code::connection_refused:
      return "Is `" + program
             + "` running there, and does its --listen cover this address and port?";
    case failure_code::connect_timeout:
      return "Is the host up, and does a firewall let TCP through to that port?";
    case failure_code::host_unreachable:
      return "Is the host up and attached to its network?";
    case failure_code::network_unreachable:
      return "Is there a route to that network? See: ip route get ADDRESS";
    default:
      return "The system refused the connection; look for a firewall on this host or a limit of "
             "this process";
  }
}

/// The more a failure says about the other program itself, the better it explains the whole.
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

tcp_dialer::tcp_dialer(asio::io_context& context, target to, const limits& bounds, callback over)
  : io_(context),
    target_(std::move(to)),
    limits_(bounds),
    over_(std::move(over)),
    resolver_(context),
    total_(context),
    attempt_(context),
    backup_(context) {
  target_.host = without_brackets(target_.host);
  name_ = host_and_port(target_.host, target_.port);
}

void tcp_dialer::start() {
  begin();
  resolve();
}

void tcp_dialer::start(const std::vector<tcp::endpoint>& addresses) {
  begin();
  try_all(addresses);
}

void tcp_dialer::begin() {
  total_.expires_after(limits_.total);
  total_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
    if (auto me = weak.lock(); me && !cancelled)
      me->fail(me->too_late());
  });
}

void tcp_dialer::abandon() {
  over_ = nullptr;
  resolver_.cancel();
  total_.cancel();
  drop_attempts();
}

// -- name -----------------------------------------------------------------------------------------

void tcp_dialer::resolve() {
  // An address needs no resolver, and its thread may be busy with a name server that is gone.
  error_code not_an_address;
  const auto address = asio::ip::make_address(target_.host, not_an_address);
  if (!not_an_address)
    return try_all({{address, target_.port}});
  // Cancelling does not interrupt a lookup: destroying the io_context waits until it has ended.
  auto refused = look_up(
    resolver_, target_.host, target_.port,
    [me = shared_from_this()](const error_code& error, const tcp::resolver::results_type& results) {
      if (me->over_)
        me->on_resolved(error, results);
    });
  if (refused)
    fail(std::move(refused).in_context("could not connect to " + name_));
}

void tcp_dialer::on_resolved(const error_code& error, const tcp::resolver::results_type& results) {
  const auto& host = target_.host;
  if (error)
    return fail({failure_code::name_unresolved, static_cast<std::uint32_t>(error.value()),
                 "could not connect to " + name_ + ": the name '" + host
                   + "' could not be resolved: " + error.message()
                   + ". Check its spelling and this host's name service (getent hosts '" + host
                   + "'), or give an address instead"},
                error);
  std::vector<tcp::endpoint> addresses;
  for (const auto& result : results)
    addresses.push_back(result.endpoint());
  try_all(addresses);
}

// -- addresses ------------------------------------------------------------------------------------

void tcp_dialer::try_all(const std::vector<tcp::endpoint>& addresses) {
  for (const auto& address : addresses) {
    auto objection = target_.objection ? target_.objection(address) : failure{};
    if (objection)
      return fail(std::move(objection).in_context("could not connect to " + name_));
    const bool is_new
      = std::find(candidates_.begin(), candidates_.end(), address) == candidates_.end();
    if (is_new && candidates_.size() < max_candidates)
      candidates_.push_back(address);
  }
  try_next();
}

void tcp_dialer::try_next() {
  drop_attempts();
  if (next_ == candidates_.size())
    return fail_all();
  const auto share = share_of(time_left(), candidates_.size() - next_, limits_.attempt);
  const auto& address = candidates_[next_++];
  if (const auto error = connect(address))
    return give_up(address, error);
  // What a second socket lacks is no failure: the first one goes on.
  if (limits_.backup != duration::zero())
    arm(backup_, limits_.backup, [this, address] { (void)connect(address); });
  // The last address may use all the time that is left.
  if (next_ < candidates_.size())
    arm(attempt_, share, [this, address] { give_up(address, asio::error::timed_out); });
}

void tcp_dialer::give_up(const tcp::endpoint& address, const error_code& error) {
  failed_.push_back({address, error});
  try_next();
}

tcp_dialer::error_code tcp_dialer::connect(const tcp::endpoint& address) {
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

void tcp_dialer::arm(asio::steady_timer& timer, duration wait, std::function<void()> late) {
  timer.expires_after(wait);
  timer.async_wait(
    [weak = weak_from_this(), which = next_, late = std::move(late)](const error_code& cancelled) {
      const auto me = weak.lock();
      if (me && !cancelled && me->over_ && me->next_ == which)
        late();
    });
}

void tcp_dialer::on_connected(const std::shared_ptr<tcp::socket>& socket, const error_code& error) {
  const auto mine = std::find(attempts_.begin(), attempts_.end(), socket);
  if (!over_ || mine == attempts_.end())
    return; // one that was dropped
  attempts_.erase(mine);
  if (error)
    return give_up(candidates_[next_ - 1], error);
  finish(std::move(*socket));
}

void tcp_dialer::drop_attempts() {
  attempt_.cancel();
  backup_.cancel();
  error_code ignored;
  for (const auto& socket : attempts_)
    socket->close(ignored);
  attempts_.clear();
}

// -- end ------------------------------------------------------------------------------------------

void tcp_dialer::fail_all() {
  const auto start = "could not connect to " + name_ + ":";
  if (failed_.empty())
    return fail({failure_code::name_unresolved, 0, start + " the name has no address"});
  const auto telling = std::max_element(
    failed_.begin(), failed_.end(), [](const attempt_failure& one, const attempt_failure& other) {
      return weight(code_of(one.error)) < weight(code_of(other.error));
    });
  const auto code = code_of(telling->error);
  fail({code, static_cast<std::uint32_t>(telling->error.value()),
        start + story() + ". " + remedy_for(code, target_.program)},
       telling->error);
}

/// What became of each address.
std::string tcp_dialer::story() const {
  std::ostringstream text;
  for (const auto& each : failed_)
    text << (&each == &failed_.front() ? " " : "; ") << each.address << ": "
         << each.error.message();
  return text.str();
}

failure tcp_dialer::too_late() const {
  std::ostringstream text;
  text << "could not connect to " << name_ << " within "
       << std::chrono::duration<double>(limits_.total).count() << " s: ";
  if (candidates_.empty())
    return {failure_code::connect_timeout, 0,
            text.str() + "the name was not resolved. Is this host's name server up?"};
  text << candidates_[next_ - 1] << " does not answer. "
       << remedy_for(failure_code::connect_timeout, target_.program);
  return {failure_code::connect_timeout, ETIMEDOUT, text.str()};
}

tcp_dialer::duration tcp_dialer::time_left() const {
  const auto left
    = std::chrono::duration_cast<duration>(total_.expiry() - std::chrono::steady_clock::now());
  return std::max(left, duration{1});
}

void tcp_dialer::fail(failure reason, const error_code& cause) {
  finish(tl::unexpected{unreached{std::move(reason), cause}});
}

void tcp_dialer::finish(tl::expected<tcp::socket, unreached> result) {
  const auto over = std::exchange(over_, nullptr);
  if (!over)
    return;
  abandon();
  over(std::move(result));
}

} // namespace fleetcast::actors::io
