/// One console that is connected: lines in, frames out, one answer after the other. No actor; on the I/O thread only.
#pragma once

#include "actors/console/frame.hpp"
#include "actors/console/line_buffer.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fleetcast::actors {

/// Answers a command, on any thread, once. `follow`: events are to come after the answer; as JSON if `json`.
struct console_answer {
  frame what;
  bool follow = false;
  bool json = false;
};
using console_reply = std::function<void(console_answer)>;

class console_connection : public std::enable_shared_from_this<console_connection> {
public:
  using socket_type = boost::asio::local::stream_protocol::socket;
  using time_point = std::chrono::steady_clock::time_point;

  struct limits {
    std::size_t max_event_bytes = 64 * 1024; ///< on their way
    std::chrono::milliseconds patience = std::chrono::seconds{60};
  };

  struct callbacks {
    std::function<void(std::string line, console_reply reply)> command;
    std::function<void()> bad_line;
    std::function<void(std::uint64_t events)> lost;

    /// Once and last.
    std::function<void(const std::shared_ptr<console_connection>&)> closed;
  };

  console_connection(socket_type socket, const limits& bounds, callbacks tell);

  void start() { read(); }
  void close();

  /// Sends new events to one that follows; closes one that does not read.
  void tick(time_point now);

private:
  void read();
  void take_in();
  void next_command();
  void on_answer(const console_answer& answer);
  void follow_events();
  bool has_room_for_events() const noexcept;
  void queue(const frame& what);
  void write();
  void refuse(const std::string& why);

  socket_type socket_;
  limits limits_;
  callbacks tell_; ///< empty: closed
  std::array<char, 4096> incoming_{};
  std::size_t unread_from_ = 0; ///< of `incoming_`: bytes for which there was no room yet
  std::size_t unread_to_ = 0;
  line_buffer lines_;
  bool is_reading_ = false;

  bool is_busy_ = false;     ///< a command is being answered, or its answer written
  bool is_answered_ = false; ///< of those, the latter
  std::string out_;          ///< being written
  std::string waiting_;      ///< behind it
  time_point writing_since_{};
  bool is_ending_ = false; ///< once everything is written

  bool follows_ = false;
  bool follows_in_json_ = false;
  std::uint64_t last_event_ = 0;
};

} // namespace fleetcast::actors
