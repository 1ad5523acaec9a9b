/// A whole transmission in virtual time: the real sender and receivers, sealed datagrams and all,
/// over simulated links.
#pragma once

#include "protocol/receive/receiver.hpp"
#include "protocol/send/feedback_gate.hpp"
#include "protocol/send/rate_policy.hpp"
#include "protocol/send/sender.hpp"
#include "protocol/simulation/event_queue.hpp"
#include "protocol/simulation/forger.hpp"
#include "protocol/simulation/link.hpp"
#include "protocol/simulation/processor.hpp"
#include "protocol/simulation/simulated_timer.hpp"
#include "protocol/simulation/tcp_flow.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace fleetcast::protocol::simulation {

struct receiver_options {
  link_options down;
  link_options up;

  /// After the start of the run.
  duration join_at{};

  /// It vanishes then, after it has joined, without a word, as after kill -9; the sender's control plane is told
  /// `notice_after` later.
  std::optional<duration> vanish_at;
  duration notice_after = milliseconds(1);

  std::size_t cache_blocks = defaults::cache_blocks;

  /// How long the consumer holds each block.
  duration consume_time{};

  /// Blocks that it holds since an earlier session, and those of them that are of another version of the object.
  std::vector<wire::block_range> held;
  std::vector<wire::block_range> outdated;

  /// How long it takes to read one of them again.
  duration reread_time{};

  /// Its host is busy: what comes waits for the processor so long on average (exponentially), and is handled at once.
  duration mean_wait{};
};

struct simulation_options {
  std::uint64_t object_size = 0;
  std::uint16_t symbol_size = defaults::symbol_size;
  std::uint16_t source_symbols = defaults::source_symbols;

  /// Bytes of each symbol that are really carried; 0: all. Time, bottlenecks and counts are as if all were;
  /// blocks, symbols, codes and digests are real ones, only smaller. For large groups: memory and time of a
  /// run go with it.
  std::uint16_t carried_bytes = 0;

  /// Fixed; 0: found as `policy` says.
  bit_rate rate = 1'000'000'000;
  rate_policy policy = rate_policy::adaptive;

  std::vector<receiver_options> receivers;

  /// What all receivers share, in front of their own links: the sender's uplink.
  link_options uplink{.delay = {}};

  /// TCP flows that share the uplink from the start to the end, and their round trip beside its queue.
  unsigned tcp_flows = 0;
  duration tcp_rtt = milliseconds(10);

  wire::seal_suite suite = wire::seal_suite::chacha20_poly1305;

  /// A member that forges, if there is one. What it sends takes no room on any link.
  std::optional<forger_options> forger;

  /// What a receiver's own connection to the server carries, which it fetches over.
  bit_rate own_path_rate = 100'000'000;
  std::uint64_t seed = 1;

  /// Virtual time after which the run is given up.
  duration time_limit = seconds(600);

  /// How long reading a block takes.
  duration read_time = microseconds(100);

  /// The sender's host is busy, as `receiver_options::mean_wait` says.
  duration mean_wait{};

  /// Call validate() of every part after each step: slow.
  bool validate = false;
};

struct receiver_outcome {
  bool vanished = false; ///< before it was complete
  bool complete = false;
  bool intact = false; ///< every byte was delivered or proven exactly once and is right
  duration took{};     ///< from its joining
  failure failed;
  bool sent_away = false;                    ///< the sender did not keep it
  exclusion sent_away_for = exclusion::none; ///< why; none: it was silent for too long
  receiver_statistics statistics;
};

struct simulation_outcome {
  bool finished = false; ///< within the time limit, and not stopped
  bool stopped = false;  ///< by the observer
  duration took{};
  sender_statistics sender;
  std::vector<receiver_outcome> receivers; ///< one for each in the options, in their order

  /// Datagram bytes the sender put on the wire, seals and headers included.
  std::uint64_t bytes_sent = 0;

  /// Most of them that left in one instant.
  std::uint64_t most_at_once = 0;

  /// Of those, what came through the uplink, and what its TCP flows had acknowledged.
  std::uint64_t uplink_bytes = 0;
  std::vector<std::uint64_t> tcp_bytes;

  /// Most feedback messages that reached the sender in any second.
  std::uint64_t feedback_peak = 0;

  /// Whether all who stayed hold the object.
  bool all_intact() const;
};

/// How far a run has come.
struct simulation_progress {
  duration virtual_time{};
  std::size_t finished = 0; ///< receivers that are complete, or gone
  std::uint64_t bytes_sent = 0;

  /// Of the receivers that are there and not complete; 0: nobody is behind a bottleneck.
  bit_rate slowest_link = 0;
};

class group_simulation {
public:
  /// Looks at a running simulation, after each event; false stops it.
  using observer = std::function<bool(const simulation_progress&)>;

  /// Throws std::invalid_argument when there is no geometry for the object. Nobody may vanish before it has joined.
  explicit group_simulation(simulation_options options);
  ~group_simulation();

  /// Runs to the end. Requires that it has not run before.
  simulation_outcome run(const observer& watch = {});

private:
  struct node;
  struct neighbour;
  struct datagram_train;
  using train_ptr = std::shared_ptr<const datagram_train>;
  struct arrival;

  void join(std::size_t index);
  void read_again(node& n);
  wire::digest digest_held(const node& n, block_number block) const;
  void vanish(std::size_t index);
  void send_away(receiver_id id, exclusion why);
  void end(node& n);
  void tell_sender_gone(node& n, duration after);
  void find_slowest_link();
  void pump_sender();
  void pump(node& n);
  void send_down(const std::vector<outgoing_datagram>& batch);
  void count_sent(std::size_t bytes);
  void deliver(timestamp out, const train_ptr& train);
  void arrive_together(node& n, const datagram_train& train);
  void await(node& n, arrival a);
  void await_next(node& n);
  void arrive_alone(node& n, const arrival& here);
  template <class What>
  void in_turn(processor& host, What what);
  std::size_t wire_size(const outgoing_datagram& datagram) const noexcept;
  void count_feedback();
  void send_up(node& n, const std::vector<std::byte>& datagram);
  void take_blocks(node& n);
  void note_right(node& n, block_number block, bool is_right);
  void take_fetches(node& n);
  void forge();
  void read(block_number block);
  void pump_tcp(neighbour& n);
  void on_timer(node& n);
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
  processor host_;
  feedback_gate gate_;
  link uplink_;
  simulated_timer sender_timer_;
  std::vector<std::unique_ptr<node>> nodes_;

  /// Receivers behind plain links, by their distance: what is sent reaches these together.
  std::map<duration, std::vector<node*>> near_;
  std::vector<node*> special_; ///< all others

  std::vector<std::unique_ptr<neighbour>> neighbours_;
  std::optional<simulation::forger> forger_;
  std::uint64_t last_packet_ = 0;

  bool has_run_ = false;
  std::size_t unfinished_ = 0;
  bit_rate slowest_link_ = 0;
  std::uint64_t bytes_sent_ = 0;
  timestamp sent_at_{};
  std::uint64_t sent_at_once_ = 0; ///< at that time
  std::uint64_t most_at_once_ = 0;
  std::uint64_t uplink_bytes_ = 0;
  std::deque<timestamp> recent_feedback_; ///< of the last second
  std::uint64_t feedback_peak_ = 0;
};

} // namespace fleetcast::protocol::simulation
