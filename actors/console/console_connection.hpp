/// One console that is connected. On the I/O thread only.
#pragma once

#include "actors/console/console_server.hpp"
#include "actors/console/line_buffer.hpp"

#include <array>

namespace fleetcast::actors {

class console_connection : public std::enable_shared_from_this<console_connection> {
public:
  using socket_type = boost::asio::local::stream_protocol::socket;

  console_connection(socket_type socket, std::shared_ptr<console_server> server);

  void start() { read(); }
  void close();

  /// Sends new events to one that follows; closes one that does not read.
  void tick(std::chrono::steady_clock::time_point now);

private:
  void read();
  void take_in();
  void next_command();
  void on_answer(const console_answer& answer);
  void follow_events();
  void queue(const frame& what);
  void write();
  void refuse(const std::string& why);

  socket_type socket_;
  std::shared_ptr<console_server> server_;
  std::array<char, 4096> incoming_{};
  std::size_t unread_from_ = 0; ///< of `incoming_`: bytes for which there was no room yet
  std::size_t unread_to_ = 0;
  line_buffer lines_;
  bool is_reading_ = false;

  bool is_busy_ = false;     ///< a command is being answered, or its answer written
  bool is_answered_ = false; ///< of those, the latter
  std::string out_;          ///< being written
  std::string waiting_;      ///< behind it
  std::chrono::steady_clock::time_point writing_since_{};
  bool is_ending_ = false; ///< once everything is written

  bool follows_ = false;
  bool follows_in_json_ = false;
  std::uint64_t last_event_ = 0;
};

} // namespace fleetcast::actors
