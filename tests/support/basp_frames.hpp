/// Frames of BASP for tests: as CAF writes them (its serializer makes the payloads), and as nobody should.
#pragma once

#include "actors/fleet/basp_frame.hpp"
#include "actors/fleet/messages.hpp"

#include <caf/all.hpp>
#include <caf/binary_serializer.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace fleetcast::actors::testing::basp {

using bytes = std::vector<std::uint8_t>;
using fleet::basp::node_id;
using fleet::basp::operation;

constexpr std::uint64_t plain_message = 0x1000'0000'0000'0000;
constexpr std::uint64_t plain_answer = 0x9000'0000'0000'0000;

inline bytes operator+(bytes left, const bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// A frame whose header says how long its payload is, or lies about it.
struct frame {
  operation what = operation::heartbeat;
  std::uint8_t flags = 0;
  std::uint64_t data = 0;
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
  bytes payload;
  std::optional<std::uint32_t> claimed_length;

  operator bytes() const { // NOLINT: a frame is its bytes
    bytes result{static_cast<std::uint8_t>(what), 0, 0, flags};
    const auto put = [&](std::uint64_t value, unsigned size) {
      for (unsigned i = size; i-- > 0;)
        result.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    };
    put(claimed_length.value_or(static_cast<std::uint32_t>(payload.size())), 4);
    put(data, 8);
    put(source, 8);
    put(destination, 8);
    return result + payload;
  }
};

inline bytes of(const node_id& id) {
  return {id.begin(), id.end()};
}

/// A node id that nobody else has.
inline node_id made_node(std::uint8_t which) {
  std::array<std::uint8_t, fleet::basp::random_node_size> random{};
  random.fill(which);
  return fleet::basp::make_node_id(random);
}

/// An actor system that knows the fleet's messages, to serialize them in.
class serializing_system {
public:
  serializing_system() : config_(), system_(prepared(config_)) {}

  caf::actor_system& get() noexcept { return system_; }

private:
  static caf::actor_system_config& prepared(caf::actor_system_config& config) {
    config.set("scheduler.max-threads", std::size_t{1});
    config.set("logger.verbosity", caf::atom("quiet"));
    fleet::add_messages(config);
    return config;
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
};

template <class... Ts>
bytes serialized(caf::actor_system& system, Ts... values) {
  std::vector<char> buffer;
  caf::binary_serializer sink{system, buffer};
  if (const auto error = sink(values...))
    throw std::runtime_error{system.render(error)};
  return {buffer.begin(), buffer.end()};
}

/// The payload of a direct message.
template <class... Ts>
bytes message(caf::actor_system& system, Ts&&... values) {
  return serialized(system, std::vector<caf::strong_actor_ptr>{},
                    caf::make_message(std::forward<Ts>(values)...));
}

inline node_id node_of(caf::actor_system& system) {
  const auto all = serialized(system, system.node());
  node_id result{};
  std::copy(all.begin(), all.end(), result.begin());
  return result;
}

// -- frames of the list ---------------------------------------------------------------------------

inline frame hello_of_coordinator(const node_id& own, bool selects = false) {
  return {
    operation::client_handshake, static_cast<std::uint8_t>(selects ? 2 : 0), 0, 0, 0, of(own), {}};
}

inline frame hello_of_agent(caf::actor_system& system, const node_id& own,
                            std::uint64_t published) {
  const auto understands = system.message_types<fleet::agent_actor>();
  return {operation::server_handshake,
          0,
          3,
          0,
          0,
          of(own)
            + serialized(system, std::vector<std::string>{"generic-caf-app"}, published,
                         std::set<std::string>{understands.begin(), understands.end()}),
          {}};
}

inline frame monitor(const node_id& own, const node_id& peer, std::uint64_t whom) {
  return {operation::monitor, 0, 0, 0, whom, of(own) + of(peer), {}};
}

inline frame down(caf::actor_system& system, const node_id& own, const node_id& peer,
                  std::uint64_t whose) {
  return {operation::down,
          0,
          0,
          whose,
          0,
          of(own) + of(peer) + serialized(system, caf::make_error(caf::exit_reason::kill)),
          {}};
}

inline frame request(std::uint64_t number, std::uint64_t from, std::uint64_t to, bytes payload) {
  return {operation::direct, 0, plain_message + number, from, to, std::move(payload), {}};
}

inline frame answer(std::uint64_t number, std::uint64_t from, std::uint64_t to, bytes payload) {
  return {operation::direct, 0, plain_answer + number, from, to, std::move(payload), {}};
}

/// Neither a request nor an answer.
inline frame note(std::uint64_t from, std::uint64_t to, bytes payload) {
  return {operation::direct, 0, plain_message, from, to, std::move(payload), {}};
}

/// CAF's own question, and the answer.
inline frame utility_question(caf::actor_system& system, std::uint64_t helper) {
  return {operation::direct,
          1,
          plain_message,
          helper,
          fleet::basp::atom("SpawnServ"),
          message(system, caf::atom("sys"), caf::atom("get"), std::string{"info"}),
          {}};
}

inline frame utility_answer(caf::actor_system& system, std::uint64_t helper) {
  return note(1, helper,
              message(system, caf::atom("ok"), std::string{"info"}, caf::strong_actor_ptr{},
                      std::string{"SpawnServ"}));
}

} // namespace fleetcast::actors::testing::basp
