#include "tests/walker/journal.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <vector>

namespace fleetcast::walker {

namespace {

struct documented_call {
  const char* name;
  std::vector<DWORD> answers;
};

/// As wdstci.h and fleetcast_ext.h say, and ERROR_NOT_READY (R-INIT-4).
const documented_call& documented(call which) {
  static const std::array<documented_call, static_cast<std::size_t>(call::count)> table{{
    {"Initialize",
     {ERROR_SUCCESS, ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES,
      ERROR_SHUTDOWN_IN_PROGRESS}},
    {"InitializeSession",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_BAD_LENGTH, ERROR_REVISION_MISMATCH,
      ERROR_NOT_SUPPORTED, ERROR_INVALID_NAME, ERROR_SHUTDOWN_IN_PROGRESS, ERROR_NOT_READY}},
    {"RegisterCallback",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_INVALID_STATE, ERROR_INVALID_HANDLE,
      ERROR_NOT_READY}},
    {"StartSession",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_INVALID_STATE, ERROR_INVALID_HANDLE,
      ERROR_SHUTDOWN_IN_PROGRESS, ERROR_NOT_READY}},
    {"CompleteReceive",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_NOT_READY}},
    {"CancelSession", {ERROR_SUCCESS, ERROR_INVALID_HANDLE, ERROR_NOT_READY}},
    {"CancelSessionEx",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_NOT_READY}},
    {"WaitForCompletion",
     {ERROR_SUCCESS, WAIT_TIMEOUT, ERROR_POSSIBLE_DEADLOCK, ERROR_INVALID_HANDLE,
      ERROR_SHUTDOWN_IN_PROGRESS, ERROR_NOT_READY}},
    {"QueryStatus",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_NOT_READY}},
    {"CloseSession", {ERROR_SUCCESS, ERROR_INVALID_HANDLE, ERROR_NOT_READY}},
    {"AddRefBuffer", {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_NOT_READY}},
    {"ReleaseBuffer", {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_NOT_READY}},
    {"Shutdown", {ERROR_SUCCESS, ERROR_POSSIBLE_DEADLOCK, ERROR_NOT_READY}},
    {"NegotiateRequiredDataRange",
     {ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_INVALID_STATE, ERROR_INVALID_HANDLE,
      ERROR_NOT_READY}},
    {"FleetcastConfigure", {ERROR_SUCCESS, ERROR_BAD_LENGTH, ERROR_INVALID_PARAMETER}},
    {"FleetcastGetSessionError",
     {ERROR_SUCCESS, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE,
      ERROR_NOT_READY}},
    {"FleetcastGetSessionStatistics",
     {ERROR_SUCCESS, ERROR_BAD_LENGTH, ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE,
      ERROR_NOT_READY}},
    {"FleetcastSetPatience",
     {ERROR_SUCCESS, ERROR_INVALID_STATE, ERROR_INVALID_HANDLE, ERROR_NOT_READY}},
  }};
  return table[static_cast<std::size_t>(which)];
}

} // namespace

journal::journal(std::uint64_t seed, std::chrono::seconds patience)
  : seed_(seed),
    patience_(patience),
    watchdog_([this] { watch(); }) {}

journal::~journal() {
  {
    std::lock_guard guard{mutex_};
    over_ = true;
    changed_.notify_all();
  }
  watchdog_.join();
}

void journal::fail(const std::string& what) {
  // One at a time: the first one is the defect, and ends the process.
  static std::mutex once;
  once.lock();
  std::cout << "\n*** walker: " << what << "\n*** seed " << seed_ << '\n';
  print_activities(std::cout);
  if (describe)
    describe(std::cout);
  std::cout.flush();
  std::abort();
}

void journal::print(std::ostream& out) const {
  std::lock_guard guard{mutex_};
  call last = call::count;
  for (const auto& [key, times] : answers_) {
    const auto [which, answer] = key;
    if (which != last)
      out << (last == call::count ? "" : "\n") << "  " << documented(which).name << ':';
    last = which;
    const std::string text = FleetcastErrorText(answer);
    out << ' ' << text.substr(0, text.find(':')) << ' ' << times;
  }
  out << "\n  longest, ms:";
  for (const auto& [which, time] : longest_)
    out << ' ' << documented(which).name << ' '
        << std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  out << '\n';
}

void journal::count(call which, DWORD answer) {
  {
    std::lock_guard guard{mutex_};
    ++answers_[{which, answer}];
  }
  const auto& known = documented(which);
  if (std::find(known.answers.begin(), known.answers.end(), answer) == known.answers.end())
    fail(std::string{known.name} + " returned " + std::to_string(answer)
         + ", which is not documented");
}

void journal::watch() {
  std::unique_lock guard{mutex_};
  while (!changed_.wait_for(guard, std::chrono::seconds{1}, [this] { return over_; })) {
    const auto limit = clock::now() - patience_;
    const bool stuck = std::any_of(activities_.begin(), activities_.end(),
                                   [&](const activity& a) { return a.since < limit; });
    if (!stuck)
      continue;
    guard.unlock();
    fail("a call does not return");
  }
}

void journal::print_activities(std::ostream& out) const {
  std::lock_guard guard{mutex_};
  const auto now = clock::now();
  for (const auto& a : activities_)
    out << "  thread " << a.thread << " is in " << documented(a.which).name << " of session "
        << a.session << " for "
        << std::chrono::duration_cast<std::chrono::milliseconds>(now - a.since).count() << " ms\n";
}

journal::under_way::under_way(journal& owner, call which, std::uint64_t session) : owner_(owner) {
  std::lock_guard guard{owner_.mutex_};
  position_ = owner_.activities_.insert(owner_.activities_.end(),
                                        {which, session, std::this_thread::get_id(), clock::now()});
}

journal::under_way::~under_way() {
  std::lock_guard guard{owner_.mutex_};
  auto& longest = owner_.longest_[position_->which];
  longest = std::max(longest, clock::now() - position_->since);
  owner_.activities_.erase(position_);
}

} // namespace fleetcast::walker
