#include "api/callback_actor.hpp"

#include "actors/io/batch_scheduling.hpp"
#include "actors/kit/own_thread.hpp"
#include "actors/kit/status.hpp"
#include "actors/observe/log.hpp"
#include "actors/receive/held_reader.hpp"
#include "api/session_record.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace fleetcast::api {

namespace {

using actors::block_delivery;
using actors::consumer_actor;
using actors::failure;
using actors::failure_code;
using actors::session_finished;
using actors::session_progress;
using actors::session_started;

void log_start(const session_record& session, const actors::session_started& message) noexcept {
  const auto& wanted = session.request();
  actors::log("callbacks")
    .info("{}/{} from {}: receiving {} bytes in blocks of {}", wanted.name_space, wanted.object,
          wanted.server, message.object_size, message.block_size);
}

void log_end(const session_record& session, DWORD error, const failure& reason) noexcept {
  const auto& wanted = session.request();
  if (error == ERROR_SUCCESS)
    actors::log("callbacks")
      .info("{}/{} from {}: complete", wanted.name_space, wanted.object, wanted.server);
  else
    actors::log("callbacks")
      .log(error == ERROR_CANCELLED ? spdlog::level::info : spdlog::level::err,
           "{}/{} from {}: ended with error {}: {}", wanted.name_space, wanted.object,
           wanted.server, error, reason.text);
}

ULARGE_INTEGER large(std::uint64_t value) {
  ULARGE_INTEGER result;
  result.QuadPart = value;
  return result;
}

TRANSPORTCLIENT_SESSION_INFO info_of(const session_started& message) {
  TRANSPORTCLIENT_SESSION_INFO info{};
  info.ulStructureLength = sizeof(info);
  info.ullFileSize = large(message.object_size);
  info.ulBlockSize = message.block_size;
  return info;
}

class port_to_writer final : public writer_port {
public:
  explicit port_to_writer(actors::writer_actor writer) : writer_(std::move(writer)) {}

  void release(const actors::block_release& block) override {
    caf::anon_send(writer_, actors::release_atom::value, block);
  }

private:
  const actors::writer_actor writer_;
};

class callback_state {
public:
  static inline const char* name = "callbacks";

  callback_state() = default;
  callback_state(const callback_state&) = delete;
  callback_state& operator=(const callback_state&) = delete;

  ~callback_state() {
    // Only when the actor was killed or a handler failed: the consumer is owed its SESSION_COMPLETE.
    if (record_ && !finished_)
      finish(
        {{failure_code::internal, 0, "the session's own actor died; start the session again"}, {}});
  }

  void attach(std::shared_ptr<session_record> record) { record_ = std::move(record); }

  void start(const session_started& message) {
    if (std::exchange(started_, true))
      return; // R-ST-3
    record_->note_started(message.object_size, std::make_shared<port_to_writer>(message.writer));
    log_start(*record_, message);
    // The pointers are not to const: what a program writes there, the next callback must not see.
    auto size = large(message.object_size);
    call<PFN_WdsTransportClientSessionStart>(WDS_TRANSPORTCLIENT_SESSION_START, &size);
    auto info = info_of(message);
    call<PFN_WdsTransportClientSessionStartEx>(WDS_TRANSPORTCLIENT_SESSION_STARTEX, &info);
    negotiate(message);
    if (message.metadata != nullptr)
      deliver_metadata(message);
    read_held(message);
  }

  void deliver(const block_delivery& block) {
    if (!is_required(block))
      return record_->give_back(block);
    if (!record_->begin_contents(block))
      return;
    auto offset = large(block.offset);
    if (block.bytes == nullptr)
      return invoke(record_->held().proven, block.size, &offset);
    // The API's type is PVOID although nobody may write there (C-RC-5).
    auto* contents = const_cast<std::byte*>(block.bytes.get());
    invoke_registered<PFN_WdsTransportClientReceiveContents>(WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                                                             contents, block.size, &offset);
    record_->end_contents(block);
    delivered_bytes_ += block.size;
  }

  void note(const session_progress& message) { record_->note_progress(message.summary); }

  void finish(const session_finished& message) noexcept {
    finished_ = true;
    reader_.reset(); // its function uses what the program may free from here on
    auto error = record_->finish(message);
    log_end(*record_, error, message.reason);
    invoke_registered<PFN_WdsTransportClientSessionComplete>(WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                                             error);
    record_->completed();
  }

  actors::status_snapshot status() const {
    return {name, "between callbacks", {actors::metrics::delivered_bytes(delivered_bytes_)}, {}};
  }

private:
  void negotiate(const session_started& message) {
    auto info = info_of(message);
    record_->begin_negotiation();
    call<PFN_WdsTransportClientSessionNegotiate>(WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE, &info,
                                                 to_negotiate_handle(record_->key()));
    required_ = record_->end_negotiation();
    if (required_)
      caf::anon_send(message.ranges, *required_);
  }

  void deliver_metadata(const session_started& message) {
    record_->keep_alive(message.metadata);
    // The API's type is PVOID although nobody may write there, as with contents.
    call<PFN_WdsTransportClientReceiveMetadata>(WDS_TRANSPORTCLIENT_RECEIVE_METADATA,
                                                const_cast<std::byte*>(message.metadata.get()),
                                                ULONG{message.metadata_size});
    record_->let_go(message.metadata.get());
  }

  /// What lies outside of a range that was negotiated is not asked for.
  void read_held(const session_started& message) {
    auto blocks = actors::held_reader::blocks_of(message, required_);
    if (!blocks.empty())
      reader_ = std::make_unique<actors::held_reader>(
        std::move(blocks),
        [this](std::uint64_t offset, std::span<std::byte> into) { return read(offset, into); },
        message.digests);
  }

  /// On the reader's thread.
  actors::held_reader::outcome read(std::uint64_t offset, std::span<std::byte> into) {
    if (!record_->may_call_back())
      return actors::held_reader::outcome::over;
    auto from = large(offset);
    const auto error
      = invoke(record_->held().read, into.data(), static_cast<ULONG>(into.size()), &from);
    return error == ERROR_SUCCESS ? actors::held_reader::outcome::read
                                  : actors::held_reader::outcome::absent;
  }

  /// Blocks cover the range; those beside it were on their way before it was known.
  bool is_required(const block_delivery& block) const noexcept {
    return !required_ || required_->touches(block.offset, block.size);
  }

  /// Calls what was registered, unless the session was cancelled meanwhile. The look is the moment at which
  /// the callback begins: a cancel behind it finds it under way (R-CAN-8, docs/decisions/0006).
  template <class Function, class... Ts>
  void call(TRANSPORTCLIENT_CALLBACK_ID id, Ts... arguments) noexcept {
    if (record_->callback(id) != nullptr && record_->may_call_back())
      invoke_registered<Function>(id, arguments...);
  }

  template <class Function, class... Ts>
  void invoke_registered(TRANSPORTCLIENT_CALLBACK_ID id, Ts... arguments) noexcept {
    invoke(reinterpret_cast<Function>(record_->callback(id)), arguments...);
  }

  /// An exception that leaves a C callback is a defect of the program: noexcept makes it end there
  /// and then, with the culprit on the stack.
  template <class Function, class... Ts>
  std::invoke_result_t<Function, HANDLE, PVOID, Ts...> invoke(Function function,
                                                              Ts... arguments) noexcept {
    callback_scope scope{*record_};
    return function(to_handle(record_->key()), record_->caller_data(), arguments...);
  }

  std::shared_ptr<session_record> record_;
  std::unique_ptr<actors::held_reader> reader_; ///< none: nothing is held
  std::optional<actors::byte_range> required_;
  std::uint64_t delivered_bytes_ = 0;
  bool started_ = false;
  bool finished_ = false;
};

consumer_actor::behavior_type
callback_behavior(consumer_actor::stateful_pointer<callback_state> self,
                  std::shared_ptr<session_record> record,
                  const actors::session_manager_actor& manager) {
  actors::io::schedule_as_program(); // whose callbacks run here
  self->state.attach(std::move(record));
  self->monitor(manager);
  self->set_down_handler([self](const caf::down_msg&) {
    self->state.finish(
      {{failure_code::internal, 0, "the session manager died; initialise the library again"}, {}});
    self->quit();
  });
  return {
    [self](const session_started& message) { self->state.start(message); },
    [self](const block_delivery& message) { self->state.deliver(message); },
    [self](const session_progress& message) { self->state.note(message); },
    [self](const session_finished& message) {
      self->state.finish(message);
      self->quit();
    },
    [self, born = actors::vitals{}](actors::status_atom) {
      return born.of(self, self->state.status());
    },
  };
}

} // namespace

tl::expected<consumer_actor, actors::failure>
spawn_callback_actor(caf::actor_system& system, std::shared_ptr<session_record> record,
                     const actors::session_manager_actor& manager) {
  return actors::spawn_on_own_thread(system, "the callbacks of a session", callback_behavior,
                                     std::move(record), manager);
}

} // namespace fleetcast::api
