#include "actors/console/console_server.hpp"

#include "actors/console/socket_directory.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <future>
#include <random>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fleetcast::actors {

namespace asio = boost::asio;

using protocol::failure;
using protocol::failure_code;

namespace {

tl::unexpected<failure> cannot_listen(const std::filesystem::path& path, const std::string& why) {
  return tl::unexpected{failure{failure_code::network_fault, 0,
                                "no console: cannot listen on " + path.string() + ": " + why}};
}

/// Until it listens: a name that no console has, nor anybody else, and no longer than one. (Pids are not
/// good enough: containers that share the directory have the same.)
std::filesystem::path unfinished_name(const std::filesystem::path& path) {
  constexpr unsigned six_digits = 0xFFFFFF;
  std::array<char, 8> name{};
  std::snprintf(name.data(), name.size(), ".%06x", std::random_device{}() & six_digits);
  return path.parent_path() / name.data();
}

/// Gives the socket at `from` its name; an error number. Does not take the name of one that lives.
int give_name(const std::filesystem::path& from, const std::filesystem::path& name) {
  if (::link(from.c_str(), name.c_str()) == 0)
    return 0;
  if (errno != EEXIST || !is_deserted(name))
    return errno == EEXIST ? EADDRINUSE : errno;
  // Ours by its pid: whoever had that pid before is no more.
  ::unlink(name.c_str());
  return ::link(from.c_str(), name.c_str()) == 0 ? 0 : errno;
}

} // namespace

console_server::console_server(io::io_thread& io, std::filesystem::path path,
                               const console_limits& limits)
  : io_(io.context()),
    path_(std::move(path)),
    limits_(limits),
    acceptor_(io_),
    timer_(io_) {}

tl::expected<std::shared_ptr<console_server>, failure>
console_server::listen(io::io_thread& io, std::filesystem::path path,
                       const console_limits& limits) {
  if (path.native().size() >= sizeof(sockaddr_un::sun_path))
    return cannot_listen(path, "the name is too long for a socket. Set XDG_RUNTIME_DIR to a "
                               "directory with a shorter name");
  const auto failed
    = [&path] { return cannot_listen(path, std::generic_category().message(errno)); };
  const auto number = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (number < 0)
    return failed();
  std::shared_ptr<console_server> result{new console_server{io, std::move(path), limits}};
  result->acceptor_.assign(protocol_type{}, number);
  // Before it has a name: bind() makes that with this mode, so nobody ever finds a wider one.
  if (::fchmod(number, 0600) != 0)
    return cannot_listen(result->path_, std::generic_category().message(errno));
  const auto unfinished = unfinished_name(result->path_);
  boost::system::error_code error;
  result->acceptor_.bind(protocol_type::endpoint{unfinished.native()}, error);
  if (error)
    return cannot_listen(result->path_, error.message());
  result->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error)
    error.assign(give_name(unfinished, result->path_), boost::system::generic_category());
  ::unlink(unfinished.c_str());
  if (error)
    return cannot_listen(result->path_, error.message());
  return result;
}

void console_server::start(handler on_line) {
  {
    const std::lock_guard guard{mutex_};
    handler_ = std::move(on_line);
  }
  asio::post(io_, [me = shared_from_this()] {
    if (me->is_stopped_)
      return;
    me->accept();
  });
}

void console_server::stop() {
  ::unlink(path_.c_str());
  {
    const std::lock_guard guard{mutex_};
    handler_ = nullptr;
  }
  std::promise<void> closed;
  asio::post(io_, [this, &closed] {
    is_stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    for (const auto& one : std::set{connections_})
      one->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

console_counters console_server::count() const noexcept {
  return {accepted_.load(), refused_.load(),     bad_lines_.load(),
          commands_.load(), lost_events_.load(), open_.load()};
}

void console_server::handle(std::string line, console_reply reply) {
  ++commands_;
  const std::lock_guard guard{mutex_};
  if (handler_)
    handler_(std::move(line), std::move(reply));
}

// -- connections ----------------------------------------------------------------------------------

void console_server::accept() {
  is_accepting_ = true;
  acceptor_.async_accept([me = shared_from_this()](const boost::system::error_code& error,
                                                   protocol_type::socket socket) {
    if (me->is_stopped_ || error == asio::error::operation_aborted)
      return;
    me->is_accepting_ = !error;
    if (error)
      return me->tick(); // which tries again after a while: trying at once would spin
    me->admit(std::move(socket));
    me->accept();
  });
}

bool console_server::is_welcome(protocol_type::socket& socket) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
         && (peer.uid == ::geteuid() || peer.uid == 0);
}

void console_server::admit(protocol_type::socket socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  if (!is_welcome(socket))
    return turn_away(std::move(socket), "this console is its user's alone\n");
  if (connections_.size() >= limits_.max_connections)
    return turn_away(std::move(socket), "there are " + std::to_string(limits_.max_connections)
                                          + " consoles already; close one\n");
  ++accepted_;
  console_connection::callbacks tell;
  tell.command = [me = shared_from_this()](std::string line, console_reply reply) {
    me->handle(std::move(line), std::move(reply));
  };
  tell.bad_line = [this] { ++bad_lines_; };
  tell.lost = [this](std::uint64_t missed) { lost_events_ += missed; };
  tell.closed = [this](const auto& one) { leave(one); };
  const auto one
    = std::make_shared<console_connection>(std::move(socket), limits_.connection, std::move(tell));
  connections_.insert(one);
  open_ = connections_.size();
  one->start();
  if (!is_ticking_)
    tick();
}

void console_server::leave(const std::shared_ptr<console_connection>& one) {
  connections_.erase(one);
  open_ = connections_.size();
}

void console_server::turn_away(protocol_type::socket socket, const std::string& why) {
  ++refused_;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(encode({frame_kind::failed, why})), ignored);
}

void console_server::tick() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& one : std::set{connections_})
    one->tick(now);
  // With nobody here the process rests.
  is_ticking_ = !connections_.empty() || !is_accepting_;
  if (!is_ticking_)
    return;
  timer_.expires_after(limits_.event_interval);
  timer_.async_wait([me = shared_from_this()](const boost::system::error_code& error) {
    if (error || me->is_stopped_)
      return;
    if (!me->is_accepting_)
      me->accept();
    me->tick();
  });
}

} // namespace fleetcast::actors
