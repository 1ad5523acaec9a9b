/// A whole transmission in virtual time: the real sender and receivers, sealed datagrams and all,
/// over simulated links.
#pragma once

#include "protocol/receive/receiver.hpp"
#include "protocol/send/feedback_gate.hpp"
#include "protocol/send/sender.hpp"
#include "protocol/simulation/event_queue.hpp"
#include "protocol/simulation/link.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace fleetcast::protocol::simulation {

struct receiver_options {
  link_options down;
  link_options up;

  /// After the start of the run.
  duration join_at{};

  /// It vanishes then, without a word, as after kill -9; the sender's control plane is told
  /// `notice_after` later.
  std::optional<duration> vanish_at;
  duration notice_after = milliseconds(1);

  std::size_t cache_blocks = defaults::cache_blocks;

  /// How long the consumer holds each block.
  duration consume_time{};
};

struct simulation_options {
  std::uint64_t object_size = 0;
  std::uint16_t symbol_size = defaults::symbol_size;
  std::uint16_t source_symbols = defaults::source_symbols;

  /// Fixed; 0: found by adaptive_rate.
  bit_rate rate = 1'000'000'000;
  std::vector<receiver_options> receivers;

  /// What all receivers share, in front of their own links: the sender's uplink.
  link_options uplink{.delay = {}};

  wire::seal_suite suite = wire::seal_suite::chacha20_poly1305;
  std::uint64_t seed = 1;

  /// Virtual time after which the run is given up.
  duration time_limit = seconds(600);

  /// How long reading a block takes.
  duration read_time = microseconds(100);

  /// Call validate() of every part after each step: slow.
  bool validate = false;
};

struct receiver_outcome {
  bool complete = false;
  bool intact = false; ///< every byte was delivered exactly once and is right
  duration took{};     ///< from its joining
  failure failed;
  receiver_statistics statistics;
};

struct simulation_outcome {
  bool finished = false; ///< within the time limit
  duration took{};
  sender_statistics sender;
  std::vector<receiver_outcome> receivers;

  /// Datagram bytes the sender put on the wire, seals and headers included.
  std::uint64_t bytes_sent = 0;

  /// Whether all who stayed hold the object.
  bool all_intact() const;
};

class group_simulation {
public:
  explicit group_simulation(simulation_options options);
  ~group_simulation();

  /// Runs to the end. Once.
  simulation_outcome run();

private:
  struct node;

  void join(std::size_t index);
  void vanish(std::size_t index);
  void tell_sender_gone(node& n, duration after);
  void pump_sender();
  void pump(node& n);
  void send_down(const outgoing_datagram& datagram);
  void send_up(node& n, const std::vector<std::byte>& datagram);
  void take_blocks(node& n);
  void read(block_number block);
  void arm_sender();
  void arm(node& n);
  void check() const;

  simulation_options options_;
  geometry layout_;
  event_queue events_;
  timestamp start_;
  std::vector<std::byte> object_;

  std::unique_ptr<evp_pkey_st, wire::pkey_deleter> identity_;
  wire::public_key signing_key_{};
  wire::transmission_id transmission_{};
  wire::direction_key group_key_;
  wire::manifest_signer signer_;
  wire::sealer sealer_;
  sender sender_;
  feedback_gate gate_;
  link uplink_;
  timestamp sender_armed_ = never;
  std::vector<std::unique_ptr<node>> nodes_;
  std::size_t unfinished_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

} // namespace fleetcast::protocol::simulation
