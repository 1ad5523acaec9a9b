/// A world below the API that does what the test says, when the test says it: races are forced, not
/// hoped for. The session manager here starts nothing; it writes down what it was asked, and the
/// test plays the session by sending the consumer what a real session would.
#pragma once

#include "actors/messages/manager.hpp"
#include "actors/receive/writer.hpp"
#include "api/engine.hpp"

#include <caf/actor_pool.hpp>
#include <caf/scoped_execution_unit.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace fleetcast::conformance {

/// How long a test waits for what must happen. Not a measure of anything: reached only by a defect.
constexpr std::chrono::seconds patience{60};

/// What the API asked the world to do, and the test's hands on it. Any thread.
class script : public std::enable_shared_from_this<script> {
public:
  struct opened_session {
    actors::session_id id = 0;
    actors::receive_request request;
    actors::consumer_actor consumer;
  };

  // -- what the test sees ---------------------------------------------------------------------------

  /// The request of the `index`-th session opened; waits for it.
  actors::receive_request request(std::size_t index = 0) {
    return await_open(index, [](const opened_session& session) { return session.request; });
  }

  actors::session_id id(std::size_t index = 0) {
    return await_open(index, [](const opened_session& session) { return session.id; });
  }

  std::size_t opened() const {
    std::lock_guard guard{mutex_};
    return opened_.size();
  }

  /// Waits for `count` cancels in all, gives the last one's code.
  std::uint32_t await_cancel(std::size_t count = 1) {
    std::unique_lock guard{mutex_};
    await(guard, "a cancel", [&] { return cancels_.size() >= count; });
    return cancels_.back().detail;
  }

  std::size_t cancels() const {
    std::lock_guard guard{mutex_};
    return cancels_.size();
  }

  /// Waits for `count` released blocks in all.
  std::vector<actors::block_release> await_releases(std::size_t count) {
    std::unique_lock guard{mutex_};
    await(guard, "released blocks", [&] { return releases_.size() >= count; });
    return releases_;
  }

  /// Waits for the first part that was asked for.
  actors::byte_range await_range() {
    std::unique_lock guard{mutex_};
    await(guard, "a range", [&] { return !ranges_asked_.empty(); });
    return ranges_asked_.front();
  }

  /// Waits until the writer that was put in has dealt with every block it got, once in a session.
  void await_writer() {
    std::unique_lock guard{mutex_};
    caf::anon_send(writer_, actors::stop_atom::value);
    await(guard, "the writer's report", [&] { return consumption_reported_; });
  }

  std::size_t ranges_asked() const {
    std::lock_guard guard{mutex_};
    return ranges_asked_.size();
  }

  std::size_t releases() const {
    std::lock_guard guard{mutex_};
    return releases_.size();
  }

  // -- what the test does ---------------------------------------------------------------------------

  template <class Message>
  void send(Message message, std::size_t index = 0) {
    // Sent under the lock so that no consumer handle is left in the test's hands: one that outlived
    // the library would keep a thread.
    await_open(index, [&](const opened_session& session) {
      caf::anon_send(session.consumer, std::move(message));
      return 0;
    });
  }

  /// What start() says that the consumer is to read again. Set before it.
  std::vector<protocol::wire::block_range> held;

  /// Waits until `count` digests have come.
  actors::held_digests await_digests(std::size_t count) {
    std::unique_lock guard{mutex_};
    await(guard, "digests", [&] { return digests_.size() >= count; });
    return digests_;
  }

  /// `metadata`: none if empty.
  void start(std::uint64_t object_size, std::uint32_t block_size, std::size_t index = 0,
             const std::string& metadata = {}) {
    actors::session_started started;
    started.object_size = object_size;
    started.block_size = block_size;
    started.writer = writer();
    started.ranges = source();
    started.digests = source();
    started.held = held;
    if (!metadata.empty()) {
      started.metadata = make_buffer(metadata);
      started.metadata_size = static_cast<std::uint32_t>(metadata.size());
    }
    send(std::move(started), index);
  }

  /// A block that the consumer holds is proven.
  void prove(std::uint64_t offset, std::uint32_t size) {
    send(actors::block_delivery{offset, size, nullptr});
  }

  /// Delivers `bytes`; gives the address the consumer must see.
  const void* deliver(std::uint64_t offset, const std::string& bytes, std::size_t index = 0) {
    auto memory = make_buffer(bytes);
    const void* address = memory.get();
    send(actors::block_delivery{offset, static_cast<std::uint32_t>(bytes.size()), memory}, index);
    return address;
  }

  /// Put a real writer, with the credit that is asked for, in front of the consumer of the first
  /// session. Set before it, and id() called before start().
  bool has_real_writer = false;

  /// Hands `bytes` to that writer.
  void give_writer(std::uint64_t offset, const std::string& bytes) {
    protocol::verified_block block;
    block.offset = offset;
    block.size = static_cast<std::uint32_t>(bytes.size());
    block.bytes = make_buffer(bytes);
    caf::anon_send(writer(), actors::verified_blocks{std::move(block)});
  }

  void finish(actors::failure reason = {}, std::size_t index = 0) {
    send(actors::session_finished{std::move(reason), {}}, index);
  }

  /// Kills the actor that runs the callbacks, as a crash would.
  void kill_consumer(std::size_t index = 0) {
    await_open(index, [](const opened_session& session) {
      caf::anon_send_exit(session.consumer, caf::exit_reason::kill);
      return 0;
    });
  }

  void kill_manager() {
    std::lock_guard guard{mutex_};
    caf::anon_send_exit(manager_, caf::exit_reason::kill);
  }

  /// Done by the manager the moment a session is opened, before anything else can happen.
  std::function<void(const opened_session&)> on_open;

  /// Done while StartSession waits for its answer: on the thread that passed the open on, which
  /// answers only afterwards. Set before the first session.
  std::function<void()> while_start_waits;

  /// End a session with the cancel that comes for it, as a real manager does; a cancel that comes before
  /// its open does nothing. Set before the first session.
  bool finish_cancelled = false;

  /// Block memory not given back yet.
  std::size_t buffers_alive() const { return static_cast<std::size_t>(buffers_.use_count() - 1); }

  /// Waits until no more than `count` are alive. What frees one tells nobody, hence the asking.
  void await_buffers(std::size_t count) const {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (buffers_alive() > count && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
  }

  // -- for the engine -------------------------------------------------------------------------------

  void note_open(opened_session session, caf::actor_system& system) {
    if (on_open)
      on_open(session);
    std::lock_guard guard{mutex_};
    if (has_real_writer)
      put_writer_in(session, system);
    opened_.push_back(std::move(session));
    changed_.notify_all();
  }

  void note_cancel(actors::session_id id, const actors::failure& reason) {
    std::lock_guard guard{mutex_};
    cancels_.push_back(reason);
    for (const auto& session : opened_)
      if (finish_cancelled && session.id == id)
        caf::anon_send(session.consumer, actors::session_finished{reason, {}});
    changed_.notify_all();
  }

  void note_release(const actors::block_release& block) {
    std::lock_guard guard{mutex_};
    releases_.push_back(block);
    changed_.notify_all();
  }

  void note_range(const actors::byte_range& range) {
    std::lock_guard guard{mutex_};
    ranges_asked_.push_back(range);
    changed_.notify_all();
  }

  void note_digests(const actors::held_digests& found) {
    std::lock_guard guard{mutex_};
    digests_.insert(digests_.end(), found.begin(), found.end());
    changed_.notify_all();
  }

  void note_consumption() {
    std::lock_guard guard{mutex_};
    consumption_reported_ = true;
    changed_.notify_all();
  }

  /// In place of the reassembly.
  using source_actor = actors::range_actor::extend<caf::reacts_to<actors::held_digests>>;

  void attach(actors::session_manager_actor manager, actors::writer_actor writer,
              source_actor source) {
    std::lock_guard guard{mutex_};
    manager_ = std::move(manager);
    writer_ = std::move(writer);
    source_ = std::move(source);
  }

  actors::writer_actor writer() const {
    std::lock_guard guard{mutex_};
    return writer_;
  }

  source_actor source() const {
    std::lock_guard guard{mutex_};
    return source_;
  }

  /// Ends the actors that stand around a session. No handle may outlive the actor system.
  void detach() {
    std::lock_guard guard{mutex_};
    for (auto& actor : std::exchange(extras_, {}))
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    manager_ = nullptr;
    writer_ = nullptr;
    source_ = nullptr;
    for (auto& session : opened_)
      session.consumer = nullptr;
  }

private:
  template <class Predicate>
  void await(std::unique_lock<std::mutex>& guard, const char* what, Predicate predicate) {
    if (!changed_.wait_for(guard, patience, predicate))
      throw std::runtime_error(std::string{"waited in vain for "} + what);
  }

  /// With the lock held, and by an actor: what a thread of the program spawns keeps the system alive.
  void put_writer_in(const opened_session& session, caf::actor_system& system);

  template <class Use>
  std::invoke_result_t<Use, const opened_session&> await_open(std::size_t index, Use use) {
    std::unique_lock guard{mutex_};
    await(guard, "a session to be opened", [&] { return opened_.size() > index; });
    return use(opened_[index]);
  }

  protocol::const_block_buffer make_buffer(const std::string& bytes) {
    auto* memory = new std::byte[bytes.size() + 1];
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(memory));
    return {memory, [alive = buffers_](const std::byte* p) { delete[] p; }};
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<opened_session> opened_;
  std::vector<actors::failure> cancels_;
  std::vector<actors::block_release> releases_;
  std::shared_ptr<int> buffers_ = std::make_shared<int>(0);
  actors::session_manager_actor manager_;
  actors::writer_actor writer_;
  source_actor source_;
  std::vector<actors::byte_range> ranges_asked_;
  actors::held_digests digests_;
  std::vector<caf::actor> extras_;
  bool consumption_reported_ = false;
};

inline actors::session_manager_actor::behavior_type
scripted_manager(actors::session_manager_actor::pointer self, std::shared_ptr<script> play) {
  return {
    [play, self](actors::open_atom, actors::session_id id, const actors::receive_request& request,
                 const actors::consumer_actor& consumer) {
      play->note_open({id, request, consumer}, self->system());
    },
    [play](actors::cancel_atom, actors::session_id id, const actors::failure& reason) {
      play->note_cancel(id, reason);
    },
    [](actors::join_atom, const actors::join_request&) { return actors::join_reply{}; },
    [self](actors::stop_atom) { self->quit(); },
    [](actors::status_atom) { return actors::status_snapshot{}; },
  };
}

/// The session that a real writer reports to.
inline actors::receive_session_actor::behavior_type
scripted_session(actors::receive_session_actor::pointer, std::shared_ptr<script> play) {
  return {
    [](actors::cancel_atom, const actors::failure&) {},
    [](const actors::server_accepted&) {},
    [](const actors::server_left&) {},
    [](const actors::receipt_confirmed&) {},
    [](const actors::session_progress&) {},
    [](const actors::reassembly_finished&) {},
    [](const actors::reassembly_failed&) {},
    [](const actors::reception_changed&) {},
    [](const protocol::wire::feedback_state&) {},
    [](const actors::delivery_finished&) {},
    [play](const actors::consumption_finished&) { play->note_consumption(); },
    [](const protocol::wire::fetch&) {},
    [](const protocol::wire::fetched&) {},
    [](actors::tick_atom) {},
    [](actors::status_atom) { return actors::status_snapshot{}; },
  };
}

/// Passes everything on to `manager` on the sender's own thread, so that a test can hold that thread.
inline actors::session_manager_actor in_front_of(const actors::session_manager_actor& manager,
                                                 std::shared_ptr<script> play) {
  caf::scoped_execution_unit host{&manager->home_system()};
  auto pass_on = [play](caf::actor_system&, caf::actor_pool::uplock& guard,
                        const caf::actor_pool::actor_vec& managers,
                        caf::mailbox_element_ptr& message, caf::execution_unit* sender) {
    const auto to = managers.front();
    guard.unlock();
    const bool is_open = message->content().match_element<actors::open_atom>(0);
    to->enqueue(std::move(message), sender);
    if (is_open && play->while_start_waits)
      play->while_start_waits();
  };
  return caf::actor_cast<actors::session_manager_actor>(caf::actor_pool::make(
    &host, 1, [&] { return caf::actor_cast<caf::actor>(manager); }, pass_on));
}

inline actors::writer_actor::behavior_type scripted_writer(std::shared_ptr<script> play) {
  return {
    [](const actors::verified_blocks&) {},
    [play](actors::release_atom, const actors::block_release& block) { play->note_release(block); },
    [](const actors::byte_range&) {},
    [](actors::finish_atom) {},
    [](actors::stop_atom) {},
    [](actors::status_atom) { return actors::status_snapshot{}; },
  };
}

inline script::source_actor::behavior_type scripted_source(std::shared_ptr<script> play) {
  return {
    [play](const actors::byte_range& range) { play->note_range(range); },
    [play](const actors::held_digests& found) { play->note_digests(found); },
  };
}

inline void script::put_writer_in(const opened_session& session, caf::actor_system& system) {
  const auto above = system.spawn(scripted_session, shared_from_this());
  const auto real
    = system.spawn(actors::writer, session.request.cache_bytes, session.consumer, above);
  extras_ = {caf::actor_cast<caf::actor>(above), caf::actor_cast<caf::actor>(writer_)};
  writer_ = real;
}

class scripted_engine : public api::engine {
public:
  explicit scripted_engine(std::shared_ptr<script> play)
    : play_(std::move(play)),
      system_(configuration()) {
    const auto manager = system_.spawn(scripted_manager, play_);
    manager_ = in_front_of(manager, play_);
    play_->attach(manager, system_.spawn(scripted_writer, play_),
                  system_.spawn(scripted_source, play_));
  }

  ~scripted_engine() override {
    caf::anon_send_exit(play_->writer(), caf::exit_reason::user_shutdown);
    caf::anon_send_exit(play_->source(), caf::exit_reason::user_shutdown);
    caf::anon_send(manager_, actors::stop_atom::value);
    play_->detach();
    manager_ = nullptr;
  }

  caf::actor_system& system() override { return system_; }
  actors::session_manager_actor manager() const override { return manager_; }

private:
  caf::actor_system_config& configuration() {
    configuration_.set("scheduler.max-threads", 2U);
    return configuration_;
  }

  std::shared_ptr<script> play_;
  caf::actor_system_config configuration_;
  caf::actor_system system_;
  actors::session_manager_actor manager_;
};

} // namespace fleetcast::conformance
