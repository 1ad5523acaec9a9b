/// One control connection in virtual time: the real conversations of both ends, and between them a pipe that delays,
/// breaks at any moment, or spoils a byte; a session at one end and a transmission at the other that do whatever they may.
///
/// `run` goes on until nothing is left to happen, and tells what must not be: see `control_outcome::faults`.
#pragma once

#include "protocol/control/client.hpp"
#include "protocol/control/server.hpp"
#include "protocol/simulation/event_queue.hpp"
#include "protocol/simulation/small_random.hpp"
#include "protocol/wire/frame_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fleetcast::protocol::simulation {

struct control_scenario {
  std::uint64_t seed = 1;
  duration longest_delay = milliseconds(300); ///< of a message, one way
  duration longest_pause
    = seconds(3); ///< of a session or transmission, before it does the next thing

  // Of a hundred connections or messages:
  double breaks = 0;     ///< connections that break some time within `break_within`
  double spoilt = 0;     ///< messages with one byte changed
  double refusals = 0;   ///< requests that are refused
  double no_answers = 0; ///< questions of the server's end that nobody answers
  double stops = 0;      ///< clients that are stopped, or servers that shut down, some time
  double failures = 0;   ///< transmissions that end the session, or die, some time
  double lies = 0;       ///< receipts that are noted and lost: tests see that the judge notices

  duration break_within = seconds(20);
};

struct control_outcome {
  bool receipt_arrived = false; ///< at the transmission
  bool client_knows = false;    ///< that its receipt was noted
  control::outcome how = control::outcome::broken_early;

  /// Each a sentence: an end that is stuck, a receipt that is a lie, a report too many or too few.
  std::vector<std::string> faults;
};

class control_simulation {
public:
  explicit control_simulation(control_scenario scenario);

  control_simulation(const control_simulation&) = delete;
  control_simulation& operator=(const control_simulation&) = delete;

  control_outcome run();

private:
  using client = control::client;
  using server = control::server;
  using bytes = std::vector<std::byte>;

  /// One end of the pipe.
  struct end {
    std::function<void(const bytes&)> message;
    std::function<void(const failure&)> broken;
    failure others_farewell;  ///< what it hears when the other end says farewell
    bool is_closed = false;   ///< it said farewell, or broke
    bool has_quit = false;    ///< the conversation knows
    std::uint64_t limit = 0;  ///< the limit of time that is set, by number; 0: none
    timestamp last_arrival{}; ///< of what it was sent
    wire::frame_reader frames;
  };

  // Orders of the client's end.
  void obey_client();
  void obey(const wire::client_message& message);
  void obey(client::look_up);
  void obey(client::receive) {}
  void obey(const client::limit_answer& limited);
  void obey(client::no_limit) { client_end_.limit = 0; }
  void obey(client::close) { close(client_end_, server_end_); }
  void obey(client::quit) { client_end_.has_quit = true; }
  void obey(const wire::session_accept& accept);
  void obey(const wire::feedback_state&) {}
  void obey(const wire::fetched&) {}
  void obey(client::receipted);
  void obey(const client::closed& report);

  // Orders of the server's end.
  void obey_server();
  void obey(const wire::server_message& message);
  void obey(server::receive) {}
  void obey(server::has_request) { server_end_.limit = 0; }
  void obey(server::limit_linger);
  void obey(server::close) { close(server_end_, client_end_); }
  void obey(server::quit) { server_end_.has_quit = true; }
  void obey(const server::open& order);
  void obey(const server::join& order);
  void obey(const server::list&) {}
  void obey(const server::refused&) {}
  void obey(const wire::receipt& receipt);
  void obey(const wire::fetch& message);
  void obey(const server::left& report);

  void connect();
  void at_client(const std::function<void(client&)>& what);
  void at_server(const std::function<void(server&)>& what);
  void carry(const end& from, end& to, bytes sent);
  void arrive(end& here, const bytes& sent);
  void close(end& here, end& there);
  void give_up(end& here, end& there, const failure& why);
  timestamp next_arrival(end& at);
  bytes maybe_spoilt(bytes sent);
  void break_pipe();
  void limit(end& which, duration time, std::function<void()> late);
  void receive_session_goes_on();
  void transmission_fails();
  duration up_to(duration longest);
  bool chance(double percent);
  void judge(control_outcome& outcome) const;

  control_scenario scenario_;
  small_random random_;
  event_queue events_;
  client client_;
  server server_;
  end client_end_;
  end server_end_;
  std::uint64_t limits_ = 0;
  bool is_spoilt_ = false; ///< a message was
  bool session_stopped_ = false;
  bool took_client_ = false; ///< the transmission did
  bool is_transmission_over_ = false;
  std::size_t receipts_ = 0;
  std::size_t leaves_ = 0;
  std::size_t ends_ = 0;    ///< said by the transmission
  std::size_t reports_ = 0; ///< that the connection is closed
  bool says_noted_ = false;
  bool closed_as_complete_ = false;
};

} // namespace fleetcast::protocol::simulation
