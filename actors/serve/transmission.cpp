#include "actors/serve/transmission.hpp"

#include "actors/kit/own_thread.hpp"
#include "actors/kit/status.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"
#include "actors/serve/banishment.hpp"
#include "actors/serve/content_reader.hpp"
#include "actors/serve/socket_writer.hpp"
#include "actors/socket_reader.hpp"
#include "protocol/send/rate_policy.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>
#include <openssl/rand.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace fleetcast::actors {

namespace {

namespace wire = protocol::wire;

/// Datagrams that may wait at the socket writer: what is being sealed, and what is to come right after it. More
/// would only delay repairs behind them.
constexpr std::size_t most_under_way = 4 * protocol::defaults::batch_datagrams;

/// What limits may change twice a second; the log shall stay readable.
constexpr protocol::duration limit_log_interval = protocol::seconds(2);

std::string words_for(protocol::rate_policy policy) {
  return policy == protocol::rate_policy::tcp_friendly ? "sharing its path as a TCP flow would"
                                                       : "as fast as the slowest receiver takes it";
}

/// So long after its receipt a receiver's last report is awaited: some times what it takes in groups of hundreds. In
/// larger ones reports are rarer.
constexpr protocol::duration claim_patience = protocol::seconds(1);

/// Fetches that may wait for a block to be read, of all receivers together.
constexpr std::size_t most_waiting_fetches = 64;

/// Blocks that batches at the writer may still hold when the sender has let go of them, and those that are read for their
/// digest alone.
constexpr std::size_t blocks_under_way = 16 + protocol::defaults::max_digest_reads;

/// For the receiver that is sent away, and for the server's operator.
std::string words_for(protocol::exclusion why) {
  using enum protocol::exclusion;
  switch (why) {
    case no_progress:
      return "it was sent all that it lacks, and more, for as much as it says gets lost, and "
             "completed no more of it. Look for what drops datagrams there: a link that is too "
             "narrow or faulty, a host without processor time";
    case unreached:
      return "it was sent all that it lacks, and more, and none of it arrives there. Small "
             "datagrams may arrive where "
             "large ones do not: check the MTU on the way (tunnel, VPN, jumbo frames), and that "
             "nothing drops fragments";
    case holds_window:
      return "it kept the other receivers waiting, and neither took anything nor asked for "
             "anything";
    case deaf:
      return "nothing that is sent reaches it: check that multicast gets there (switch, IGMP/MLD "
             "snooping, firewall)";
    case no_receipt:
      return "it has had every block for an hour, and sent no receipt. Its copy is whole if it "
             "says so itself; look for what keeps the program there from storing it";
    case none:
    case newcomer:
    case full_cache:
      break;
  }
  return "it does not get on";
}

/// Null: that is nothing to worry about.
const char* reason_for(protocol::exclusion why) {
  using enum protocol::exclusion;
  switch (why) {
    case no_progress:
      return "was sent all that it lacks, and completed no more of it";
    case holds_window:
      return "keeps the others waiting, and neither takes nor asks for anything";
    case full_cache:
      return "has taken nothing from its cache for a long time";
    case deaf:
      return "says that nothing reaches it";
    case unreached:
    case no_receipt:
    case none:
    case newcomer:
      break;
  }
  return nullptr;
}

std::int64_t whole_seconds(protocol::duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

template <class T>
void randomize(T& what) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&what), sizeof what) != 1)
    throw std::runtime_error{"OpenSSL has no randomness to give"};
}

wire::direction_key random_key() {
  wire::direction_key result;
  randomize(result.key);
  randomize(result.salt);
  return result;
}

wire::endpoint endpoint_of(const io::udp_endpoint& from) {
  wire::endpoint result;
  result.port = from.port();
  const auto fill = [&](const auto& bytes) {
    for (const auto b : bytes)
      result.address.push_back(static_cast<std::byte>(b));
  };
  if (from.address().is_v4())
    fill(from.address().to_v4().to_bytes());
  else
    fill(from.address().to_v6().to_bytes());
  return result;
}

/// PASS:BLOCK
std::string text_of(const protocol::position& at) {
  return at == protocol::unlimited ? "unlimited" : fmt::format("{}:{}", at.pass, at.block);
}

/// The client's favourite among what we speak. Datagrams that nobody seals only when both ask for them, and
/// then nothing else.
std::optional<wire::seal_suite> choose(const std::vector<wire::seal_suite>& offered,
                                       bool unsealed) {
  const auto i = std::find_if(offered.begin(), offered.end(), [unsealed](wire::seal_suite s) {
    if (unsealed)
      return s == wire::seal_suite::none;
    return s == wire::seal_suite::chacha20_poly1305 || s == wire::seal_suite::aes_256_gcm;
  });
  return i == offered.end() ? std::nullopt : std::optional{*i};
}

/// Why nothing that is offered will do.
std::string nothing_in_common(const std::vector<wire::seal_suite>& offered, bool unsealed) {
  if (unsealed)
    return "this server was started with `--security none` and sends nothing sealed or verified, "
           "which this host did not ask for: say `fleetcast get --security none` (or set "
           "FLEETCAST_SECURITY=none) if that is really meant, or start the server without it";
  if (std::find(offered.begin(), offered.end(), wire::seal_suite::none) != offered.end())
    return "this host asks for what is neither sealed nor verified (`--security none`, "
           "FLEETCAST_SECURITY or `security` in its configuration file), which this server was not "
           "started for: ask without it, or start the server with `fleetcast serve --security "
           "none`";
  return "client and server have no way of sealing datagrams in common";
}

io::socket_options socket_options_of(const send_options& options) {
  io::socket_options result;
  result.feedback_ports = options.feedback_ports;
  return result;
}

/// What a packet may take: as much as the user says that the network takes, and the interface.
std::size_t room_for_packets(std::optional<std::size_t> of_interface, std::size_t of_network) {
  const auto wanted = of_network != 0 ? of_network : protocol::usual_mtu;
  return std::min(wanted, of_interface.value_or(wanted));
}

/// Null: there is no budget.
tl::expected<std::shared_ptr<const budget_lease>, failure>
part_of(const std::shared_ptr<server_budget>& budget) {
  if (!budget)
    return nullptr;
  if (auto part = budget->acquire())
    return std::make_shared<const budget_lease>(std::move(*part));
  return tl::unexpected{failure{
    failure_code::server_busy, 0,
    fmt::format("{} bit/s, which is all that this server may send (`serve --max-rate`), are too "
                "little for one more transmission beside those that run; try again later",
                budget->whole())}};
}

} // namespace

std::string identity_of(const join_request& request) {
  return !request.client.empty() ? request.client
                                 : request.peer.to_string() + " " + request.request.host_name;
}

tl::expected<send_session_config, failure> prepare_transmission(std::shared_ptr<content> object,
                                                                const io::way& way,
                                                                const send_options& options,
                                                                io::io_thread& io) {
  const auto& source = way.local.value();
  const auto mtu = io::mtu_of(way.interface);
  const auto shape = options.shape.value_or(
    protocol::shape_for(room_for_packets(mtu, options.mtu), source.is_v6()));
  const auto layout
    = protocol::geometry::make(object->size(), shape.symbol_size, shape.source_symbols);
  if (!layout)
    return tl::unexpected{failure{
      failure_code::invalid_request, 0,
      fmt::format(
        "{} has {} bytes, which cannot be sent in blocks of {} symbols of {} bytes: an object may "
        "have {} blocks",
        object->name(), object->size(), shape.source_symbols, shape.symbol_size,
        protocol::defaults::max_blocks)}};
  auto group = options.groups->acquire(source.is_v6());
  if (!group)
    return tl::unexpected{std::move(group.error())};
  auto socket = io::udp_socket::open_group_sender(way.interface, source, options.ttl,
                                                  socket_options_of(options));
  if (!socket)
    return tl::unexpected{std::move(socket.error())};
  data_path path{way.interface,
                 source,
                 group->endpoint(),
                 socket->local_endpoint(),
                 {},
                 source,
                 protocol::packet_size(shape.symbol_size, source.is_v6()),
                 mtu};
  auto budget = part_of(options.budget);
  if (!budget)
    return tl::unexpected{std::move(budget.error())};
  return send_session_config{std::move(object),
                             *layout,
                             std::make_shared<const io::udp_socket>(std::move(*socket)),
                             std::make_shared<group_lease>(std::move(*group)),
                             std::move(path),
                             std::move(*budget),
                             options,
                             &io};
}

steered_send_session_actor::behavior_type
send_session_state::make_behavior(send_session_config config) {
  config_ = std::move(config);
  randomize(transmission_);
  randomize(session_tag_);
  group_key_ = random_key();
  protocol::sender_config c{.layout = config_->layout};
  c.session_tag = session_tag_;
  if (config_->options.unsealed) {
    c.datagram_overhead = wire::header_size;
    c.verified = false;
  }
  memory_ = io::block_pool::make(config_->layout.block_size(), c.cache_blocks + blocks_under_way);
  signer_.emplace(config_->options.identity->key(), transmission_);
  fixed_rate_ = config_->options.fixed_rate;
  sender_.emplace(c, make_rate(config_->options.policy), *signer_);
  began_at_ = now(self_);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  return {
    [this](const io::datagram_batch& batch) { on_feedback(batch); },
    [this](join_atom, const join_request& request) { return join(request); },
    [this](leave_atom, receiver_id id, const failure& reason) { leave(id, reason); },
    [this](receiver_id id, const wire::receipt& receipt) { on_receipt(id, receipt); },
    [this](receiver_id id, const wire::fetch& asked) { on_fetch(id, asked); },
    [this](const block_read& block) { on_block(block); },
    [this](const read_failed& failed) { fail(failed.reason); },
    [this](const batch_sent& sent) {
      under_way_ -= sent.datagrams;
      refused_datagrams_ += sent.refused;
      pump();
    },
    [this](tick_atom) {
      timer_.fired(now(self_));
      expel_silent();
      expel_stuck();
      watch_feedback();
      settle_claims();
      look_around();
      pump();
      log_limit(now(self_));
    },
    [this](cancel_atom, const failure& reason) { fail(reason); },
    [this](status_atom) { return collect_status(self_, status(), children()); },
    [this](const session_order& order) {
      return std::visit([this](const auto& what) { return obey(what); }, order);
    },
    [this](list_atom) { return list(); },
  };
}

// -- receivers ------------------------------------------------------------------------------------

join_reply send_session_state::join(const join_request& request) {
  const auto refuse = [](failure_code code, std::string text) {
    join_reply result;
    result.reason = {code, 0, std::move(text)};
    return result;
  };
  if (ended_)
    return refuse(failure_code::transmission_ended, "the transmission has just ended");
  const auto& offered = request.request.suites;
  const auto suite = choose(offered, config_->options.unsealed);
  if (!suite) {
    // When nobody listens yet: whoever comes next gets a transmission of its own, and this one must not
    // hold a group for nobody.
    if (!suite_)
      end();
    return refuse(failure_code::handshake_failed,
                  nothing_in_common(offered, config_->options.unsealed));
  }
  if (!suite_) {
    if (const auto refused = start_children(*suite)) {
      end();
      return refuse(refused.code, refused.text);
    }
  } else if (std::find(offered.begin(), offered.end(), *suite_) == offered.end()) {
    return refuse(failure_code::handshake_failed,
                  "the running transmission is sealed in a way that this client does not speak; "
                  "request it again when it has ended");
  }
  const auto feedback = hear_at(request.feedback);
  if (!feedback) {
    if (members_.empty())
      end();
    return refuse(feedback.error().code, feedback.error().text);
  }
  const auto id = next_id_++;
  const auto key = random_key();
  gate_->add(id, key);
  sender_->add_receiver(now(self_), id, request.request.cache_blocks, request.request.resume);
  self_->monitor(request.link);
  members_[id] = {request.link,
                  protocol::outside_text(request.request.host_name),
                  request.peer.to_string(),
                  identity_of(request),
                  *feedback,
                  now(self_),
                  {}};
  events().note(event_kind::receiver_joined, config_->id,
                fmt::format("{} of {}; {} now", name_of(id), object_name(), members_.size()));
  log(name).info("{}: {} joined; {} now", object_name(), name_of(id), members_.size());
  join_reply result;
  result.accept = accept_for(id, key, *suite_, *feedback);
  result.session = self_;
  pump();
  return result;
}

failure send_session_state::start_children(wire::seal_suite suite) {
  suite_ = suite;
  gate_.emplace(session_tag_, std::uint16_t{0}, suite);
  auto reader = spawn_on_own_thread(self_->system(), "a content_reader", content_reader,
                                    config_->object, config_->layout, memory_,
                                    !config_->options.unsealed, send_session_actor{self_});
  if (!reader)
    return without_thread(reader.error());
  reader_ = *std::move(reader);
  auto writer
    = spawn_on_own_thread(self_->system(), "a socket_writer", socket_writer, config_->socket,
                          config_->group->endpoint(), suite, group_key_, send_session_actor{self_});
  if (!writer)
    return without_thread(writer.error());
  writer_ = *std::move(writer);
  feedback_reader_ = self_->spawn(socket_reader, config_->io, config_->socket,
                                  caf::actor_cast<datagram_sink_actor>(self_));
  self_->monitor(reader_);
  self_->monitor(writer_);
  self_->monitor(feedback_reader_);
  const auto& group = config_->group->endpoint();
  const auto rate = config_->options.fixed_rate;
  const auto& path = config_->path;
  log(name).info("{}: {} bytes to {} port {} on {} from {}, feedback to UDP port {}, {}",
                 object_name(), config_->object->size(), group.address().to_string(), group.port(),
                 path.interface.name, path.sender.to_string(), path.feedback.port(),
                 rate != 0 ? "at " + std::to_string(rate) + " bit/s"
                           : words_for(policy_when_free()));
  warn_of_mtu();
  return {};
}

void send_session_state::warn_of_mtu() const {
  const auto& path = config_->path;
  if (path.is_fragmented())
    log(name).warn("{}: datagrams take packets of {} bytes, and {} takes {}: each travels in "
                   "fragments, and is lost with any of them. Raise the interface's MTU",
                   object_name(), path.packet, path.interface.name, *path.mtu);
  else if (path.mtu && *path.mtu < config_->options.mtu)
    log(name).warn(
      "{}: {} takes packets of {} bytes, less than `--mtu` says: datagrams of {} are sent",
      object_name(), path.interface.name, *path.mtu, path.packet);
}

/// Usually the address of the first client suits all of them.
tl::expected<io::udp_endpoint, failure>
send_session_state::hear_at(const boost::asio::ip::address& ours) {
  const auto& first = config_->path.feedback;
  if (ours == first.address() || ours.is_unspecified())
    return first;
  if (const auto i = more_ears_.find(ours); i != more_ears_.end())
    return i->second.socket->local_endpoint();
  auto opened = io::udp_socket::open_feedback_receiver(config_->path.interface, ours,
                                                       socket_options_of(config_->options));
  if (!opened) {
    log(name).error("{}: no feedback can be heard at {}: {}", object_name(), ours.to_string(),
                    opened.error().text);
    return tl::unexpected{std::move(opened.error())};
  }
  ear more{std::make_shared<const io::udp_socket>(std::move(*opened)), {}};
  more.reader = self_->spawn(socket_reader, config_->io, more.socket,
                             caf::actor_cast<datagram_sink_actor>(self_));
  self_->monitor(more.reader);
  log(name).info("{}: feedback to {}, too", object_name(),
                 io::to_text(more.socket->local_endpoint()));
  return more_ears_.emplace(ours, std::move(more)).first->second.socket->local_endpoint();
}

/// The limit is for those who run this server; its clients can only try again.
failure send_session_state::without_thread(const failure& refused) const {
  log(name).error("{}: cannot be sent now: {}", object_name(), refused.text);
  return io::as_busy("cannot send " + object_name() + " now");
}

wire::session_accept send_session_state::accept_for(receiver_id id, const wire::direction_key& key,
                                                    wire::seal_suite suite,
                                                    const io::udp_endpoint& feedback) const {
  wire::session_accept a;
  a.session_tag = session_tag_;
  a.transmission = transmission_;
  a.receiver_id = id;
  a.suite = suite;
  a.group_key = group_key_;
  a.receiver_key = key;
  a.group = endpoint_of(config_->group->endpoint());
  a.feedback = endpoint_of(feedback);
  a.object_size = config_->layout.object_size();
  a.symbol_size = config_->layout.symbol_size();
  a.source_symbols = config_->layout.source_symbols();
  a.signing_key = config_->options.identity->public_key();
  const auto metadata = config_->object->metadata();
  a.metadata.assign(metadata.begin(), metadata.end());
  a.unverified = config_->options.unsealed;
  if (!a.unverified)
    a.features = wire::feature_set{}.with(wire::feature::anchors).with(wire::feature::fetch);
  a.sources.push_back(endpoint_of({config_->path.sender, 0}).address);
  a.ttl = static_cast<std::uint8_t>(config_->options.ttl);
  return a;
}

void send_session_state::leave(receiver_id id, const failure& reason) {
  if (!members_.contains(id))
    return;
  log(name).warn("{}: {} left: {}", object_name(), name_of(id), reason.text);
  events().note(event_kind::receiver_left, config_->id, name_of(id) + ": " + reason.text);
  remove(id);
}

void send_session_state::on_receipt(receiver_id id, const wire::receipt& receipt) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  // A receipt for another size is no receipt: a defect or a lie of that client, and its loss.
  if (receipt.object_size != config_->layout.object_size())
    return expel(id, {failure_code::invalid_request, 0, "its receipt is for another size"});
  if (reports_all(id))
    return settle(id, receipt);
  // Its last report is on its way by another road, unless there never was one: until it is here this is a claim.
  const auto due = now(self_) + claim_patience;
  if (claims_.try_emplace(id, claim{receipt, due}).second)
    timer_.arm(self_, due);
}

bool send_session_state::reports_all(receiver_id id) const {
  const auto m = sender_->receivers().find(id);
  return m != sender_->receivers().end()
         && m->second.last.completed_blocks >= config_->layout.block_count();
}

/// Says how the receiver ended, lets it go, and notes its receipt.
void send_session_state::settle(receiver_id id, const wire::receipt& receipt) {
  const auto& m = members_.at(id);
  const auto is_shown = reports_all(id);
  ++completed_receivers_;
  claimed_receivers_ += is_shown ? 0 : 1;
  const auto took = std::chrono::duration<double>(now(self_) - m.joined_at).count();
  const auto story
    = is_shown
        ? fmt::format("has it, {}, after {:.2f} s",
                      config_->options.unsealed ? "NOT VERIFIED" : "verified", took)
        : fmt::format("claimed to have it after {:.2f} s, which its reports do not show", took);
  if (is_shown)
    log(name).info("{}: {} {}; {} symbols repaired", object_name(), name_of(id), story,
                   receipt.repaired_symbols);
  else
    log(name).warn("{}: {} {}", object_name(), name_of(id), story);
  events().note(is_shown ? event_kind::receiver_done : event_kind::receiver_claimed, config_->id,
                name_of(id) + " " + story);
  self_->send(m.link, wire::receipt_noted{});
  remove(id);
}

/// Those whose reports were awaited long enough.
void send_session_state::settle_claims() {
  while (!ended_) {
    const auto due = std::find_if(claims_.begin(), claims_.end(),
                                  [at = now(self_)](const auto& c) { return c.second.due <= at; });
    if (due == claims_.end())
      return;
    settle(due->first, wire::receipt{due->second.receipt});
  }
}

bool send_session_state::remove(receiver_id id) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return false;
  self_->demonitor(i->second.link.address());
  members_.erase(i);
  claims_.erase(id);
  gate_->remove(id);
  sender_->remove_receiver(now(self_), id);
  if (members_.empty())
    end();
  else
    pump();
  return true;
}

void send_session_state::expel_silent() {
  for (const auto id : sender_->take_silent(now(self_)))
    if (const auto i = members_.find(id); i != members_.end())
      expel(id,
            {failure_code::kicked_fallback, 0,
             fmt::format("the server heard no feedback from this host for {} s: {}UDP from it "
                         "must reach port {} of "
                         "the server (`serve --feedback-port` chooses it)",
                         whole_seconds(protocol::defaults::receiver_silence_limit),
                         i->second.is_heard ? "it was stopped or had no processor time, or " : "",
                         i->second.feedback.port())});
}

void send_session_state::expel_stuck() {
  if (ended_)
    return;
  for (const auto& [id, why] : sender_->take_dismissed(now(self_))) {
    const failure reason{failure_code::kicked_fallback, 0,
                         "the server sent this host away: " + words_for(why)};
    banish(id, reason);
    expel(id, reason);
  }
}

void send_session_state::banish(receiver_id id, const failure& reason) {
  const auto i = members_.find(id);
  if (i != members_.end() && config_->options.banished)
    config_->options.banished->add(now(self_), i->second.identity, reason);
}

void send_session_state::watch_feedback() {
  if (ended_ || !feedback_watch_.due(now(self_)))
    return;
  for (const auto& what : feedback_watch_.look(now(self_), *sender_))
    if (members_.contains(what.who))
      tell_unheard(what);
  for (auto& [id, m] : members_) {
    const auto before = std::exchange(m.excluded, sender_->exclusion_of(id));
    tell_excluded(id, before, m.excluded);
  }
}

void send_session_state::tell_excluded(receiver_id id, protocol::exclusion before,
                                       protocol::exclusion now) const {
  if (before == now)
    return;
  if (const auto* reason = reason_for(now); reason != nullptr)
    log(name).warn("{}: {} {}; it neither sets the rate nor holds up the others until it "
                   "completes a block",
                   object_name(), name_of(id), reason);
  else if (now == protocol::exclusion::none && reason_for(before) != nullptr)
    log(name).info("{}: {} completes blocks again", object_name(), name_of(id));
}

/// Its first word is named to it, which proves the address; later ones only if they were missed.
void send_session_state::on_heard(receiver_id id, member& m, std::uint64_t packet) {
  const auto named = std::exchange(m.is_heard, true) ? 0 : packet;
  if (const auto missed = feedback_watch_.heard(id))
    tell_unheard(*missed, named);
  else if (named != 0)
    self_->send(m.link, wire::feedback_state{0, named});
}

void send_session_state::tell_unheard(const feedback_watch::change& what, std::uint64_t packet) {
  const auto& m = members_.at(what.who);
  const auto unheard = std::chrono::duration_cast<std::chrono::milliseconds>(what.unheard);
  self_->send(m.link, wire::feedback_state{static_cast<std::uint32_t>(unheard.count()), packet});
  if (unheard.count() == 0)
    log(name).info("{}: {} is heard {}", object_name(), name_of(what.who),
                   what.ever ? "again" : "now");
  else if (what.ever)
    log(name).warn("{}: nothing was heard from {} for {} s: it may be stopped, or UDP from it to "
                   "port {} of {} is "
                   "blocked",
                   object_name(), name_of(what.who), whole_seconds(what.unheard), m.feedback.port(),
                   m.feedback.address().to_string());
  else
    log(name).warn("{}: nothing was heard from {} since it joined: UDP from {} must reach port {} "
                   "of {}. Open it in "
                   "the firewall of this host; `serve --feedback-port` chooses the port",
                   object_name(), name_of(what.who), m.address, m.feedback.port(),
                   m.feedback.address().to_string());
}

void send_session_state::expel(receiver_id id, const failure& reason) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  ++expelled_receivers_;
  self_->send(i->second.link, wire::session_ended{reason});
  leave(id, reason);
}

// -- datapath -------------------------------------------------------------------------------------

void send_session_state::on_feedback(const io::datagram_batch& batch) {
  if (ended_ || !gate_)
    return;
  for (const auto& datagram : batch.received->datagrams) {
    const auto admitted = gate_->admit(datagram);
    if (!admitted)
      continue;
    const auto at = now(self_);
    if (!sender_->on_feedback(at, admitted->from, admitted->message))
      gate_->count_out_of_range();
    else if (const auto i = members_.find(admitted->from); i != members_.end()) {
      i->second.taken_in.note(at, taken_in_bytes(admitted->message));
      on_heard(i->first, i->second, admitted->packet);
    }
    if (const auto c = claims_.find(admitted->from); c != claims_.end() && reports_all(c->first))
      settle(c->first, wire::receipt{c->second.receipt});
    if (ended_)
      return;
  }
  pump();
}

void send_session_state::on_block(const block_read& block) {
  if (ended_)
    return;
  if (const auto changed = sender_->on_block(block.number, block.bytes, block.digest))
    return fail(failure{changed}.in_context("while sending " + object_name()));
  for (const auto& waiting : std::exchange(waiting_fetches_, {}))
    if (waiting.asked.block == block.number)
      answer(waiting.from, waiting.asked,
             {block.bytes.get(), config_->layout.size_of(block.number)});
    else
      waiting_fetches_.push_back(waiting);
  pump();
}

// -- over a receiver's own connection ---------------------------------------------------------------

/// What members that forge have spoilt, or a failing memory.
void send_session_state::on_fetch(receiver_id id, const wire::fetch& asked) {
  const auto i = members_.find(id);
  if (ended_ || i == members_.end())
    return;
  if (asked.block >= config_->layout.block_count())
    return expel(id, {failure_code::invalid_request, 0,
                      "it asked for block " + std::to_string(asked.block) + " of "
                        + std::to_string(config_->layout.block_count())});
  const auto leaves = static_cast<std::size_t>(std::popcount(asked.leaves));
  if (config_->options.unsealed
      || !i->second.fetches.take(now(self_), (leaves + 1) * wire::digest_leaf))
    return refuse(id, asked);
  if (!asked.leaf_digests && leaves == 0)
    return answer(id, asked, {});
  if (const auto block = sender_->cached(asked.block))
    return answer(id, asked, {block.get(), config_->layout.size_of(asked.block)});
  if (waiting_fetches_.size() >= most_waiting_fetches)
    return refuse(id, asked);
  waiting_fetches_.push_back({id, asked});
  self_->send(reader_, std::vector<protocol::block_number>{asked.block});
}

void send_session_state::answer(receiver_id id, const wire::fetch& asked,
                                std::span<const std::byte> block) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  const auto& link = i->second.link;
  if (asked.manifest) {
    if (auto manifest = sender_->manifest_of(asked.block))
      self_->send(link, wire::fetched{asked.block, std::move(*manifest)});
    else
      self_->send(link, wire::fetched{asked.block, wire::fetched_nothing{}});
  }
  if (asked.leaf_digests && !block.empty())
    self_->send(link, wire::fetched{asked.block, wire::leaf_digests_of(block)});
  for (std::size_t leaf = 0; leaf * wire::digest_leaf < block.size(); ++leaf) {
    if ((asked.leaves >> leaf & 1U) == 0)
      continue;
    const auto rest = block.subspan(leaf * wire::digest_leaf);
    const auto bytes = rest.first(std::min(rest.size(), wire::digest_leaf));
    self_->send(link, wire::fetched{asked.block, wire::fetched_leaf{static_cast<std::uint8_t>(leaf),
                                                                    {bytes.begin(), bytes.end()}}});
  }
}

void send_session_state::refuse(receiver_id id, const wire::fetch& asked) {
  self_->send(members_.at(id).link, wire::fetched{asked.block, wire::fetched_nothing{}});
}

void send_session_state::pump() {
  if (ended_)
    return;
  const auto at = now(self_);
  turns_.turn(at, !sender_->paused());
  look_at_budget(at);
  rate_.note(at, sender_->statistics().payload_bytes);
  if (auto reads = sender_->take_reads(); !reads.empty())
    self_->send(reader_, std::move(reads));
  // One message for all that may go now. Room for less than a full segmented send is not worth one, and the
  // writer's answer is on its way.
  while (has_room_at_writer()) {
    send_batch batch;
    if (sender_->take(at, most_under_way - under_way_, batch) == 0)
      break;
    under_way_ += batch.size();
    self_->send(writer_, std::move(batch));
  }
  // With the writer's queue full its answer comes first.
  if (has_room_at_writer())
    timer_.arm(self_, sender_->next_event(at));
}

bool send_session_state::has_room_at_writer() const noexcept {
  return under_way_ + protocol::defaults::batch_datagrams <= most_under_way;
}

// -- end ------------------------------------------------------------------------------------------

void send_session_state::on_down(const caf::down_msg& down) {
  if (ended_)
    return;
  const auto who = std::find_if(members_.begin(), members_.end(), [&](const auto& entry) {
    return down.source == entry.second.link;
  });
  // One that had given its receipt left because it was done.
  if (who != members_.end())
    if (const auto c = claims_.find(who->first); c != claims_.end())
      return settle(c->first, wire::receipt{c->second.receipt});
  if (who != members_.end())
    return leave(who->first, {failure_code::connection_lost, 0, "its control link is gone"});
  const auto is_ear = std::any_of(more_ears_.begin(), more_ears_.end(), [&](const auto& entry) {
    return down.source == entry.second.reader;
  });
  const auto child = down.source == reader_                      ? "content_reader"
                     : down.source == writer_                    ? "socket_writer"
                     : down.source == feedback_reader_ || is_ear ? "socket_reader"
                                                                 : nullptr;
  if (child != nullptr)
    fail({failure_code::internal, 0,
          "while sending " + object_name() + ": the " + child
            + " actor died: " + self_->system().render(down.reason)});
}

void send_session_state::fail(const failure& reason) {
  if (ended_)
    return;
  log(name).error("{}: transmission ends with {} receivers waiting: {}", object_name(),
                  members_.size(), reason.text);
  for (const auto& [id, m] : members_) {
    self_->demonitor(m.link.address());
    self_->send(m.link, wire::session_ended{reason});
  }
  members_.clear();
  claims_.clear();
  end();
}

void send_session_state::end() {
  ended_ = true;
  const auto& s = sender_->statistics();
  log(name).info(
    "{}: ended; {} receivers complete ({} only claimed), {} source and {} repair datagrams sent",
    object_name(), completed_receivers_, claimed_receivers_, s.source_datagrams,
    s.repair_datagrams);
  if (feedback_reader_)
    self_->send(feedback_reader_, stop_atom::value);
  for (const auto& [address, more] : more_ears_)
    self_->send(more.reader, stop_atom::value);
  for (const auto& child :
       {caf::actor_cast<caf::actor>(reader_), caf::actor_cast<caf::actor>(writer_)})
    if (child)
      self_->send_exit(child, caf::exit_reason::user_shutdown);
  self_->quit();
}

std::vector<caf::actor> send_session_state::children() const {
  std::vector<caf::actor> result;
  for (const auto& child :
       {caf::actor_cast<caf::actor>(reader_), caf::actor_cast<caf::actor>(writer_),
        caf::actor_cast<caf::actor>(feedback_reader_)})
    if (child)
      result.push_back(child);
  for (const auto& [address, more] : more_ears_)
    result.push_back(caf::actor_cast<caf::actor>(more.reader));
  return result;
}

void send_session_state::log_limit(protocol::timestamp now) {
  const auto& limit = sender_->limit();
  // A name is what the reader waits for: it comes at once.
  const auto named_now = limit.receiver && !logged_limit_.receiver;
  if (limit == logged_limit_ || (now - limit_logged_at_ < limit_log_interval && !named_now))
    return;
  logged_limit_ = limit;
  limit_logged_at_ = now;
  log(name).info("{}: limited by {}", object_name(), limit_text());
}

protocol::limiting_factor send_session_state::limited_by() const {
  return sender_->paused() ? protocol::limiting_factor::pause : sender_->limit().factor;
}

/// Which host it is, and for how long it has been silent; empty: none.
std::string send_session_state::limit_detail() const {
  const auto factor = limited_by();
  if (factor == protocol::limiting_factor::pause)
    return {};
  const auto& receiver = sender_->limit().receiver;
  if (!receiver)
    return factor == protocol::limiting_factor::host ? "this one" : "";
  std::string result = members_.contains(*receiver) ? name_of(*receiver) : "";
  if (factor == protocol::limiting_factor::silent)
    if (const auto silent = sender_->silence(now(self_), *receiver))
      result += fmt::format("{}{} s", result.empty() ? "" : ", ", whole_seconds(*silent));
  return result;
}

std::string send_session_state::limit_text() const {
  const auto detail = limit_detail();
  return to_string(limited_by()) + (detail.empty() ? "" : ": " + detail);
}

/// For people.
std::string send_session_state::object_name() const {
  return protocol::outside_text(config_->object->name());
}

std::string send_session_state::name_of(receiver_id id) const {
  const auto& m = members_.at(id);
  return "receiver " + std::to_string(id) + " (" + m.host + ", " + m.address + ")";
}

double send_session_state::worst_loss() const {
  double result = 0;
  for (const auto& [id, m] : sender_->receivers())
    result = std::max(result,
                      share_of(m.last.lost_packets, m.last.lost_packets + m.last.received_packets));
  return result;
}

double send_session_state::least_completed() const {
  std::optional<std::uint32_t> least;
  for (const auto& [id, m] : sender_->receivers())
    least = std::min(least.value_or(m.last.completed_blocks), m.last.completed_blocks);
  return share_of(least.value_or(0), config_->layout.block_count());
}

std::uint64_t send_session_state::taken_in_bytes(const wire::feedback& message) const {
  return message.received_packets * config_->layout.symbol_size();
}

/// For people, a few times a second at most: notes what has changed.
void send_session_state::look_around() {
  if (ended_ || !gate_)
    return;
  const auto at = now(self_);
  if (!watch_.due(at))
    return;
  const auto& s = sender_->statistics();
  watch_.look(at, {config_->id, sender_->rate(at), s.feedback_messages, s.repair_requests,
                   gate_->drops(), limit_text()});
}

// -- steering -------------------------------------------------------------------------------------

order_outcome send_session_state::obey(const cancel_order& order) {
  // A code of one's own means something within one process only: it does not travel.
  if (order.reason.detail != 0)
    return {
      {failure_code::invalid_argument, 0,
       "receivers of a cancelled transmission always end with 1223: cancel it without a code"},
      {}};
  fail(order.reason);
  return {{}, "cancelled"};
}

order_outcome send_session_state::obey(const kick_order& order) {
  const auto i = members_.find(order.receiver);
  if (i == members_.end())
    return {{failure_code::invalid_argument, 0,
             fmt::format("this session has no receiver {}; `receivers {}` lists them",
                         order.receiver, config_->id)},
            {}};
  auto who = name_of(order.receiver);
  banish(order.receiver, order.reason);
  expel(order.receiver, order.reason);
  return {{}, std::move(who) + " was sent away"};
}

order_outcome send_session_state::obey(const pause_order& order) {
  sender_->pause(now(self_), order.paused);
  pump();
  return {{}, order.paused ? "paused: heartbeats only; receivers stay" : "goes on"};
}

protocol::rate_policy send_session_state::policy_when_free() const noexcept {
  const auto asked = config_->options.policy;
  return asked == protocol::rate_policy::fixed ? protocol::rate_policy::adaptive : asked;
}

std::unique_ptr<protocol::rate_controller>
send_session_state::make_rate(protocol::rate_policy when_free) {
  auto own = protocol::make_rate_controller(fixed_rate_, when_free);
  if (!config_->budget)
    return own;
  auto result = std::make_unique<protocol::capped_rate>(std::move(own), config_->budget->share());
  capped_ = result.get();
  return result;
}

/// Before anything is sent: others may have come since.
void send_session_state::look_at_budget(protocol::timestamp now) {
  if (capped_ == nullptr)
    return;
  if (const auto wanted = capped_->demand(now))
    config_->budget->demand(*wanted);
  capped_->cap(config_->budget->share());
}

order_outcome send_session_state::obey(const rate_order& order) {
  fixed_rate_ = order.fixed;
  sender_->set_rate_controller(make_rate(policy_when_free()));
  pump();
  auto done
    = order.fixed != 0 ? fmt::format("{} bit/s", order.fixed) : words_for(policy_when_free());
  if (config_->budget)
    done += ", within its share of the server's --max-rate";
  return {{}, std::move(done)};
}

receiver_list send_session_state::list() const {
  receiver_list result;
  const auto at = now(self_);
  for (const auto& [id, m] : sender_->receivers()) {
    const auto i = members_.find(id);
    if (i == members_.end())
      continue;
    receiver_report r;
    r.id = id;
    r.host = i->second.host;
    r.address = i->second.address;
    r.feedback = io::to_text(i->second.feedback);
    r.completed_blocks = m.last.completed_blocks;
    r.blocks = config_->layout.block_count();
    r.received_packets = m.last.received_packets;
    r.lost_packets = m.last.lost_packets;
    r.kernel_drops = m.last.dropped_by_kernel;
    r.no_room_drops = m.last.dropped_no_room;
    r.free_blocks = m.last.free_blocks;
    r.window_limit = text_of(m.limit);
    r.rate = i->second.taken_in.bits_per_second(at, taken_in_bytes(m.last));
    r.joined = at - i->second.joined_at;
    r.heard = at - m.heard_at;
    r.rtt = m.rtt;
    r.limited_by
      = to_string(sender_->silence(at, id) ? protocol::limiting_factor::silent : m.last.limited_by);
    result.receivers.push_back(std::move(r));
  }
  return result;
}

status_snapshot send_session_state::status() const {
  const auto& s = sender_->statistics();
  const auto at = now(self_);
  const auto& group = config_->group->endpoint();
  status_snapshot result{
    name,
    ended_              ? "ended"
    : sender_->paused() ? "paused"
                        : "sending",
    {metrics::session(std::to_string(config_->id)),
     metrics::object(config_->object->name()),
     metrics::peer(group.address().to_string() + " port " + std::to_string(group.port())),
     metrics::object_size(config_->object->size()),
     metrics::percent(least_completed()),
     metrics::rate(rate_.bits_per_second(at, s.payload_bytes)),
     metrics::allowed_rate(sender_->rate(at)),
     metrics::rate_policy(fixed_rate_ != 0 ? "fixed"
                          : policy_when_free() == protocol::rate_policy::tcp_friendly
                            ? "tcp-friendly"
                            : "adaptive"),
     metrics::limited_by(to_string(limited_by())),
     metrics::loss(worst_loss()),
     metrics::running_for(seconds_between(began_at_, at)),
     metrics::receivers(members_.size()),
     metrics::completed_receivers(completed_receivers_),
     metrics::claimed_receivers(claimed_receivers_),
     metrics::expelled_receivers(expelled_receivers_),
     metrics::position(text_of(sender_->next_position())),
     metrics::window_edge(text_of(sender_->edge(at))),
     metrics::blocks(config_->layout.block_count()),
     metrics::source_datagrams(s.source_datagrams),
     metrics::repair_datagrams(s.repair_datagrams),
     metrics::control_datagrams(s.control_datagrams),
     metrics::payload_bytes(s.payload_bytes),
     metrics::feedback_messages(s.feedback_messages),
     metrics::repair_requests(s.repair_requests),
     metrics::repairs_covered(s.repairs_covered),
     metrics::schedule_overflows(s.schedule_overflows),
     metrics::window_stalls(s.window_stalls),
     metrics::read_stalls(s.read_stalls),
     metrics::refused_datagrams(refused_datagrams_),
     metrics::datagrams_under_way(under_way_),
     metrics::rate_changes(watch_.rate_changes()),
     metrics::nack_storms(watch_.nack_storms()),
     metrics::turns(turns_.turns()),
     metrics::longest_gap(seconds_of(turns_.longest_gap())),
     metrics::latest_timer(seconds_of(timer_.latest()))},
    {}};
  add_facts(result.facts, config_->path);
  if (auto detail = limit_detail(); !detail.empty())
    result.facts.push_back(metrics::limited_by_detail(std::move(detail)));
  if (const auto rate = rate_.bits_per_second(at, s.payload_bytes); rate > 0)
    result.facts.push_back(metrics::eta((1 - least_completed() / 100) * 8.0
                                        * static_cast<double>(config_->object->size())
                                        / static_cast<double>(rate)));
  if (config_->budget)
    result.facts.push_back(metrics::rate_share(config_->budget->share()));
  if (const auto due = timer_.due(); due != protocol::never)
    result.facts.push_back(metrics::timer_due(seconds_between(at, due)));
  if (gate_) {
    const auto& drops = gate_->drops();
    for (std::size_t i = 0; i < drops.size(); ++i)
      if (drops[i] != 0)
        result.facts.push_back(
          metrics::dropped(drops[i], to_string(static_cast<wire::drop_reason>(i))));
  }
  return vitals_.of(self_, std::move(result));
}

steered_send_session_actor::behavior_type
send_session(steered_send_session_actor::stateful_pointer<send_session_state> self,
             send_session_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors
