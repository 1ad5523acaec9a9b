#include "apps/fleetcast/console/console_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fleetcast::apps {

using protocol::failure;
using protocol::failure_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Longer than the process waits for its own actors.
constexpr milliseconds answer_patience{15'000};

/// After this time without an answer it is worth a look whether the process can give one.
constexpr milliseconds look_after{1'000};

tl::unexpected<failure> connection_failed(const std::string& what, int error) {
  return tl::unexpected{failure{failure_code::connection_lost, 0,
                                what + ": " + std::generic_category().message(error)}};
}

tl::unexpected<failure> lost(const std::string& why) {
  return tl::unexpected{failure{failure_code::connection_lost, 0, why}};
}

} // namespace

console_client::result<console_client>
console_client::connect(const std::filesystem::path& socket) {
  const auto what = "could not connect to the console " + socket.string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof address.sun_path)
    return connection_failed(what, ENAMETOOLONG);
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size());
  actors::io::file_descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!made)
    return connection_failed(what, errno);
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return connection_failed(what, errno);
  return console_client{std::move(made)};
}

console_client::result<actors::frame> console_client::ask(const std::string& line) {
  // The answer to the command before would be taken for that to this one.
  if (std::exchange(owes_answer_, true))
    return lost(
      "an earlier command was never answered, so this connection is given up; start again");
  const auto whole = line + "\n";
  for (std::size_t done = 0; done < whole.size();) {
    const auto sent = ::send(socket_.get(), whole.data() + done, whole.size() - done, MSG_NOSIGNAL);
    if (sent >= 0)
      done += static_cast<std::size_t>(sent);
    else if (errno == EPIPE)
      break; // it may have said why before it closed
    else if (errno != EINTR)
      return connection_failed("the console is gone", errno);
  }
  const auto end = steady_clock::now() + answer_patience;
  for (auto now = steady_clock::now(); now < end; now = steady_clock::now()) {
    auto got = next(std::min(look_after, std::chrono::ceil<milliseconds>(end - now)));
    if (got && !*got && is_stopped())
      return lost("the process is stopped (SIGSTOP, a debugger, or a frozen container) and does "
                  "not answer; `kill -CONT` its pid to go on");
    if (!got)
      return tl::unexpected{std::move(got.error())};
    if (*got && (*got)->kind != actors::frame_kind::event
        && (*got)->kind != actors::frame_kind::lost) {
      owes_answer_ = false;
      return std::move(**got);
    }
  }
  return lost("the process did not answer in " + std::to_string(answer_patience.count() / 1000)
              + " s: it may be stopped; see its state with ps");
}

bool console_client::is_stopped() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  std::ifstream status{"/proc/" + std::to_string(peer.pid) + "/stat"};
  const std::string text{std::istreambuf_iterator<char>{status}, {}};
  const auto name_end = text.rfind(')'); // the name may hold anything
  const auto state = name_end == std::string::npos ? name_end : name_end + 2;
  return state < text.size() && (text[state] == 'T' || text[state] == 't');
}

console_client::result<std::optional<actors::frame>> console_client::take_frame() {
  const auto end = received_.find('\n');
  if (end == std::string::npos)
    return std::nullopt;
  const auto header = actors::decode_frame_header(std::string_view{received_}.substr(0, end));
  if (!header)
    return lost("what listens there is no console of Fleetcast");
  if (received_.size() < end + 1 + header->size)
    return std::nullopt;
  actors::frame whole{header->kind, received_.substr(end + 1, header->size)};
  received_.erase(0, end + 1 + header->size);
  return whole;
}

console_client::result<std::optional<actors::frame>> console_client::next(milliseconds patience) {
  const auto end = steady_clock::now() + patience;
  for (;;) {
    auto one = take_frame();
    if (!one || *one)
      return one;
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds{0})
      return std::nullopt;
    pollfd ready{socket_.get(), POLLIN, 0};
    const auto count = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (count < 0 && errno != EINTR)
      return connection_failed("the console is gone", errno);
    if (count <= 0)
      return std::nullopt;
    std::array<char, 64 * 1024> bytes;
    const auto size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (size < 0 && errno != EINTR && errno != EAGAIN)
      return connection_failed("the console is gone", errno);
    if (size == 0)
      return lost(
        "the process has closed the console: it ended, or this user may not look into it");
    if (size > 0)
      received_.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

} // namespace fleetcast::apps
