/// Random calls from several threads, on sessions that they share.
///
/// One round: a library that goes up and down as its users come and go, or that stays up; sessions of
/// all sorts; then everything is cancelled, closed and shut down, and every session is judged.
///
/// What threads may do to each other is bounded by what a correct program may do: nobody gives back an
/// Initialize that is another's, reads a buffer that may be gone, or waits in a circle.
#pragma once

#include "tests/walker/engines.hpp"
#include "tests/walker/session.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace fleetcast::walker {

struct surroundings {
  const std::vector<object>& objects;
  std::uint16_t port;         ///< of the server
  std::uint16_t refused_port; ///< nobody listens
  std::uint16_t silent_port;  ///< connections are taken and never answered
  std::string known_servers;
};

class walk final : public companion {
public:
  walk(journal& log, engines& worlds, surroundings around, std::uint64_t seed);

  /// One round of about `length`, with so many threads.
  void round(std::chrono::milliseconds length, unsigned threads);

  void print(std::ostream& out) const;

  /// The sessions of the round.
  void print_sessions(std::ostream& out) const;

  // -- companion ------------------------------------------------------------------------------------

  void inside(session& own, stage where) override;
  void shown(session& own, stage where, const shown_bytes& what) override;
  void negotiate(session& own, HANDLE negotiate_key) override;

private:
  using session_pointer = std::shared_ptr<session>;

  /// A block whose completion is left to a thread.
  struct owed_block {
    session* of;
    shown_bytes block;
  };

  /// A buffer kept by AddRefBuffer.
  struct kept_buffer {
    shown_bytes what;
    std::uint64_t generation;
  };

  // Rounds.
  void run_thread(std::uint64_t seed);
  void sweep();
  void end_round();

  // What a thread does next.
  void step(dice& luck);
  void session_step(dice& luck, session& s);
  void stray_step(dice& luck);
  void buffer_step(dice& luck);
  void configure(dice& luck);

  // Sessions.
  session_pointer make_session(dice& luck, bool sound);
  void make_bad_session(dice& luck);
  void set_up(dice& luck, session& s);
  session_pointer any_session(dice& luck) const;
  void wait_later(dice& luck, session& s, const session* own);

  // The library's users.
  bool initialize();
  bool bring_up();
  void give_back();
  DWORD shut_down();

  // Buffers.
  void keep(const shown_bytes& what);
  void let_go(const kept_buffer& buffer);
  void owe(dice& luck, session& own, const shown_bytes& what);
  void complete_some(dice& luck);

  template <class Function>
  void expect_gone(call which, Function function);

  journal& log_;
  engines& worlds_;
  const surroundings around_;
  dice luck_;

  std::atomic<bool> ending_{false};
  std::atomic<unsigned> running_{0};

  /// Initialize calls that somebody owes a Shutdown for.
  std::atomic<int> users_{0};

  mutable std::mutex mutex_;
  std::vector<session_pointer> sessions_;
  std::vector<session_pointer>
    last_sessions_; ///< of the round before: to see that nobody calls them
  std::vector<HANDLE> stale_keys_;
  std::vector<owed_block> owed_;
  std::vector<owed_block> withheld_; ///< nobody completes them before the end of the round
  std::vector<kept_buffer> kept_;
  std::uint64_t made_ = 0;

  // Over all rounds.
  std::uint64_t rounds_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t succeeded_ = 0;
  std::uint64_t blocks_ = 0;
  std::atomic<std::uint64_t> kept_checked_{0};
};

} // namespace fleetcast::walker
