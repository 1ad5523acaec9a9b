/// The socket of a console: accepts, takes lines in, gives frames back. No actor; lives on the I/O thread.
///
/// Who may connect: the user that the process runs as, and root. The directory is the owner's alone, the
/// socket has mode 0600, and the kernel is asked who sits at the other end.
///
/// Bounds and what happens beyond them:
///
///     connections          max_connections; the next is told so, closed and counted
///     a line               line_buffer::max_line, printable text; else told, closed and counted
///     commands that wait   line_buffer::max_waiting; more is not read
///     answers              one at a time: the next command is looked at once the last answer is written
///     events that follow   max_event_bytes on their way; later ones stay in the event ring, and a console
///                          that reads again is told how many that one has forgotten meanwhile
///     a console that does not read its answer within `patience` is closed
#pragma once

#include "actors/console/console_connection.hpp"
#include "actors/io/io_thread.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <tl/expected.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace fleetcast::actors {

struct console_limits {
  std::size_t max_connections = 32;
  console_connection::limits connection;

  /// How often those who follow events get what is new.
  std::chrono::milliseconds event_interval = std::chrono::milliseconds{200};
};

struct console_counters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t bad_lines = 0;
  std::uint64_t commands = 0;
  std::uint64_t lost_events = 0;
  std::uint64_t connections = 0; ///< now
};

class console_server : public std::enable_shared_from_this<console_server> {
public:
  /// Called on the I/O thread; must not block.
  using handler = std::function<void(std::string line, console_reply reply)>;

  /// Listens at `path`, whose directory was prepared. Its name appears once it listens, so that who finds
  /// nobody there knows that it is deserted. Fails when somebody listens at `path`: a process of another
  /// container may have the same pid.
  [[nodiscard]] static tl::expected<std::shared_ptr<console_server>, protocol::failure>
  listen(io::io_thread& io, std::filesystem::path path, const console_limits& limits = {});

  // -- any thread but the I/O thread --------------------------------------------------------------

  /// Once.
  void start(handler on_line);

  /// Removes the socket and closes every connection, behind the answers that were given before; the handler
  /// is not called any more. The I/O thread must still run: connections and server hold each other.
  void stop();

  const std::filesystem::path& path() const noexcept { return path_; }
  console_counters count() const noexcept;

private:
  using protocol_type = boost::asio::local::stream_protocol;

  console_server(io::io_thread& io, std::filesystem::path path, const console_limits& limits);

  void accept();
  void admit(protocol_type::socket socket);
  bool is_welcome(protocol_type::socket& socket) const;
  void turn_away(protocol_type::socket socket, const std::string& why);
  void tick();
  void leave(const std::shared_ptr<console_connection>& one);
  void handle(std::string line, console_reply reply);

  boost::asio::io_context& io_;
  std::filesystem::path path_;
  console_limits limits_;
  protocol_type::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  std::set<std::shared_ptr<console_connection>> connections_;
  bool is_accepting_ = false;
  bool is_ticking_ = false;
  bool is_stopped_ = false;

  std::mutex mutex_;
  handler handler_; ///< null: stopped

  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> bad_lines_{0};
  std::atomic<std::uint64_t> commands_{0};
  std::atomic<std::uint64_t> lost_events_{0};
  std::atomic<std::uint64_t> open_{0};
};

} // namespace fleetcast::actors
