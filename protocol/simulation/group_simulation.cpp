#include "protocol/simulation/group_simulation.hpp"

#include "protocol/require.hpp"
#include "protocol/send/bit_rate.hpp"
#include "protocol/send/fetch_answer.hpp"
#include "protocol/wire/block_digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>
#include <utility>

namespace fleetcast::protocol::simulation {

namespace {

constexpr std::uint32_t session_tag = 0x5e551017;

/// Plain memory, counted.
class counted_blocks final : public block_allocator {
public:
  counted_blocks(std::size_t block_size, std::size_t count)
    : block_size_(block_size),
      capacity_(count),
      used_(std::make_shared<std::size_t>(0)) {}

  block_buffer allocate() override {
    if (*used_ == capacity_)
      return nullptr;
    ++*used_;
    return {new std::byte[block_size_], [used = used_](const std::byte* memory) {
              delete[] memory;
              --*used;
            }};
  }

  std::size_t available() const noexcept override { return capacity_ - *used_; }
  std::size_t capacity() const noexcept override { return capacity_; }

private:
  std::size_t block_size_;
  std::size_t capacity_;
  std::shared_ptr<std::size_t> used_;
};

std::vector<std::byte> random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::byte> result(size);
  for (std::size_t i = 0; i < size; i += 8) {
    const auto word = random();
    std::memcpy(result.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
  return result;
}

wire::direction_key random_key(std::uint64_t seed) {
  wire::direction_key result;
  const auto bytes = random_bytes(wire::key_size + wire::salt_size, seed);
  std::copy_n(bytes.begin(), wire::key_size, result.key.begin());
  std::copy_n(bytes.begin() + wire::key_size, wire::salt_size, result.salt.begin());
  return result;
}

/// The same identity in every run, so that a run depends on its seed alone.
std::unique_ptr<evp_pkey_st, wire::pkey_deleter> fixed_identity() {
  const std::array<unsigned char, 32> secret{0x5e, 0x1f};
  return std::unique_ptr<evp_pkey_st, wire::pkey_deleter>{
    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size())};
}

wire::public_key public_half(const evp_pkey_st* key) {
  wire::public_key result{};
  auto size = result.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(result.data()), &size) != 1)
    throw std::runtime_error{"OpenSSL gives no public key"};
  return result;
}

/// What is really carried: the same number of symbols, perhaps smaller ones.
simulation_options carried(simulation_options o) {
  if (o.carried_bytes == 0 || o.carried_bytes >= o.symbol_size || o.symbol_size == 0) {
    o.carried_bytes = o.symbol_size;
    return o;
  }
  const auto symbols = o.object_size / o.symbol_size + (o.object_size % o.symbol_size != 0 ? 1 : 0);
  o.object_size = symbols * o.carried_bytes;
  return o;
}

geometry checked_geometry(const simulation_options& o) {
  const auto result = geometry::make(o.object_size, o.carried_bytes, o.source_symbols);
  if (!result)
    throw std::invalid_argument{"no such geometry"};
  return *result;
}

bool is_in(const std::vector<wire::block_range>& ranges, block_number block) {
  return std::any_of(ranges.begin(), ranges.end(), [block](const wire::block_range& r) {
    return block >= r.first && block - r.first < r.count;
  });
}

sender_config config_of(const geometry& layout, const simulation_options& o) {
  sender_config result{.layout = layout};
  result.session_tag = session_tag;
  result.symbol_overhead = std::size_t{o.symbol_size} - o.carried_bytes;
  return result;
}

} // namespace

/// Datagrams that leave the sender's uplink together.
struct group_simulation::datagram_train {
  struct car {
    std::size_t offset = 0;
    std::size_t size = 0;
    std::size_t wire_size = 0; ///< as the links see it
  };

  std::span<const std::byte> at(const car& c) const noexcept {
    return std::span{bytes}.subspan(c.offset, c.size);
  }

  std::vector<std::byte> bytes;
  std::vector<car> cars;
};

/// A datagram on its way to one receiver.
struct group_simulation::arrival {
  timestamp at;
  std::uint64_t place; ///< among the events of its moment
  train_ptr train;
  datagram_train::car car;
};

struct group_simulation::node {
  node(group_simulation& whole, const receiver_options& o, std::uint32_t its_id, std::uint64_t seed)
    : options(o),
      id(its_id),
      key(random_key(seed)),
      memory(whole.layout_.block_size(), o.cache_blocks),
      down(o.down, seed + 1),
      up(o.up, seed + 2),
      host(o.mean_wait, seed + 3),
      timer(whole.events_, [&whole, this] { whole.on_timer(*this); }) {}

  receiver_options options;
  std::uint32_t id;
  wire::direction_key key;
  counted_blocks memory;
  link down;
  link up;
  processor host;
  std::deque<arrival> coming; ///< in the order of their arrival
  std::optional<receiver> machine;
  timestamp joined{};
  simulated_timer timer; ///< of the machine
  bool ended = false;    ///< complete, failed, vanished or sent away
  std::uint64_t bytes_right = 0;
  bool wrong = false;
  std::vector<bool> delivered;
  timestamp own_path_free_at{};
  receiver_outcome outcome;
};

/// A TCP flow beside us.
struct group_simulation::neighbour {
  explicit neighbour(group_simulation& whole)
    : timer(whole.events_, [&whole, this] { whole.pump_tcp(*this); }) {}

  tcp_flow flow;
  simulated_timer timer;
};

bool simulation_outcome::all_intact() const {
  return std::all_of(receivers.begin(), receivers.end(), [](const receiver_outcome& r) {
    return r.vanished || (r.complete && r.intact);
  });
}

group_simulation::group_simulation(simulation_options options)
  : options_(carried(std::move(options))),
    layout_(checked_geometry(options_)),
    start_(events_.now()),
    object_(random_bytes(options_.object_size, options_.seed)),
    identity_(fixed_identity()),
    signing_key_(public_half(identity_.get())),
    group_key_(random_key(options_.seed + 1)),
    signer_(identity_.get(), transmission_),
    sealer_(options_.suite, group_key_),
    sender_(config_of(layout_, options_), make_rate_controller(options_.rate, options_.policy),
            signer_),
    host_(options_.mean_wait, options_.seed + 3),
    gate_(session_tag, 0, options_.suite),
    uplink_(options_.uplink, options_.seed + 2),
    sender_timer_(events_, [this] { in_turn(host_, [this] { pump_sender(); }); }) {
  std::uint32_t id = 0;
  for (const auto& r : options_.receivers) {
    REQUIRE(!r.vanish_at || *r.vanish_at > r.join_at, r.join_at, r.vanish_at.value_or(r.join_at));
    ++id;
    nodes_.push_back(std::make_unique<node>(*this, r, id, options_.seed * 1'000'003 + id * 17));
    auto& n = *nodes_.back();
    if (n.down.plain() && n.host.never_waits())
      near_[n.down.delay()].push_back(&n);
    else
      special_.push_back(&n);
  }
  for (unsigned i = 0; i < options_.tcp_flows; ++i)
    neighbours_.push_back(std::make_unique<neighbour>(*this));
  if (options_.forger)
    forger_.emplace(*options_.forger, layout_, options_.suite, group_key_, session_tag,
                    options_.seed + 4);
}

group_simulation::~group_simulation() = default;

simulation_outcome group_simulation::run(const observer& watch) {
  REQUIRE(!has_run_);
  has_run_ = true;
  unfinished_ = nodes_.size();
  std::map<duration, std::vector<std::size_t>> joining;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    joining[nodes_[i]->options.join_at].push_back(i);
    if (nodes_[i]->options.vanish_at)
      events_.schedule(start_ + *nodes_[i]->options.vanish_at, [this, i] { vanish(i); });
  }
  for (auto& [at, those] : joining)
    events_.schedule(start_ + at, [this, those = std::move(those)] {
      for (const auto i : those)
        join(i);
      pump_sender();
    });
  for (auto& n : neighbours_)
    events_.schedule(start_, [this, &r = *n] { pump_tcp(r); });
  if (forger_)
    events_.schedule(start_ + forger_->options().begin, [this] { forge(); });
  const auto deadline = start_ + options_.time_limit;
  simulation_outcome result;
  while (unfinished_ > 0 && !events_.empty() && events_.now() < deadline && !result.stopped) {
    events_.step();
    result.stopped = watch
                     && !watch({events_.now() - start_, nodes_.size() - unfinished_, bytes_sent_,
                                slowest_link_});
  }
  result.finished = unfinished_ == 0;
  result.took = events_.now() - start_;
  result.sender = sender_.statistics();
  result.bytes_sent = bytes_sent_;
  result.most_at_once = most_at_once_;
  result.uplink_bytes = uplink_bytes_;
  for (const auto& n : neighbours_)
    result.tcp_bytes.push_back(n->flow.acknowledged() * tcp_flow::segment_size);
  result.feedback_peak = feedback_peak_;
  for (const auto& n : nodes_) {
    if (n->machine) {
      n->outcome.statistics = n->machine->statistics();
      n->outcome.failed = n->machine->failed();
    }
    n->outcome.complete = n->machine && n->machine->complete();
    n->outcome.intact = !n->wrong && n->bytes_right == options_.object_size;
    result.receivers.push_back(n->outcome);
  }
  return result;
}

void group_simulation::join(std::size_t index) {
  auto& n = *nodes_[index];
  receiver_config c{.layout = layout_};
  c.session_tag = session_tag;
  c.receiver_id = n.id;
  c.transmission = transmission_;
  c.signing_key = signing_key_;
  c.suite = options_.suite;
  c.group_key = group_key_;
  c.receiver_key = n.key;
  c.anchored = true;
  c.fetches = true;
  c.seed = options_.seed + n.id;
  n.joined = events_.now();
  n.delivered.resize(layout_.block_count());
  n.machine.emplace(c, n.memory, events_.now());
  gate_.add(n.id, n.key);
  sender_.add_receiver(events_.now(), n.id, static_cast<std::uint32_t>(n.options.cache_blocks),
                       !n.options.held.empty());
  read_again(n);
  find_slowest_link();
  pump(n);
}

/// What it holds since an earlier session, one block after the other.
void group_simulation::read_again(node& n) {
  auto at = events_.now();
  for (const auto& range : n.options.held) {
    n.machine->hold(range);
    for (block_number i = 0; i < range.count; ++i) {
      at += n.options.reread_time;
      events_.schedule(at, [this, &n, block = range.first + i] {
        if (n.ended)
          return;
        n.machine->on_held(events_.now(), block, digest_held(n, block));
        pump(n);
      });
    }
  }
}

wire::digest group_simulation::digest_held(const node& n, block_number block) const {
  const std::span<const std::byte> right{object_.data() + layout_.offset_of(block),
                                         layout_.size_of(block)};
  if (!is_in(n.options.outdated, block))
    return wire::digest_of(right);
  std::vector<std::byte> other{right.begin(), right.end()};
  other.back() ^= std::byte{1};
  return wire::digest_of(other);
}

void group_simulation::vanish(std::size_t index) {
  auto& n = *nodes_[index];
  if (n.ended)
    return;
  n.outcome.vanished = true;
  end(n);
  tell_sender_gone(n, n.options.notice_after);
}

/// Complete, failed, vanished or sent away: nothing reaches it any more.
void group_simulation::end(node& n) {
  n.ended = true;
  --unfinished_;
  find_slowest_link();
}

void group_simulation::find_slowest_link() {
  slowest_link_ = 0;
  for (const auto& n : nodes_) {
    const auto rate = n->options.down.rate;
    if (n->machine && !n->ended && rate != 0 && (slowest_link_ == 0 || rate < slowest_link_))
      slowest_link_ = rate;
  }
}

void group_simulation::tell_sender_gone(node& n, duration after) {
  events_.schedule(events_.now() + after, [this, &n] {
    sender_.remove_receiver(events_.now(), n.id);
    gate_.remove(n.id);
    pump_sender();
  });
}

/// The server tells it over the control plane.
void group_simulation::send_away(receiver_id id, exclusion why) {
  gate_.remove(id);
  const auto found
    = std::find_if(nodes_.begin(), nodes_.end(), [id](const auto& n) { return n->id == id; });
  auto& n = **found;
  events_.schedule(events_.now() + n.options.down.delay, [this, &n, why] {
    if (n.ended)
      return;
    n.outcome.took = events_.now() - n.joined;
    n.outcome.sent_away = true;
    n.outcome.sent_away_for = why;
    end(n);
  });
}

void group_simulation::pump_sender() {
  for (const auto id : sender_.take_silent(events_.now()))
    send_away(id, exclusion::none);
  for (const auto& gone : sender_.take_dismissed(events_.now()))
    send_away(gone.who, gone.why);
  for (const auto block : sender_.take_reads())
    events_.schedule(events_.now() + options_.read_time, [this, block] { read(block); });
  std::vector<outgoing_datagram> batch;
  while (sender_.take(events_.now(), defaults::batch_datagrams, batch) > 0) {
    send_down(batch);
    batch.clear();
    for (const auto block : sender_.take_reads())
      events_.schedule(events_.now() + options_.read_time, [this, block] { read(block); });
  }
  check();
  sender_timer_.arm(sender_.next_event(events_.now()));
}

void group_simulation::read(block_number block) {
  const auto size = layout_.size_of(block);
  const auto padded = std::size_t{layout_.source_symbols_of(block)} * layout_.symbol_size();
  std::shared_ptr<std::byte> bytes{new std::byte[padded], std::default_delete<std::byte[]>{}};
  std::memcpy(bytes.get(), object_.data() + layout_.offset_of(block), size);
  std::memset(bytes.get() + size, 0, padded - size);
  const auto digest = wire::digest_of({bytes.get(), size});
  if (sender_.on_block(block, std::move(bytes), digest))
    throw std::logic_error{"the object changed"};
  pump_sender();
}

std::size_t group_simulation::wire_size(const outgoing_datagram& datagram) const noexcept {
  const auto sealed = wire::header_size + datagram.payload.size() + wire::max_seal_size;
  const auto is_symbol = datagram.header.type != wire::datagram_type::control;
  return sealed + (is_symbol ? std::size_t{options_.symbol_size} - options_.carried_bytes : 0);
}

void group_simulation::count_sent(std::size_t bytes) {
  if (sent_at_ != events_.now()) {
    sent_at_ = events_.now();
    sent_at_once_ = 0;
  }
  bytes_sent_ += bytes;
  sent_at_once_ += bytes;
  most_at_once_ = std::max(most_at_once_, sent_at_once_);
}

void group_simulation::send_down(const std::vector<outgoing_datagram>& batch) {
  std::map<timestamp, std::shared_ptr<datagram_train>> trains;
  for (const auto& d : batch) {
    const auto size = wire_size(d);
    last_packet_ = d.header.packet_number;
    count_sent(size);
    for (const auto out : uplink_.transmit(events_.now(), size)) {
      uplink_bytes_ += size;
      auto& train = trains[out];
      if (!train)
        train = std::make_shared<datagram_train>();
      const auto offset = train->bytes.size();
      train->bytes.resize(offset + wire::header_size + d.payload.size() + sealer_.overhead());
      const auto sealed
        = sealer_.seal(d.header, d.payload, std::span{train->bytes}.subspan(offset));
      train->cars.push_back({offset, sealed, size});
    }
  }
  for (const auto& [out, train] : trains)
    deliver(out, train);
}

void group_simulation::deliver(timestamp out, const train_ptr& train) {
  for (auto& [distance, receivers] : near_)
    events_.schedule(out + distance, [this, train, &receivers = receivers] {
      for (auto* n : receivers)
        if (n->machine && !n->ended)
          arrive_together(*n, *train);
    });
  for (auto* n : special_) {
    if (!n->machine || n->ended)
      continue;
    for (const auto& car : train->cars)
      for (const auto at : n->down.transmit(out, car.wire_size))
        await(*n, {at, events_.take_place(), train, car});
  }
}

/// One event stands for all that wait behind each other in a link; what a jittery link lets overtake has its own.
void group_simulation::await(node& n, arrival a) {
  if (!n.coming.empty() && a.at < n.coming.back().at)
    return events_.schedule(a.at, a.place, [this, &n, a] { arrive_alone(n, a); });
  n.coming.push_back(std::move(a));
  if (n.coming.size() == 1)
    await_next(n);
}

void group_simulation::await_next(node& n) {
  const auto& next = n.coming.front();
  events_.schedule(next.at, next.place, [this, &n] {
    const auto here = std::move(n.coming.front());
    n.coming.pop_front();
    if (!n.coming.empty())
      await_next(n);
    arrive_alone(n, here);
  });
}

void group_simulation::arrive_alone(node& n, const arrival& here) {
  in_turn(n.host, [this, &n, train = here.train, car = here.car] {
    if (n.ended)
      return;
    n.machine->on_datagram(events_.now(), train->at(car), datagram_origin::server);
    pump(n);
  });
}

/// Does it as soon as `host` comes to it.
template <class What>
void group_simulation::in_turn(processor& host, What what) {
  if (host.never_waits())
    what();
  else
    events_.schedule(host.turn(events_.now()), std::move(what));
}

/// Of a train that reaches many at once: here it turns out what this one loses.
void group_simulation::arrive_together(node& n, const datagram_train& train) {
  bool any = false;
  for (const auto& car : train.cars) {
    if (n.down.lose(events_.now()))
      continue;
    any = true;
    n.machine->on_datagram(events_.now(), train.at(car), datagram_origin::server);
  }
  if (any)
    pump(n);
}

void group_simulation::pump(node& n) {
  take_blocks(n);
  std::vector<std::byte> datagram;
  while (n.machine->take_feedback(events_.now(), datagram))
    send_up(n, datagram);
  take_fetches(n);
  check();
  if (n.machine->complete() || n.machine->failed()) {
    n.outcome.took = events_.now() - n.joined;
    end(n);
    // Its receipt, or its farewell, over the control plane.
    return tell_sender_gone(n, n.options.up.delay);
  }
  n.timer.arm(n.machine->next_event());
}

void group_simulation::take_blocks(node& n) {
  for (const auto block : n.machine->take_proven())
    note_right(n, block, is_in(n.options.held, block) && !is_in(n.options.outdated, block));
  for (auto& block : n.machine->take_blocks()) {
    note_right(n, block.number,
               std::memcmp(block.bytes.get(), object_.data() + block.offset, block.size) == 0);
    if (n.options.consume_time == duration::zero())
      continue;
    events_.schedule(events_.now() + n.options.consume_time,
                     [this, &n, held = std::move(block.bytes)]() mutable {
                       held.reset();
                       if (n.ended)
                         return;
                       n.machine->on_room(events_.now());
                       pump(n);
                     });
  }
}

/// The receiver has this block now.
void group_simulation::note_right(node& n, block_number block, bool is_right) {
  if (!is_right || n.delivered[block])
    n.wrong = true;
  n.delivered[block] = true;
  n.bytes_right += layout_.size_of(block);
}

/// Over the receiver's own connection, where nothing is lost and one part follows the other.
void group_simulation::take_fetches(node& n) {
  constexpr std::size_t message_overhead = 100;
  for (const auto& asked : n.machine->take_fetches(events_.now())) {
    const std::span<const std::byte> block{object_.data() + layout_.offset_of(asked.block),
                                           layout_.size_of(asked.block)};
    auto known = asked.manifest ? sender_.manifest_of(asked.block) : std::nullopt;
    for (auto& part : answer_to(asked, std::move(known), block)) {
      const auto* leaf = std::get_if<wire::fetched_leaf>(&part.part);
      const auto bytes = message_overhead + (leaf != nullptr ? leaf->bytes.size() : 0);
      const auto from = events_.now() + n.options.up.delay + options_.read_time;
      n.own_path_free_at
        = std::max(from, n.own_path_free_at) + time_of(bytes, options_.own_path_rate);
      events_.schedule(n.own_path_free_at + n.options.down.delay,
                       [this, &n, part = std::move(part)] {
                         if (n.ended)
                           return;
                         n.machine->on_fetched(events_.now(), part);
                         pump(n);
                       });
    }
  }
}

/// The member is as near to all as the sender is.
void group_simulation::forge() {
  const auto origin
    = forger_->options().from_elsewhere ? datagram_origin::elsewhere : datagram_origin::server;
  const auto bytes = std::make_shared<const std::vector<std::byte>>(
    forger_->make(events_.now(), sender_.next_position(), last_packet_));
  for (const auto& n : nodes_)
    if (n->machine && !n->ended)
      events_.schedule(events_.now() + n->options.down.delay, [this, bytes, origin, &n = *n] {
        in_turn(n.host, [this, bytes, origin, &n] {
          if (n.ended)
            return;
          n.machine->on_datagram(events_.now(), *bytes, origin);
          pump(n);
        });
      });
  events_.schedule(events_.now() + forger_->options().interval, [this] { forge(); });
}

void group_simulation::send_up(node& n, const std::vector<std::byte>& datagram) {
  for (const auto at : n.up.transmit(events_.now(), datagram.size()))
    events_.schedule(at, [this, datagram] {
      in_turn(host_, [this, datagram] {
        const auto admitted = gate_.admit(datagram);
        if (!admitted)
          return;
        count_feedback();
        if (!sender_.on_feedback(events_.now(), admitted->from, admitted->message))
          gate_.count_out_of_range();
        pump_sender();
      });
    });
}

void group_simulation::count_feedback() {
  recent_feedback_.push_back(events_.now());
  while (recent_feedback_.front() <= events_.now() - seconds(1))
    recent_feedback_.pop_front();
  feedback_peak_ = std::max<std::uint64_t>(feedback_peak_, recent_feedback_.size());
}

void group_simulation::pump_tcp(neighbour& n) {
  auto& flow = n.flow;
  flow.on_time(events_.now());
  while (flow.may_send()) {
    const auto segment = flow.send(events_.now());
    for (const auto out : uplink_.transmit(events_.now(), tcp_flow::segment_size))
      events_.schedule(out + options_.tcp_rtt, [this, &n, segment] {
        n.flow.on_acknowledged(events_.now(), segment);
        pump_tcp(n);
      });
  }
  n.timer.arm(flow.next_event());
}

void group_simulation::on_timer(node& n) {
  in_turn(n.host, [this, &n] {
    if (n.ended)
      return;
    n.machine->on_time(events_.now());
    pump(n);
  });
}

void group_simulation::check() const {
  if (!options_.validate)
    return;
  if (!sender_.validate())
    throw std::logic_error{"the sender contradicts itself"};
  for (const auto& n : nodes_)
    if (n->machine && !n->machine->validate())
      throw std::logic_error{"a receiver contradicts itself"};
}

} // namespace fleetcast::protocol::simulation
