#include "tests/support/actor_fixture.hpp"

#include "actors/serve/group_allocator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <utility>

namespace fleetcast::actors::testing {

namespace wire = protocol::wire;

// -- scripted world -------------------------------------------------------------------------------

namespace {

caf::actor_system_config& scripted(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  config.set("logger.verbosity", caf::atom("quiet"));
  return config;
}

/// Steps after which a script goes in circles.
constexpr std::size_t most_steps = 1'000'000;

} // namespace

scripted_world::scripted_world() : system_(scripted(config_)) {
  // "Never" and "at the beginning of time" are easily mistaken.
  scheduler().advance_time(std::chrono::seconds{100});
}

scripted_world::~scripted_world() {
  run();
}

caf::scheduler::test_coordinator& scripted_world::scheduler() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
}

void scripted_world::run() {
  for (std::size_t step = 0; scheduler().try_run_once(); ++step)
    if (step == most_steps) {
      ADD_FAILURE() << "the actors send each other messages without end";
      return;
    }
}

void scripted_world::pass(protocol::duration time) {
  run();
  const auto until = now() + time;
  auto& clock = scheduler().clock();
  while (!clock.schedule().empty()) {
    const auto due = clock.schedule().begin()->first.time_since_epoch();
    if (due > until)
      break;
    scheduler().advance_time(std::max(due - now(), protocol::duration::zero()));
    run();
  }
  scheduler().advance_time(until - now());
  run();
}

protocol::timestamp scripted_world::now() {
  return scheduler().clock().now().time_since_epoch();
}

std::size_t scripted_world::timers() {
  return scheduler().clock().schedule().size();
}

void scripted_world::kill(const caf::actor& who) {
  caf::anon_send_exit(who, caf::exit_reason::kill);
  run();
}

status_snapshot scripted_world::status(const caf::actor& of, protocol::duration time) {
  caf::scoped_actor self{system_};
  status_snapshot result;
  auto answer = self->request(of, caf::infinite, status_atom::value);
  pass(time);
  if (!self->has_next_message()) {
    ADD_FAILURE() << "no status within " << time.count() << " ns";
    return result;
  }
  answer.receive([&](const status_snapshot& got) { result = got; },
                 [&](const caf::error& error) { ADD_FAILURE() << system_.render(error); });
  return result;
}

std::optional<std::string> fact(const status_snapshot& of, std::string_view name) {
  for (const auto& one : of.facts)
    if (display_name(one) == name || (!one.label.empty() && one.label == name))
      return value_text(one);
  return std::nullopt;
}

std::uint64_t count_in(const status_snapshot& tree, std::string_view name) {
  const auto own = fact(tree, name);
  std::uint64_t result = own ? std::stoull(*own) : 0;
  for (const auto& child : tree.children)
    result += count_in(child, name);
  return result;
}

const status_snapshot* find_actor(const status_snapshot& tree, std::string_view kind) {
  if (tree.actor == kind)
    return &tree;
  for (const auto& child : tree.children)
    if (const auto* found = find_actor(child, kind))
      return found;
  return nullptr;
}

// -- consumer -------------------------------------------------------------------------------------

consumer_actor::behavior_type recording_consumer(consumer_actor::pointer,
                                                 std::shared_ptr<consumer_record> record) {
  return {
    [record](const session_started& started) {
      record->order.emplace_back("started");
      record->started = started;
    },
    [record](const block_delivery& block) {
      record->order.emplace_back("block");
      record->blocks.push_back(block);
    },
    [record](const session_progress& progress) {
      ++record->progress;
      record->latest = progress.summary;
      if (const auto during = std::exchange(record->during_progress, nullptr))
        during();
    },
    [record](const session_finished& finished) {
      record->order.emplace_back("finished");
      record->finished.push_back(finished);
    },
    [](status_atom) {
      return status_snapshot{"consumer", "idle", {}, {}};
    },
  };
}

// -- receive session and its children -------------------------------------------------------------

namespace {

using parts_record = std::shared_ptr<receive_parts_record>;
using status_promise = caf::typed_response_promise<status_snapshot>;

status_promise answer_status(caf::scheduled_actor* self, const parts_record& record,
                             const std::string& name) {
  if (record->throws == name)
    throw std::runtime_error{"the test wants the " + name + " to crash"};
  auto promise = self->make_response_promise<status_promise>();
  if (record->mute == name)
    record->unanswered.push_back(promise);
  else
    promise.deliver(status_snapshot{name, "scripted", {}, {}});
  return promise;
}

control_client_actor::behavior_type scripted_link(control_client_actor::pointer self,
                                                  parts_record record) {
  return {
    [=](const wire::client_message& message) { record->said.push_back(message); },
    [=](stop_atom) {
      record->stopped.emplace_back("control_client");
      self->quit();
    },
    [=](status_atom) { return answer_status(self, record, "control_client"); },
  };
}

writer_actor::behavior_type scripted_writer(writer_actor::pointer self, parts_record record) {
  return {
    [](const verified_blocks&) {},
    [](release_atom, const block_release&) {},
    [](finish_atom) {},
    [](const byte_range&) {},
    [=](stop_atom) { record->stopped.emplace_back("writer"); },
    [=](status_atom) { return answer_status(self, record, "writer"); },
  };
}

reassembly_actor::behavior_type scripted_reassembly(reassembly_actor::pointer self,
                                                    parts_record record) {
  return {
    [](const io::datagram_batch&) {},
    [=](const incoming_transmission& next) {
      record->transmissions.push_back(next.receiver.session_tag);
    },
    [](const byte_range&) {},
    [](const held_digests&) {},
    [](room_atom) {},
    [=](const wire::fetched& part) { record->fetched.push_back(part); },
    [=](const wire::feedback_state& state) { record->heard_packets.push_back(state.heard_packet); },
    [](tick_atom) {},
    [=](status_atom) { return answer_status(self, record, "reassembly"); },
  };
}

socket_reader_actor::behavior_type scripted_reader(socket_reader_actor::pointer self,
                                                   parts_record record) {
  return {
    [=](stop_atom) {
      record->stopped.emplace_back("socket_reader");
      self->quit();
    },
    [=](status_atom) { return answer_status(self, record, "socket_reader"); },
  };
}

class scripted_children final : public receive_session_parts {
public:
  explicit scripted_children(parts_record record) : record_(std::move(record)) {}

  control_client_actor connect(caf::scheduled_actor& session, const receive_request& request,
                               const receive_session_actor& self) override {
    record_->session = self;
    record_->asked.push_back(request);
    record_->link = session.spawn(scripted_link, record_);
    return record_->link;
  }

  tl::expected<receiving, failure> receive(caf::scheduled_actor& session, const receive_request&,
                                           const server_accepted&, const consumer_actor& consumer,
                                           const receive_session_actor&) override {
    if (record_->refuses_to_receive)
      return tl::unexpected{record_->refuses_to_receive};
    receiving result;
    result.block_size = 1000;
    result.writer = session.spawn(scripted_writer, record_);
    result.reassembly = session.spawn(scripted_reassembly, record_);
    result.path = record_->path;
    record_->receiving = result;
    consumer_ = consumer;
    return result;
  }

  tl::expected<next_reception, failure>
  receive_again(const receive_request&, const server_accepted& link, const receiving&) override {
    if (record_->refuses_to_receive_again)
      return tl::unexpected{record_->refuses_to_receive_again};
    const auto layout = protocol::geometry::make(link.accept.object_size, link.accept.symbol_size,
                                                 link.accept.source_symbols);
    next_reception result{{{.layout = *layout}, nullptr, {}}, nullptr, record_->path};
    result.transmission.receiver.session_tag = link.accept.session_tag;
    return result;
  }

  failure join_again(const receiving&) override {
    ++record_->joins;
    return record_->refuses_to_join;
  }

  std::uint64_t reassembled_packets() const override { return record_->reassembled; }

  socket_reader_actor read(caf::scheduled_actor& session, const receiving&) override {
    if (record_->delivers_at_once)
      caf::anon_send(consumer_, block_delivery{});
    consumer_ = nullptr;
    record_->receiving.reader = session.spawn(scripted_reader, record_);
    return record_->receiving.reader;
  }

private:
  parts_record record_;
  consumer_actor consumer_;
};

} // namespace

std::shared_ptr<receive_session_parts> scripted_parts(parts_record record) {
  return std::make_shared<scripted_children>(std::move(record));
}

void end_session(scripted_world& world, receive_parts_record& record) {
  const auto kill = [&](auto& handle) {
    if (handle)
      world.kill(handle);
    handle = nullptr;
  };
  kill(record.session);
  kill(record.link);
  kill(record.receiving.writer);
  kill(record.receiving.reassembly);
  kill(record.receiving.reader);
  record.unanswered.clear();
}

server_accepted accepted(std::uint64_t size) {
  server_accepted result;
  result.accept.object_size = size;
  result.accept.symbol_size = 100;
  result.accept.source_symbols = 10;
  result.local = boost::asio::ip::address_v4::loopback();
  result.peer = result.local;
  return result;
}

// -- objects --------------------------------------------------------------------------------------

std::vector<std::byte> sample_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::byte> result(size);
  std::generate(result.begin(), result.end(), [&] { return static_cast<std::byte>(random()); });
  return result;
}

memory_content::memory_content(std::string name, std::vector<std::byte> bytes, reading before_read)
  : name_(std::move(name)),
    bytes_(std::move(bytes)),
    before_read_(std::move(before_read)) {}

tl::expected<void, failure> memory_content::read(std::uint64_t offset,
                                                 std::span<std::byte> out) const {
  if (before_read_)
    if (auto refused = before_read_(offset); !refused)
      return refused;
  std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return {};
}

// -- live world -----------------------------------------------------------------------------------

send_options small_block_options(const std::filesystem::path& state_dir) {
  auto who = io::load_or_create_identity(state_dir);
  if (!who)
    throw std::runtime_error{who.error().text};
  send_options result;
  result.identity = std::make_shared<const io::identity>(std::move(*who));
  result.groups = group_allocator::make();
  result.interface = "lo";
  result.shape = {512, 16};
  return result;
}

status_snapshot ask_status(caf::scoped_actor& self, const caf::actor& of) {
  status_snapshot result;
  self->request(of, answer_patience, status_atom::value)
    .receive([&](const status_snapshot& got) { result = got; },
             [&](const caf::error& error) {
               ADD_FAILURE() << "no status came: " << self->system().render(error);
             });
  return result;
}

} // namespace fleetcast::actors::testing
