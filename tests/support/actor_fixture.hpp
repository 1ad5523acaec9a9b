/// What tests of actors need: a world whose scheduler and clock belong to the test, a live world on the
/// loopback interface, actors that write down what they hear, and objects made of memory.
#pragma once

#include "actors/messages/receiving.hpp"
#include "actors/receive/session.hpp"
#include "actors/serve/content_provider.hpp"
#include "actors/serve/options.hpp"
#include "actors/trust/identity.hpp"
#include "protocol/block_buffer.hpp"
#include "protocol/timestamp.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors::testing {

/// How long a test in a live world waits for what must come; only a defect gets there.
constexpr std::chrono::seconds answer_patience{60};

// -- scripted world -------------------------------------------------------------------------------

/// An actor system without threads: actors run when the test says so, and time passes when the test
/// says so. No place for detached actors, nor for anything that sends from another thread.
class scripted_world {
public:
  scripted_world();
  ~scripted_world();

  scripted_world(const scripted_world&) = delete;
  scripted_world& operator=(const scripted_world&) = delete;

  caf::actor_system& system() noexcept { return system_; }

  /// Lets actors work until nobody has a message. Fails the test when that has no end.
  void run();

  /// Lets `time` pass; what becomes due on the way happens at its moment.
  void pass(protocol::duration time);

  protocol::timestamp now();

  /// How many are set, by all actors.
  std::size_t timers();

  /// For messages of the test itself, which has no address.
  template <class Handle, class... Ts>
  void tell(const Handle& to, Ts&&... what) {
    caf::anon_send(to, std::forward<Ts>(what)...);
    run();
  }

  void kill(const caf::actor& who);

  template <class Handle>
  void kill(const Handle& who) {
    kill(caf::actor_cast<caf::actor>(who));
  }

  /// Asks for a status and lets `time` pass before looking whether the answer came.
  status_snapshot status(const caf::actor& of, protocol::duration time = {});

  template <class Handle>
  status_snapshot status(const Handle& of, protocol::duration time = {}) {
    return status(caf::actor_cast<caf::actor>(of), time);
  }

private:
  caf::scheduler::test_coordinator& scheduler();

  caf::actor_system_config config_;
  caf::actor_system system_;
};

/// Whether `who` has ended.
template <class Handle>
bool has_ended(const Handle& who) {
  return caf::actor_cast<caf::abstract_actor*>(who)->getf(caf::abstract_actor::is_terminated_flag);
}

/// Value of a fact, or nothing.
std::optional<std::string> fact(const status_snapshot& of, std::string_view name);

/// Sum over the tree of a fact that counts; what has no such fact counts nothing.
std::uint64_t count_in(const status_snapshot& tree, std::string_view name);

/// First actor of that kind in the tree, or null.
const status_snapshot* find_actor(const status_snapshot& tree, std::string_view kind);

// -- consumer -------------------------------------------------------------------------------------

/// What a consumer heard, in order.
struct consumer_record {
  std::vector<std::string> order; ///< "started", "block", "finished"
  std::optional<session_started> started;
  std::vector<block_delivery> blocks;
  std::vector<session_finished> finished;
  std::size_t progress = 0;
  receive_summary latest; ///< of the last progress message

  /// Called while the next progress message is being handled.
  std::function<void()> during_progress;
};

/// Writes down what it hears and releases nothing. `record` is read by the test between two runs.
consumer_actor::behavior_type recording_consumer(consumer_actor::pointer self,
                                                 std::shared_ptr<consumer_record> record);

// -- receive session and its children -------------------------------------------------------------

/// What the children of a receive session heard, and the handles by which the test plays them.
struct receive_parts_record {
  receive_session_actor session;
  control_client_actor link;
  receive_session_parts::receiving receiving;
  std::vector<protocol::wire::client_message> said; ///< to the server
  std::vector<protocol::wire::fetched> fetched;     ///< that reached the reassembly
  std::vector<std::uint64_t> heard_packets;         ///< of feedback states that reached it
  std::vector<std::string> stopped;                 ///< who was sent stop_atom

  /// The consumer gets a block the moment that anything can be read.
  bool delivers_at_once = false;

  /// What `receive` fails with, if it shall.
  failure refuses_to_receive;

  /// And `receive_again`.
  failure refuses_to_receive_again;

  /// Requests for each link, oldest first.
  std::vector<receive_request> asked;

  /// Session tags of the transmissions that the reassembly was told to go on with.
  std::vector<std::uint32_t> transmissions;

  /// The group was left and joined again so often.
  unsigned joins = 0;

  /// What that fails with, if it shall.
  failure refuses_to_join;

  /// What `reassembled_packets` answers.
  std::uint64_t reassembled = 0;

  /// The way of its datagrams.
  std::optional<data_path> path;

  /// Child that throws when asked for its status.
  std::string throws;

  /// Child that never answers when asked for its status.
  std::string mute;

  /// Promises of mute children: letting go of one would be an answer.
  std::vector<caf::typed_response_promise<status_snapshot>> unanswered;
};

/// Children that do nothing but write down; `record` tells of the session that was started last.
std::shared_ptr<receive_session_parts> scripted_parts(std::shared_ptr<receive_parts_record> record);

/// Ends whatever of that session still lives: an actor system waits for its actors.
void end_session(scripted_world& world, receive_parts_record& record);

/// An answer that fits an object of `size` bytes.
server_accepted accepted(std::uint64_t size);

// -- objects --------------------------------------------------------------------------------------

/// Bytes that tell where they stand: no two blocks of an object are alike.
std::vector<std::byte> sample_bytes(std::size_t size, std::uint64_t seed);

/// An object in memory.
class memory_content final : public content {
public:
  using reading = std::function<tl::expected<void, failure>(std::uint64_t offset)>;

  /// `before_read` may refuse each reading, or throw in its place.
  memory_content(std::string name, std::vector<std::byte> bytes, reading before_read = {});

  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  tl::expected<void, failure> read(std::uint64_t offset, std::span<std::byte> out) const override;
  bool same_as(const content& other) const noexcept override { return name_ == other.name(); }

private:
  std::string name_;
  std::vector<std::byte> bytes_;
  reading before_read_;
};

// -- live world -----------------------------------------------------------------------------------

/// Sends on the loopback interface in small blocks, so that few bytes make many of them.
send_options small_block_options(const std::filesystem::path& state_dir);

/// Waits for the answer to a status request.
status_snapshot ask_status(caf::scoped_actor& self, const caf::actor& of);

} // namespace fleetcast::actors::testing
