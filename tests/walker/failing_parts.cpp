#include "tests/walker/failing_parts.hpp"

#include "actors/receive/writer.hpp"
#include "tests/walker/dice.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <numeric>
#include <utility>

namespace fleetcast::walker {

namespace {

using namespace fleetcast::actors;
using world_pointer = std::shared_ptr<const bad_world>;

constexpr failure_code causes[]
  = {failure_code::internal,          failure_code::no_memory,      failure_code::server_busy,
     failure_code::host_unreachable,  failure_code::sender_silent,  failure_code::connection_lost,
     failure_code::kicked_fallback,   failure_code::kicked_abort,   failure_code::object_changed,
     failure_code::content_corrupt,   failure_code::network_fault,  failure_code::name_unresolved,
     failure_code::not_authenticated, failure_code::connect_timeout};

failure some_failure(dice& luck) {
  return {luck.one_of(causes), 0, "a bad day"};
}

const object* find_object(const world_pointer& world, const std::string& name) {
  for (const auto& candidate : world->objects)
    if (candidate.name == name)
      return &candidate;
  return nullptr;
}

// -- control link ---------------------------------------------------------------------------------

struct link_state {
  explicit link_state(control_client_actor::pointer) {}
  static inline const char* name = "failing link";

  dice luck{0};
};

struct link_plan {
  world_pointer world;
  receive_request request;
  receive_session_actor session;
  std::uint64_t seed;
};

/// What the server says to the request, if anything.
void answer(control_client_actor::stateful_pointer<link_state> self, const link_plan& plan) {
  auto& luck = self->state.luck;
  const auto* wanted = find_object(plan.world, plan.request.object);
  if (luck.chance(30))
    return self->delayed_send(plan.session, std::chrono::milliseconds{300},
                              server_left{{failure_code::connect_timeout, 0, "silence"}});
  if (luck.chance(5))
    return self->quit(caf::exit_reason::unhandled_exception);
  if (luck.chance(50))
    return self->send(plan.session, server_left{some_failure(luck)});
  if (plan.request.port != plan.world->port)
    return self->send(plan.session, server_left{{failure_code::connection_refused, 0, "refused"}});
  if (wanted == nullptr)
    return self->send(plan.session, server_left{{failure_code::object_not_found, 0, "not there"}});
  server_accepted accepted;
  accepted.accept.object_size = wanted->content.size();
  accepted.accept.symbol_size = symbol_size;
  accepted.accept.source_symbols = source_symbols;
  accepted.accept.metadata = wanted->metadata;
  self->send(plan.session, std::move(accepted));
  if (luck.chance(50))
    self->send(plan.session, server_left{some_failure(luck)});
}

control_client_actor::behavior_type
failing_link(control_client_actor::stateful_pointer<link_state> self, link_plan plan) {
  self->state.luck = dice{plan.seed};
  answer(self, plan);
  return {
    [=](const protocol::wire::client_message& message) {
      // A server that does not note the receipt costs the session its whole patience: seldom.
      if (std::holds_alternative<protocol::wire::receipt>(message) && !self->state.luck.chance(2))
        self->send(plan.session, receipt_confirmed{});
    },
    [=](stop_atom) { self->quit(); },
    [](status_atom) { return status_snapshot{}; },
  };
}

// -- reassembly -----------------------------------------------------------------------------------

struct source_plan {
  world_pointer world;
  const object* content = nullptr;
  writer_actor writer;
  receive_session_actor session;
  std::uint64_t seed = 0;
};

/// Verified blocks out of nowhere.
class source_state {
public:
  static inline const char* name = "failing reassembly";

  explicit source_state(reassembly_actor::pointer self) : self_(self) {}

  void attach(source_plan plan) {
    plan_ = std::move(plan);
    luck_ = dice{plan_.seed};
    left_.resize(plan_.content->blocks());
    std::iota(left_.begin(), left_.end(), std::size_t{0});
    if (luck_.chance(700))
      std::shuffle(left_.begin(), left_.end(), luck_.engine());
    self_->monitor(plan_.session);
    self_->set_down_handler([this](const caf::down_msg&) { self_->quit(); });
  }

  void require(const byte_range& wanted) {
    std::erase_if(left_, [&](std::size_t block) {
      return !wanted.touches(block * block_size, plan_.content->size_of(block));
    });
    self_->send(plan_.writer, wanted);
  }

  void work() {
    if (luck_.chance(3))
      return self_->quit(caf::exit_reason::unhandled_exception);
    if (luck_.chance(3))
      return self_->send(plan_.session, reassembly_failed{some_failure(luck_)});
    if (left_.empty())
      return finish();
    verified_blocks batch;
    for (auto count = 1 + luck_.below(16); count > 0 && !left_.empty(); --count) {
      batch.push_back(make_block(left_.back()));
      left_.pop_back();
    }
    self_->send(plan_.writer, std::move(batch));
    if (luck_.chance(800))
      self_->send(self_, tick_atom::value);
    else
      self_->delayed_send(self_, std::chrono::milliseconds{luck_.below(5)}, tick_atom::value);
  }

private:
  void finish() {
    receive_summary summary;
    summary.object_size = plan_.content->content.size();
    self_->send(plan_.writer, finish_atom::value);
    self_->send(plan_.session, reassembly_finished{summary});
  }

  /// From the heap, each for itself: the address sanitizer sees who looks at it too late.
  protocol::verified_block make_block(std::size_t number) const {
    const auto size = plan_.content->size_of(number);
    const auto offset = number * block_size;
    auto* memory = new std::byte[size];
    std::copy_n(plan_.content->content.begin() + static_cast<std::ptrdiff_t>(offset), size, memory);
    return {static_cast<protocol::block_number>(number), offset, size,
            protocol::const_block_buffer{
              memory, [alive = plan_.world->blocks_alive](const std::byte* p) { delete[] p; }}};
  }

  reassembly_actor::pointer self_;
  source_plan plan_;
  dice luck_{0};
  std::vector<std::size_t> left_;
};

reassembly_actor::behavior_type
failing_source(reassembly_actor::stateful_pointer<source_state> self, source_plan plan) {
  self->state.attach(std::move(plan));
  return {
    [](const io::datagram_batch&) {},
    [](const incoming_transmission&) {}, // it goes on where it is, once its reader begins
    [self](const byte_range& wanted) { self->state.require(wanted); },
    [](const held_digests&) {},
    [](room_atom) {},
    [](const protocol::wire::fetched&) {},
    [](const protocol::wire::feedback_state&) {},
    [self](tick_atom) { self->state.work(); },
    [](status_atom) { return status_snapshot{}; },
  };
}

// -- socket reader --------------------------------------------------------------------------------

/// Makes the source begin, as the first datagram would.
socket_reader_actor::behavior_type idle_reader(socket_reader_actor::pointer self,
                                               const reassembly_actor& source) {
  self->monitor(source);
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  self->send(source, tick_atom::value);
  return {
    [self](stop_atom) { self->quit(); },
    [](status_atom) { return status_snapshot{}; },
  };
}

// -- parts ----------------------------------------------------------------------------------------

class parts final : public receive_session_parts {
public:
  parts(world_pointer world, std::uint64_t seed) : world_(std::move(world)), luck_(seed) {}

  control_client_actor connect(caf::scheduled_actor& session, const receive_request& request,
                               const receive_session_actor& self) override {
    return session.spawn(failing_link, link_plan{world_, request, self, next_seed()});
  }

  tl::expected<receiving, failure> receive(caf::scheduled_actor& session,
                                           const receive_request& request, const server_accepted&,
                                           const consumer_actor& consumer,
                                           const receive_session_actor& self) override {
    dice luck{next_seed()};
    if (luck.chance(20))
      return tl::unexpected{some_failure(luck)};
    if (luck.chance(5))
      caf::anon_send_exit(consumer, caf::exit_reason::kill);
    receiving result;
    result.block_size = block_size;
    result.writer = session.spawn(writer, request.cache_bytes, consumer, self);
    source_plan plan;
    plan.world = world_;
    plan.content = find_object(world_, request.object);
    plan.writer = result.writer;
    plan.session = self;
    plan.seed = luck.seed();
    result.reassembly = session.spawn(failing_source, std::move(plan));
    return result;
  }

  tl::expected<next_reception, failure>
  receive_again(const receive_request&, const server_accepted& link, const receiving&) override {
    dice luck{next_seed()};
    if (luck.chance(100))
      return tl::unexpected{some_failure(luck)};
    const auto& accept = link.accept;
    const auto layout
      = protocol::geometry::make(accept.object_size, accept.symbol_size, accept.source_symbols);
    return next_reception{{{.layout = *layout}, nullptr, {}}, nullptr, {}};
  }

  failure join_again(const receiving&) override { return {}; }

  socket_reader_actor read(caf::scheduled_actor& session, const receiving& into) override {
    return session.spawn(idle_reader, into.reassembly);
  }

private:
  /// Sessions are actors of their own and may ask at the same time.
  std::uint64_t next_seed() {
    std::lock_guard guard{mutex_};
    return luck_.seed();
  }

  world_pointer world_;
  std::mutex mutex_;
  dice luck_;
};

} // namespace

std::shared_ptr<receive_session_parts> failing_parts(std::shared_ptr<const bad_world> world,
                                                     std::uint64_t seed) {
  return std::make_shared<parts>(std::move(world), seed);
}

} // namespace fleetcast::walker
