#include "actors/serve/transmission.hpp"

#include "actors/kit/own_thread.hpp"
#include "actors/kit/status.hpp"
#include "actors/serve/banishment.hpp"
#include "actors/serve/content_reader.hpp"
#include "actors/serve/exclusion_words.hpp"
#include "actors/serve/seal_choice.hpp"
#include "actors/serve/socket_writer.hpp"
#include "actors/socket_reader.hpp"
#include "protocol/send/fetch_answer.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>
#include <openssl/rand.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace fleetcast::actors {

namespace {

namespace wire = protocol::wire;

/// Datagrams that may wait at the socket writer: what is being sealed, and what is to come right after it. More
/// would only delay repairs behind them.
constexpr std::size_t most_under_way = 4 * protocol::defaults::batch_datagrams;

/// Blocks that batches at the writer may still hold when the sender has let go of them, and those that are read for their
/// digest alone.
constexpr std::size_t blocks_under_way = 16 + protocol::defaults::max_digest_reads;

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

} // namespace

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
  pace_.emplace(config_->options, config_->budget);
  sender_.emplace(c, pace_->first(), *signer_);
  log_.emplace(name, config_->id, config_->object->name());
  began_at_ = now(self_);
  remember_digests();
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
      log_->limited(now(self_), sender_->limit(), limit_text());
    },
    [this](cancel_atom, const failure& reason) { fail(reason); },
    [this](status_atom) { return collect_status(self_, status(), children_.all()); },
    [this](const session_order& order) {
      return std::visit([this](const auto& what) { return obey(what); }, order);
    },
    [this](list_atom) { return list(); },
  };
}

// -- receivers ------------------------------------------------------------------------------------

join_reply send_session_state::join(const join_request& request) {
  if (ended_)
    return turn_away({failure_code::transmission_ended, 0, "the transmission has just ended"});
  if (const auto refused = agree_on_suite(request))
    return turn_away(refused);
  const auto feedback = hear_at(request.feedback);
  if (!feedback)
    return turn_away(feedback.error());
  return admit(request, *feedback);
}

/// The first receiver chooses the suite, and the children start with it. No failure: agreed.
failure send_session_state::agree_on_suite(const join_request& request) {
  const auto& offered = request.request.suites;
  const auto suite = choose(offered, config_->options.unsealed);
  if (!suite)
    return {failure_code::handshake_failed, 0,
            nothing_in_common(offered, config_->options.unsealed)};
  if (!suite_)
    return start_children(*suite);
  if (std::find(offered.begin(), offered.end(), *suite_) == offered.end())
    return {failure_code::handshake_failed, 0,
            "the running transmission is sealed in a way that this client does not speak; "
            "request it again when it has ended"};
  return {};
}

join_reply send_session_state::admit(const join_request& request,
                                     const io::udp_endpoint& feedback) {
  const auto id = next_id_++;
  const auto key = random_key();
  gate_->add(id, key);
  sender_->add_receiver(now(self_), id, request.request.cache_blocks, request.request.resume);
  self_->monitor(request.link);
  members_[id] = {request.link,
                  protocol::outside_text(request.request.host_name),
                  request.peer.to_string(),
                  identity_of(request),
                  feedback,
                  now(self_),
                  {}};
  log_->joined(name_of(id), members_.size());
  join_reply result;
  result.accept = accept_for(id, key, *suite_, feedback);
  result.session = self_;
  pump();
  return result;
}

/// If nobody listens yet, the transmission ends: it must not hold a group for nobody, and the next client gets one of its
/// own.
join_reply send_session_state::turn_away(const failure& why) {
  if (!ended_ && members_.empty())
    end();
  join_reply result;
  result.reason = {why.code, 0, why.text};
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
  children_.add(self_, "content_reader", reader_, child_set::farewell::exit);
  auto writer
    = spawn_on_own_thread(self_->system(), "a socket_writer", socket_writer, config_->socket,
                          config_->group->endpoint(), suite, group_key_, send_session_actor{self_});
  if (!writer)
    return without_thread(writer.error());
  writer_ = *std::move(writer);
  children_.add(self_, "socket_writer", writer_, child_set::farewell::exit);
  const auto feedback_reader = self_->spawn(socket_reader, config_->io, config_->socket,
                                            caf::actor_cast<datagram_sink_actor>(self_));
  children_.add(self_, "socket_reader", feedback_reader, child_set::farewell::stop);
  log_->began(*config_, pace_->words());
  if (ledger_)
    ledger_->ask([this](const auto& known) { on_known(known); });
  return {};
}

/// Usually the address of the first client suits all of them.
tl::expected<io::udp_endpoint, failure>
send_session_state::hear_at(const boost::asio::ip::address& ours) {
  const auto& first = config_->path.feedback;
  if (ours == first.address() || ours.is_unspecified())
    return first;
  if (const auto i = more_ears_.find(ours); i != more_ears_.end())
    return i->second->local_endpoint();
  auto opened = io::udp_socket::open_feedback_receiver(config_->path.interface, ours,
                                                       socket_options_of(config_->options));
  if (!opened) {
    log_->cannot_hear_at(ours, opened.error());
    return tl::unexpected{std::move(opened.error())};
  }
  const auto socket = std::make_shared<const io::udp_socket>(std::move(*opened));
  const auto reader
    = self_->spawn(socket_reader, config_->io, socket, caf::actor_cast<datagram_sink_actor>(self_));
  children_.add(self_, "socket_reader", reader, child_set::farewell::stop);
  log_->hears_at(socket->local_endpoint());
  return more_ears_.emplace(ours, socket).first->second->local_endpoint();
}

/// The limit is for those who run this server; its clients can only try again.
failure send_session_state::without_thread(const failure& refused) const {
  log_->cannot_begin(refused);
  return io::as_busy("cannot send " + log_->object() + " now");
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
  log_->left(name_of(id), reason);
  remove(id);
}

void send_session_state::on_receipt(receiver_id id, const wire::receipt& receipt) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  // A receipt for another size is no receipt: a defect or a lie of that client, and its loss.
  if (receipt.object_size != config_->layout.object_size())
    return expel(id, {failure_code::invalid_request, 0, "its receipt is for another size"});
  const auto at = now(self_);
  if (const auto settled = receipts_.on_receipt(at, id, receipt, reports_all(id)))
    return complete(id, *settled);
  // Its last report is on its way by another road, unless there never was one: until it is here this is a claim.
  timer_.arm(self_, at + receipt_desk::patience);
}

bool send_session_state::reports_all(receiver_id id) const {
  const auto m = sender_->receivers().find(id);
  return m != sender_->receivers().end()
         && m->second.last.completed_blocks >= config_->layout.block_count();
}

/// Says how the receiver ended, lets it go, and notes its receipt.
void send_session_state::complete(receiver_id id, const receipt_desk::settlement& how) {
  const auto& m = members_.at(id);
  const auto took = now(self_) - m.joined_at;
  if (how.is_shown)
    log_->done(name_of(id), took, how.repaired_symbols, !config_->options.unsealed);
  else
    log_->claimed(name_of(id), took);
  self_->send(m.link, wire::receipt_noted{});
  remove(id);
}

/// Those whose reports were awaited long enough.
void send_session_state::settle_claims() {
  while (!ended_) {
    const auto id = receipts_.next_due(now(self_));
    if (!id)
      return;
    if (const auto settled = receipts_.settle(*id, reports_all(*id)))
      complete(*id, *settled);
  }
}

bool send_session_state::remove(receiver_id id) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return false;
  self_->demonitor(i->second.link.address());
  members_.erase(i);
  receipts_.forget(id);
  fetches_.forget(id);
  gate_->remove(id);
  sender_->remove_receiver(now(self_), id);
  if (members_.empty())
    end();
  else
    pump();
  return true;
}

void send_session_state::expel_silent() {
  const auto limit = sender_->silence_limit();
  for (const auto id : sender_->take_silent(now(self_)))
    if (const auto i = members_.find(id); i != members_.end())
      expel(id,
            {failure_code::kicked_fallback, 0,
             fmt::format("the server heard no feedback from this host for {} s: {}UDP from it "
                         "must reach port {} of "
                         "the server (`serve --feedback-port` chooses it)",
                         whole_seconds(limit),
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
    log_->excluded(name_of(id), before, m.excluded);
  }
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
  log_->unheard(name_of(what.who), what, m.feedback, m.address);
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
    if (const auto settled = receipts_.on_report(admitted->from, reports_all(admitted->from)))
      complete(admitted->from, *settled);
    if (ended_)
      return;
  }
  pump();
}

void send_session_state::on_block(const block_read& block) {
  if (ended_)
    return;
  if (const auto changed = sender_->on_block(block.number, block.bytes, block.digest)) {
    if (ledger_)
      ledger_->drop();
    return fail(failure{changed}.in_context("while sending " + log_->object()));
  }
  if (ledger_ && block.is_settled)
    ledger_->note(now(self_), block.number, block.digest);
  for (const auto& waiting : fetches_.take(block.number))
    answer(waiting.from, waiting.asked, block.bytes);
  pump();
}

// -- digests beyond this transmission -------------------------------------------------------------

void send_session_state::remember_digests() {
  if (!config_->digests || config_->options.unsealed)
    return;
  const auto& layout = config_->layout;
  if (const auto version = config_->object->version())
    ledger_.emplace(
      self_, config_->digests,
      digest_key{*version, layout.object_size(), static_cast<std::uint32_t>(layout.block_size())},
      layout.block_count());
}

/// They answer for blocks that nobody reads. Blocks that are read are hashed as ever, and compared.
void send_session_state::on_known(const std::vector<protocol::digest_run>& known) {
  if (ended_)
    return;
  if (!sender_->know(known)) {
    // Nobody was told any of them yet.
    log_->forgets_digests();
    return ledger_->drop();
  }
  for (const auto& run : known)
    known_digests_ += run.digests.size();
  log_->knows_digests(known_digests_, config_->layout.block_count());
  pump();
}

// -- over a receiver's own connection ---------------------------------------------------------------

/// What members that forge have spoilt, or a failing memory.
void send_session_state::on_fetch(receiver_id id, const wire::fetch& asked) {
  if (ended_ || !members_.contains(id))
    return;
  if (asked.block >= config_->layout.block_count())
    return expel(id, {failure_code::invalid_request, 0,
                      "it asked for block " + std::to_string(asked.block) + " of "
                        + std::to_string(config_->layout.block_count())});
  if (config_->options.unsealed)
    return refuse(id, asked);
  const auto [what, block] = fetches_.decide(
    now(self_), id, asked, [this](auto number) { return sender_->cached(number); });
  switch (what) {
    case fetch_desk::verdict::answer:
      return answer(id, asked, block);
    case fetch_desk::verdict::read:
      self_->send(reader_, std::vector<protocol::block_number>{asked.block});
      return;
    case fetch_desk::verdict::wait:
      return;
    case fetch_desk::verdict::refuse:
      return refuse(id, asked);
  }
}

/// `block`: null if the answer takes nothing of it.
void send_session_state::answer(receiver_id id, const wire::fetch& asked,
                                const protocol::const_block_buffer& block) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  const std::span bytes{block.get(), block ? config_->layout.size_of(asked.block) : 0};
  auto manifest = asked.manifest ? sender_->manifest_of(asked.block) : std::nullopt;
  for (auto& part : protocol::answer_to(asked, std::move(manifest), bytes))
    self_->send(i->second.link, std::move(part));
}

void send_session_state::refuse(receiver_id id, const wire::fetch& asked) {
  self_->send(members_.at(id).link, wire::fetched{asked.block, wire::fetched_nothing{}});
}

void send_session_state::pump() {
  if (ended_)
    return;
  const auto at = now(self_);
  turns_.turn(at, !sender_->paused());
  pace_->share(at);
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
  if (who != members_.end()) {
    const auto id = who->first;
    // One that had given its receipt left because it was done.
    if (const auto settled = receipts_.settle(id, reports_all(id)))
      return complete(id, *settled);
    return leave(id, {failure_code::connection_lost, 0, "its control link is gone"});
  }
  const auto* child = children_.name_of(down.source);
  if (child != nullptr)
    fail({failure_code::internal, 0,
          "while sending " + log_->object() + ": the " + child
            + " actor died: " + self_->system().render(down.reason)});
}

void send_session_state::fail(const failure& reason) {
  if (ended_)
    return;
  log_->failed(members_.size(), reason);
  for (const auto& [id, m] : members_) {
    self_->demonitor(m.link.address());
    self_->send(m.link, wire::session_ended{reason});
    receipts_.forget(id);
  }
  members_.clear();
  end();
}

void send_session_state::end() {
  ended_ = true;
  if (ledger_)
    ledger_->flush();
  log_->ended(receipts_.completed(), receipts_.claimed(), sender_->statistics());
  children_.end();
  self_->quit();
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

order_outcome send_session_state::obey(const rate_order& order) {
  sender_->set_rate_controller(pace_->fix(order.fixed));
  pump();
  return {{}, pace_->words()};
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
     metrics::rate_policy(pace_->name()),
     metrics::limited_by(to_string(limited_by())),
     metrics::loss(worst_loss()),
     metrics::running_for(seconds_between(began_at_, at)),
     metrics::receivers(members_.size()),
     metrics::completed_receivers(receipts_.completed()),
     metrics::claimed_receivers(receipts_.claimed()),
     metrics::expelled_receivers(expelled_receivers_),
     metrics::position(text_of(sender_->next_position())),
     metrics::window_edge(text_of(sender_->edge(at))),
     metrics::blocks(config_->layout.block_count()),
     metrics::source_datagrams(s.source_datagrams),
     metrics::repair_datagrams(s.repair_datagrams),
     metrics::control_datagrams(s.control_datagrams),
     metrics::payload_bytes(s.payload_bytes),
     metrics::digests_known(known_digests_),
     metrics::digest_reads(s.digest_reads),
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
