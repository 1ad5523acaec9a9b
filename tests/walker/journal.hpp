/// What every thread is doing and what came of it. Knows which codes each call may return, and ends the
/// run with everything it knows when something is wrong or a call does not return.
#pragma once

#include "api/fleetcast_ext.h"
#include "api/wdstci.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

namespace fleetcast::walker {

enum class call : std::uint8_t {
  initialize,
  initialize_session,
  register_callback,
  start,
  complete_receive,
  cancel,
  cancel_ex,
  wait,
  query,
  close,
  add_ref,
  release,
  shutdown,
  negotiate,
  configure,
  session_error,
  session_statistics,
  set_patience,
  count
};

class journal {
public:
  journal(std::uint64_t seed, std::chrono::seconds patience);
  ~journal();

  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  /// Says more when the run ends badly.
  std::function<void(std::ostream&)> describe;

  /// Makes a call: noted while it runs, counted by its answer, which must be a documented one.
  template <class Function>
  DWORD made(call which, std::uint64_t session, Function function) {
    under_way noted{*this, which, session};
    const DWORD answer = function();
    count(which, answer);
    return answer;
  }

  [[noreturn]] void fail(const std::string& what);

  /// Calls by name and answer.
  void print(std::ostream& out) const;

private:
  using clock = std::chrono::steady_clock;

  struct activity {
    call which;
    std::uint64_t session;
    std::thread::id thread;
    clock::time_point since;
  };

  class under_way {
  public:
    under_way(journal& owner, call which, std::uint64_t session);
    ~under_way();

    under_way(const under_way&) = delete;
    under_way& operator=(const under_way&) = delete;

  private:
    journal& owner_;
    std::list<activity>::iterator position_;
  };

  void count(call which, DWORD answer);
  void watch();
  void print_activities(std::ostream& out) const;

  const std::uint64_t seed_;
  const std::chrono::seconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<activity> activities_;
  std::map<std::pair<call, DWORD>, std::uint64_t> answers_;
  std::map<call, clock::duration> longest_;
  bool over_ = false;
  std::thread watchdog_;
};

} // namespace fleetcast::walker
