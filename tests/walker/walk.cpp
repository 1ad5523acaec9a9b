#include "tests/walker/walk.hpp"

#include "api/library.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

namespace fleetcast::walker {

namespace {

constexpr std::size_t most_sessions = 16; ///< alive at a time: each one has a thread
constexpr DWORD cancel_codes[]
  = {ERROR_SUCCESS, ERROR_WRITE_FAULT, ERROR_DISK_FULL, 4711, 0xDEADBEEF};
constexpr ULONG cache_sizes[]
  = {WDS_TRANSPORTCLIENT_NO_CACHE, 1, block_size, 3 * block_size + 1, 1 << 20, 0xFFFFFFFF};

/// A session's number where there is no session.
constexpr std::uint64_t nobody = 0;

std::wstring wide(const std::string& ascii) {
  return {ascii.begin(), ascii.end()};
}

/// A request and its strings.
struct request_text {
  std::wstring server;
  std::wstring name_space = L"lab";
  std::wstring object;

  WDS_TRANSPORTCLIENT_REQUEST request(ULONG cache) const {
    WDS_TRANSPORTCLIENT_REQUEST r{};
    r.ulLength = sizeof(r);
    r.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
    r.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
    r.pwszServer = server.c_str();
    r.pwszNamespace = name_space.c_str();
    r.pwszObjectName = object.c_str();
    r.ulCacheSize = cache;
    r.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
    return r;
  }
};

HANDLE as_handle(std::uint64_t bits) {
  return reinterpret_cast<HANDLE>(bits);
}

std::uint64_t bits_of(HANDLE key) {
  return reinterpret_cast<std::uint64_t>(key);
}

} // namespace

walk::walk(journal& log, engines& worlds, surroundings around, std::uint64_t seed)
  : log_(log),
    worlds_(worlds),
    around_(std::move(around)),
    luck_(seed) {
  api::library::instance().replace_engine(
    [this](std::size_t worker_threads) { return worlds_.make(worker_threads); });
}

// -- rounds -----------------------------------------------------------------------------------------

void walk::round(std::chrono::milliseconds length, unsigned threads) {
  ++rounds_;
  ending_ = false;
  const auto until = std::chrono::steady_clock::now() + length;
  // In some rounds the library stays up, in the others it comes and goes with the threads.
  // What keeps it up is not among the users, so nobody else gives it back.
  if (luck_.chance(700))
    log_.made(call::initialize, nobody, [] { return WdsTransportClientInitialize(); });
  std::vector<std::thread> walkers;
  running_ = threads;
  for (unsigned i = 0; i < threads; ++i)
    walkers.emplace_back([this, seed = luck_.seed()] { run_thread(seed); });
  std::this_thread::sleep_until(until);
  ending_ = true;
  // A thread may wait for a session, or for a callback that waits for one: they end here.
  while (running_ != 0) {
    sweep();
    std::this_thread::yield();
  }
  for (auto& walker : walkers)
    walker.join();
  sweep();
  end_round();
}

void walk::run_thread(std::uint64_t seed) {
  dice luck{seed};
  while (!ending_) {
    step(luck);
    if (luck.chance(300)) // gives way: calls are cheap, sessions are not
      std::this_thread::sleep_for(std::chrono::microseconds{luck.below(500)});
  }
  --running_;
}

/// Ends whatever a thread may wait for. A closed session takes no cancel, but its blocks back.
void walk::sweep() {
  std::vector<session_pointer> all;
  std::vector<owed_block> blocks;
  {
    std::lock_guard guard{mutex_};
    all = sessions_;
    blocks.swap(withheld_);
    blocks.insert(blocks.end(), owed_.begin(), owed_.end());
    owed_.clear();
  }
  for (const auto& [of, block] : blocks)
    of->complete_receive(block);
  for (const auto& s : all)
    if (!s->gone()) {
      s->cancel({});
      s->close();
    }
}

void walk::end_round() {
  while (shut_down() != ERROR_NOT_READY) {}
  users_ = 0;
  std::lock_guard guard{mutex_};
  for (const auto& s : sessions_) {
    s->verify_ended();
    stale_keys_.push_back(s->key());
    started_ += s->started() ? 1 : 0;
    succeeded_ += s->succeeded() ? 1 : 0;
    blocks_ += s->blocks_seen();
  }
  if (stale_keys_.size() > 1000)
    stale_keys_.erase(stale_keys_.begin(), stale_keys_.end() - 500);
  auto& library = api::library::instance();
  if (library.sessions().size() != 0 || library.buffers().size() != 0)
    log_.fail("R-SHUT-4: the library kept sessions or buffers");
  if (worlds_.blocks_alive() != 0)
    log_.fail("R-SHUT-4: " + std::to_string(worlds_.blocks_alive()) + " blocks of memory are left");
  last_sessions_ = std::exchange(sessions_, {});
  owed_.clear();
  withheld_.clear();
  kept_.clear();
}

// -- steps ------------------------------------------------------------------------------------------

void walk::step(dice& luck) {
  const auto which = luck.below(100);
  if (which < 12)
    make_session(luck, luck.chance(700));
  else if (which < 14)
    make_bad_session(luck);
  else if (which < 40)
    complete_some(luck);
  else if (which < 50)
    buffer_step(luck);
  else if (which < 56)
    stray_step(luck);
  else if (which < 58)
    configure(luck);
  else if (which < 63)
    initialize();
  else if (which < 70)
    give_back();
  else if (which < 71 && luck.chance(20))
    worlds_.kill_manager();
  else if (const auto s = any_session(luck))
    session_step(luck, *s);
}

void walk::session_step(dice& luck, session& s) {
  switch (luck.below(14)) {
    case 0: {
      const auto id = static_cast<TRANSPORTCLIENT_CALLBACK_ID>(luck.below(8));
      return s.register_callback(id, luck.chance(200) ? nullptr : session::function(id));
    }
    case 1:
    case 2:
      return s.start();
    case 3:
      return luck.chance(100) ? s.cancel({}) : s.query();
    case 4:
      return luck.chance(100) ? s.cancel(luck.one_of(cancel_codes)) : s.query();
    case 5:
    case 6:
      return wait_later(luck, s, nullptr);
    case 7:
      return s.query();
    case 8:
      return luck.chance(150) ? s.close() : s.query();
    case 9:
      return s.statistics(luck.chance(200) ? static_cast<ULONG>(luck.below(100))
                                           : sizeof(FLEETCAST_SESSION_STATISTICS));
    case 10:
      return s.error_text(static_cast<ULONG>(luck.below(3) * 300));
    case 11:
      return s.negotiate(luck.chance(500) ? nullptr : s.key(), luck.below(100), luck.below(100));
    case 12:
      return s.complete_receive_again(static_cast<ULONG>(luck.below(3)),
                                      luck.below(100) * block_size + 1);
    default:
      return set_up(luck, s);
  }
}

/// Handles and pointers that mean nothing.
void walk::stray_step(dice& luck) {
  HANDLE key = nullptr;
  {
    std::lock_guard guard{mutex_};
    if (!stale_keys_.empty())
      key = luck.one_of(stale_keys_);
  }
  switch (luck.below(6)) {
    case 0:
      key = INVALID_HANDLE_VALUE;
      break;
    case 1:
      key = &luck;
      break;
    case 2: // a negotiate key
      key = as_handle(bits_of(key) + 1);
      break;
    case 3:
      key = as_handle(bits_of(key) | std::uint64_t{1} << 60);
      break;
    case 4:
      key = nullptr;
      break;
    default: // a stale one
      break;
  }
  ULARGE_INTEGER zero;
  zero.QuadPart = 0;
  ULONG status = 0;
  ULONG error = 0;
  FLEETCAST_SESSION_STATISTICS figures{};
  switch (luck.below(12)) {
    case 0:
      return expect_gone(call::register_callback, [&] {
        return WdsTransportClientRegisterCallback(
          key, WDS_TRANSPORTCLIENT_SESSION_START,
          session::function(WDS_TRANSPORTCLIENT_SESSION_START));
      });
    case 1:
      return expect_gone(call::start, [&] { return WdsTransportClientStartSession(key); });
    case 2:
      return expect_gone(call::complete_receive,
                         [&] { return WdsTransportClientCompleteReceive(key, 1, &zero); });
    case 3:
      return expect_gone(call::complete_receive,
                         [&] { return WdsTransportClientCompleteReceive(key, 1, nullptr); });
    case 4:
      return expect_gone(call::cancel, [&] { return WdsTransportClientCancelSession(key); });
    case 5:
      return expect_gone(call::cancel_ex,
                         [&] { return WdsTransportClientCancelSessionEx(key, 0); });
    case 6:
      return expect_gone(call::wait,
                         [&] { return WdsTransportClientWaitForCompletion(key, INFINITE); });
    case 7:
      return expect_gone(call::query,
                         [&] { return WdsTransportClientQueryStatus(key, &status, &error); });
    case 8:
      return expect_gone(call::query,
                         [&] { return WdsTransportClientQueryStatus(key, nullptr, nullptr); });
    case 9:
      return expect_gone(call::close, [&] { return WdsTransportClientCloseSession(key); });
    case 10:
      return expect_gone(call::negotiate, [&] {
        return WdsTransportClientNegotiateRequiredDataRange(key, key, zero, zero);
      });
    default:
      return expect_gone(call::session_statistics,
                         [&] { return FleetcastGetSessionStatistics(key, &figures); });
  }
}

template <class Function>
void walk::expect_gone(call which, Function function) {
  const auto answer = log_.made(which, nobody, function);
  if (answer != ERROR_INVALID_HANDLE && answer != ERROR_NOT_READY)
    log_.fail("R-CLS-10, R-CAN-11: a key that means nothing gave " + std::to_string(answer));
}

void walk::configure(dice& luck) {
  FLEETCAST_CONFIG config{};
  config.ulLength = luck.chance(100) ? static_cast<ULONG>(luck.below(sizeof(config)))
                                     : static_cast<ULONG>(sizeof(config));
  config.ulWorkerThreads = luck.chance(100) ? 257 : static_cast<ULONG>(luck.below(4));
  config.pszInterface = luck.chance(50) ? "no-such-one" : luck.chance(500) ? "lo" : "127.0.0.1";
  config.pszFingerprint = luck.chance(50) ? "SHA256:AAAA" : nullptr;
  config.pszKnownServers = around_.known_servers.c_str();
  log_.made(call::configure, nobody, [&] { return FleetcastConfigure(&config); });
  static_cast<void>(FleetcastVersion());
}

// -- sessions ---------------------------------------------------------------------------------------

/// `sound`: with a server and an object.
walk::session_pointer walk::make_session(dice& luck, bool sound) {
  const auto& wanted = luck.one_of(around_.objects);
  session_pointer made;
  {
    std::lock_guard guard{mutex_};
    const auto alive = std::count_if(sessions_.begin(), sessions_.end(),
                                     [](const session_pointer& s) { return !s->gone(); });
    if (ending_ || static_cast<std::size_t>(alive) >= most_sessions)
      return nullptr;
    made = std::make_shared<session>(log_, *this, ++made_, sound ? &wanted : nullptr, luck.seed());
  }
  auto port = around_.port;
  request_text text;
  text.object = wide(wanted.name);
  if (!sound)
    switch (luck.below(4)) {
      case 0:
        text.object = L"no-such-object";
        break;
      case 1:
        text.name_space = L"no-such-namespace";
        text.object += L"!"; // nor in a failing world, which has but one namespace
        break;
      case 2:
        port = around_.silent_port;
        break;
      default:
        port = around_.refused_port;
    }
  text.server = L"127.0.0.1:" + std::to_wstring(port);
  auto request = text.request(luck.one_of(cache_sizes));
  const auto answer = log_.made(call::initialize_session, made->number(), [&] {
    return WdsTransportClientInitializeSession(&request, made.get(), &made->room_for_key());
  });
  if (answer != ERROR_SUCCESS) {
    if (made->key() != nullptr
        || (answer != ERROR_NOT_READY && answer != ERROR_SHUTDOWN_IN_PROGRESS))
      log_.fail("R-ISES-18: a good request was refused with " + std::to_string(answer));
    return nullptr;
  }
  {
    std::lock_guard guard{mutex_};
    sessions_.push_back(made);
  }
  set_up(luck, *made);
  if (luck.chance(800))
    made->start();
  return made;
}

void walk::set_up(dice& luck, session& s) {
  for (int id = 0; id < WDS_TRANSPORTCLIENT_MAX_CALLBACKS; ++id)
    if (id <= WDS_TRANSPORTCLIENT_SESSION_COMPLETE ? luck.chance(980) : luck.chance(600)) {
      const auto which = static_cast<TRANSPORTCLIENT_CALLBACK_ID>(id);
      s.register_callback(which, session::function(which));
    }
  if (luck.chance(500)) // half of them wait for a server that is lost
    log_.made(call::set_patience, s.number(),
              [&] { return FleetcastSetPatience(s.key(), static_cast<ULONG>(luck.below(400))); });
}

void walk::make_bad_session(dice& luck) {
  request_text text;
  text.server = L"127.0.0.1";
  text.object = L"object-1";
  auto request = text.request(0);
  DWORD expected = ERROR_INVALID_PARAMETER;
  bool with_request = true;
  const std::wstring long_name(300, L'x');
  switch (luck.below(10)) {
    case 0:
      request.ulLength = static_cast<ULONG>(luck.below(60));
      expected = ERROR_BAD_LENGTH;
      break;
    case 1:
      request.ulApiVersion = 2;
      expected = ERROR_REVISION_MISMATCH;
      break;
    case 2:
      request.ulProtocol = 0;
      expected = ERROR_NOT_SUPPORTED;
      break;
    case 3:
      request.ulAuthLevel = static_cast<ULONG>(3 + luck.below(100));
      break;
    case 4:
      request.pvProtocolData = &request;
      break;
    case 5:
      request.pwszObjectName = nullptr;
      break;
    case 6:
      request.pwszNamespace = L"";
      break;
    case 7:
      request.pwszServer = L"127.0.0.1:99999";
      break;
    case 8:
      request.pwszNamespace = long_name.c_str();
      expected = ERROR_INVALID_NAME;
      break;
    default:
      with_request = false;
  }
  HANDLE key = &request;
  const auto answer = log_.made(call::initialize_session, nobody, [&] {
    return WdsTransportClientInitializeSession(with_request ? &request : nullptr, nullptr,
                                               luck.chance(900) ? &key : nullptr);
  });
  if (answer != ERROR_NOT_READY && answer != expected && answer != ERROR_INVALID_PARAMETER)
    log_.fail("R-ISES-18: a bad request gave " + std::to_string(answer) + ", not "
              + std::to_string(expected));
}

/// Mostly one that is not gone.
walk::session_pointer walk::any_session(dice& luck) const {
  std::lock_guard guard{mutex_};
  if (sessions_.empty())
    return nullptr;
  auto chosen = luck.one_of(sessions_);
  for (int tries = 0; tries < 20 && chosen->gone() && luck.chance(980); ++tries)
    chosen = sessions_[sessions_.size() - 1
                       - luck.below(std::min<std::size_t>(sessions_.size(), 2 * most_sessions))];
  return chosen;
}

/// Not in a circle: inside a callback only for younger sessions than its own.
void walk::wait_later(dice& luck, session& s, const session* own) {
  if (own != nullptr && own != &s && s.number() < own->number())
    return s.wait(0);
  // Nor for one that nobody answers: closed, it takes no cancel and lasts as long as a connection may.
  const bool for_ever = s.content() != nullptr && luck.chance(50);
  s.wait(for_ever ? INFINITE : static_cast<ULONG>(luck.below(6)));
}

// -- inside callbacks -------------------------------------------------------------------------------

void walk::negotiate(session& own, HANDLE negotiate_key) {
  auto& luck = own.luck();
  const auto size = own.content()->content.size();
  while (luck.chance(400)) {
    if (luck.chance(100))
      own.negotiate(nullptr, 0, 0);
    const auto first = luck.below(size + 2);
    const auto length = luck.chance(100) ? ~std::uint64_t{0} - luck.below(3)
                                         : luck.below(size - std::min(first, size) + 2);
    own.negotiate(negotiate_key, first, length);
  }
}

void walk::shown(session& own, stage where, const shown_bytes& what) {
  auto& luck = own.luck();
  if (luck.chance(100)) {
    // Of nobody's: had anybody kept it, its memory would not have been used again.
    const auto answer = log_.made(call::release, own.number(),
                                  [&] { return WdsTransportClientReleaseBuffer(what.bytes); });
    if (answer != ERROR_INVALID_PARAMETER)
      log_.fail("R-BUF-10: released a buffer that nobody kept");
  }
  while (luck.chance(100))
    keep(what);
  if (where == stage::contents)
    owe(luck, own, what);
}

void walk::owe(dice& luck, session& own, const shown_bytes& what) {
  const auto habit
    = own.number() % 4; // in the callback, later, both, and a few not before the end of the round
  const bool now = habit == 0 || (habit >= 2 && luck.chance(500));
  if (!now) {
    std::lock_guard guard{mutex_};
    auto& later = habit == 3 && luck.chance(5) ? withheld_ : owed_;
    later.push_back({&own, what});
    return;
  }
  if (luck.chance(50))
    own.complete_receive_again(what.size + 1, what.offset);
  own.complete_receive(what);
  if (luck.chance(50))
    own.complete_receive_again(what.size, what.offset);
  if (!what.intact())
    log_.fail("R-BUF-7: a block went before its callback returned");
}

void walk::inside(session& own, stage where) {
  auto& luck = own.luck();
  if (luck.chance(where == stage::contents ? 900 : 500))
    return;
  switch (luck.below(14)) {
    case 0:
      return luck.chance(200) ? own.cancel({}) : own.query();
    case 1:
      return luck.chance(200) ? own.cancel(luck.one_of(cancel_codes)) : own.query();
    case 2:
      return own.wait(luck.chance(500) ? INFINITE : 0);
    case 3: {
      const auto answer = shut_down();
      if (answer != ERROR_POSSIBLE_DEADLOCK)
        log_.fail("R-SHUT-5: Shutdown inside a callback gave " + std::to_string(answer));
      return;
    }
    case 4:
      initialize();
      return;
    case 5:
      return luck.chance(200) ? own.close() : own.query();
    case 6:
      return own.register_callback(WDS_TRANSPORTCLIENT_SESSION_START,
                                   session::function(WDS_TRANSPORTCLIENT_SESSION_START));
    case 7:
      return own.start();
    case 8:
      make_session(luck, luck.chance(700));
      return;
    case 9:
      if (where != stage::negotiate)
        own.negotiate(as_handle(bits_of(own.key()) + 1), 0, 0);
      return;
    case 10:
      return own.statistics(sizeof(FLEETCAST_SESSION_STATISTICS));
    case 11:
      return own.error_text(500);
    case 12:
      std::this_thread::sleep_for(std::chrono::microseconds{luck.below(3000)}); // a slow one
      return;
    default:
      if (const auto other = any_session(luck); other != nullptr && other.get() != &own)
        wait_later(luck, *other, &own);
  }
}

// -- the library's users ----------------------------------------------------------------------------

bool walk::initialize() {
  const auto up = bring_up();
  if (up)
    ++users_;
  return up;
}

/// Not counted, so that no other thread takes it back: whoever calls this owes a shut_down().
bool walk::bring_up() {
  return log_.made(call::initialize, nobody, [] { return WdsTransportClientInitialize(); })
         == ERROR_SUCCESS;
}

/// Takes one Initialize back, if there is one whose Shutdown nobody else is about to make.
void walk::give_back() {
  auto users = users_.load();
  while (users > 0 && !users_.compare_exchange_weak(users, users - 1)) {}
  if (users > 0 && shut_down() != ERROR_SUCCESS)
    log_.fail("R-INIT-5: a Shutdown that was owed was refused");
}

DWORD walk::shut_down() {
  return log_.made(call::shutdown, nobody, [] { return WdsTransportClientShutdown(); });
}

// -- buffers ----------------------------------------------------------------------------------------

/// Inside the callback that showed it.
void walk::keep(const shown_bytes& what) {
  const auto answer
    = log_.made(call::add_ref, nobody, [&] { return WdsTransportClientAddRefBuffer(what.bytes); });
  if (answer != ERROR_SUCCESS)
    log_.fail("R-BUF-6: cannot keep what was shown");
  std::lock_guard guard{mutex_};
  kept_.push_back({what, worlds_.generation()});
}

/// With the library up and staying up; the same library that it was kept in, or it is gone.
void walk::let_go(const kept_buffer& buffer) {
  if (buffer.generation != worlds_.generation())
    return;
  if (!buffer.what.intact())
    log_.fail("R-BUF-9: a kept buffer has other bytes now");
  ++kept_checked_;
  const auto answer = log_.made(call::release, nobody,
                                [&] { return WdsTransportClientReleaseBuffer(buffer.what.bytes); });
  if (answer != ERROR_SUCCESS)
    log_.fail("W-BUF-2: cannot release what was kept");
}

void walk::buffer_step(dice& luck) {
  if (luck.chance(200)) {
    int nothing = 0;
    for (PVOID stranger : {PVOID{nullptr}, PVOID{&nothing}}) {
      const auto answer = log_.made(call::add_ref, nobody,
                                    [&] { return WdsTransportClientAddRefBuffer(stranger); });
      if (answer != ERROR_INVALID_PARAMETER && answer != ERROR_NOT_READY)
        log_.fail("R-BUF-10: a stranger's buffer was taken");
    }
  }
  if (!bring_up())
    return;
  std::vector<kept_buffer> some;
  {
    std::lock_guard guard{mutex_};
    for (auto count = luck.below(16); count > 0 && !kept_.empty(); --count) {
      std::swap(luck.one_of(kept_), kept_.back());
      some.push_back(kept_.back());
      kept_.pop_back();
    }
  }
  for (const auto& buffer : some)
    let_go(buffer);
  if (shut_down() != ERROR_SUCCESS)
    log_.fail("R-INIT-5: a Shutdown that was owed was refused");
}

void walk::complete_some(dice& luck) {
  std::vector<owed_block> some;
  {
    std::lock_guard guard{mutex_};
    for (auto count = luck.below(16); count > 0 && !owed_.empty(); --count) {
      std::swap(luck.one_of(owed_), owed_.back());
      some.push_back(owed_.back());
      owed_.pop_back();
    }
  }
  for (const auto& [of, block] : some) {
    of->complete_receive(block);
    if (luck.chance(50))
      of->complete_receive_again(block.size, block.offset);
  }
}

// -- reports ----------------------------------------------------------------------------------------

void walk::print(std::ostream& out) const {
  std::lock_guard guard{mutex_};
  out << "  " << rounds_ << " rounds, " << made_ << " sessions, " << started_ << " started, "
      << succeeded_ << " succeeded, " << blocks_ << " blocks, " << kept_checked_
      << " kept buffers looked at\n";
}

void walk::print_sessions(std::ostream& out) const {
  const std::unique_lock guard{mutex_, std::try_to_lock};
  if (!guard)
    out << "  (sessions are being changed)\n";
  else
    for (const auto& s : sessions_)
      s->print(out);
}

} // namespace fleetcast::walker
