#include "protocol/simulation/control_simulation.hpp"

#include "protocol/wire/control_codec.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::protocol::simulation {

namespace {

// As in actors/kit/control_limits.hpp.
constexpr seconds reply_limit{45};
constexpr seconds request_limit{30};
constexpr seconds join_limit{10};
constexpr seconds linger_limit{10};
constexpr seconds close_limit{1};

/// A receive session does no more than this many things.
constexpr double goes_on = 70;

const control::client::peer_identity identity{"SHA256:the-server", {std::byte{7}}};

control::client::question sample_question() {
  control::client::question result;
  result.server = "server:5040";
  result.request.name_space = "lab";
  result.request.object = "disk.img";
  result.request.suites = {wire::seal_suite::aes_256_gcm};
  result.request.host_name = "a";
  result.request.cache_blocks = 64;
  result.request.features = wire::feature_set{}.with(wire::feature::feedback_state);
  return result;
}

wire::session_accept sample_accept() {
  wire::session_accept result;
  result.receiver_id = 1;
  result.suite = wire::seal_suite::aes_256_gcm;
  result.group = {{std::byte{239}, std::byte{1}, std::byte{1}, std::byte{1}}, 5041};
  result.feedback = {{std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}}, 5042};
  result.object_size = 1;
  result.symbol_size = 1408;
  result.source_symbols = 128;
  result.signing_key = identity.key;
  return result;
}

} // namespace

control_simulation::control_simulation(control_scenario scenario)
  : scenario_(scenario),
    random_(scenario.seed),
    client_(sample_question()),
    server_("10.0.0.2:40000") {
  client_end_.message
    = [this](const bytes& body) { at_client([&](client& c) { c.on_message(body); }); };
  client_end_.broken
    = [this](const failure& why) { at_client([&](client& c) { c.on_broken(why); }); };
  client_end_.others_farewell
    = {failure_code::connection_lost, 0, "the server closed the connection"};
  server_end_.message
    = [this](const bytes& body) { at_server([&](server& s) { s.on_message(body); }); };
  server_end_.broken
    = [this](const failure& why) { at_server([&](server& s) { s.on_broken(why); }); };
}

control_outcome control_simulation::run() {
  events_.schedule(events_.now() + up_to(scenario_.longest_delay), [this] { connect(); });
  if (chance(scenario_.breaks))
    events_.schedule(events_.now() + up_to(scenario_.break_within), [this] { break_pipe(); });
  if (chance(scenario_.stops))
    events_.schedule(events_.now() + up_to(scenario_.break_within), [this] {
      session_stopped_ = true;
      at_client([](client& c) { c.stop(); });
    });
  if (chance(scenario_.stops))
    events_.schedule(events_.now() + up_to(scenario_.break_within),
                     [this] { at_server([](server& s) { s.stop(); }); });
  while (!events_.empty())
    events_.step();
  control_outcome outcome;
  judge(outcome);
  return outcome;
}

// -- the pipe -------------------------------------------------------------------------------------

void control_simulation::connect() {
  limit(server_end_, request_limit,
        [this] { give_up(server_end_, client_end_, control::too_slow()); });
  at_server([](server& s) { s.on_ready(); });
  at_client([](client& c) { c.on_ready(identity); });
}

/// What a conversation that has quit would hear, nobody hears.
void control_simulation::at_client(const std::function<void(client&)>& what) {
  if (client_end_.has_quit)
    return;
  what(client_);
  obey_client();
}

void control_simulation::at_server(const std::function<void(server&)>& what) {
  if (server_end_.has_quit)
    return;
  what(server_);
  obey_server();
}

void control_simulation::carry(const end& from, end& to, bytes sent) {
  if (from.is_closed || to.is_closed)
    return;
  const auto at = next_arrival(to);
  events_.schedule(at, [this, &to, sent = maybe_spoilt(std::move(sent))] { arrive(to, sent); });
}

/// What is no frame ends the connection.
void control_simulation::arrive(end& here, const bytes& sent) {
  if (here.is_closed)
    return;
  here.frames.append(sent);
  for (auto next = here.frames.next(); !here.is_closed; next = here.frames.next()) {
    if (!next)
      return give_up(here, &here == &client_end_ ? server_end_ : client_end_, next.error());
    if (!*next)
      return;
    here.message(**next);
  }
}

/// In the order in which things were sent.
timestamp control_simulation::next_arrival(end& at) {
  return at.last_arrival
         = std::max(at.last_arrival, events_.now() + up_to(scenario_.longest_delay));
}

control_simulation::bytes control_simulation::maybe_spoilt(bytes sent) {
  // Not in the length: who waits for bytes that never come waits as for a peer that is silent.
  constexpr auto prefix = wire::frame_prefix_size;
  if (chance(scenario_.spoilt) && sent.size() > prefix) {
    sent[prefix + random_() % (sent.size() - prefix)]
      ^= static_cast<std::byte>(1 + random_() % 255);
    is_spoilt_ = true;
  }
  return sent;
}

/// Both ends notice, each in its own time; what is under way is lost.
void control_simulation::break_pipe() {
  const failure lost{failure_code::connection_lost, 0, "connection reset"};
  for (auto* each : {&client_end_, &server_end_}) {
    each->is_closed = true;
    events_.schedule(events_.now() + up_to(close_limit), [each, lost] { each->broken(lost); });
  }
}

/// The farewell arrives after what was sent before it.
void control_simulation::close(end& here, end& there) {
  if (here.is_closed)
    return;
  here.is_closed = true;
  events_.schedule(events_.now() + up_to(close_limit), [&here] { here.broken({}); });
  events_.schedule(next_arrival(there), [&there] {
    there.is_closed = true;
    there.broken(there.others_farewell);
  });
}

/// It closes because of something that its conversation hears of at once.
void control_simulation::give_up(end& here, end& there, const failure& why) {
  close(here, there);
  here.broken(why);
}

void control_simulation::limit(end& which, duration time, std::function<void()> late) {
  which.limit = ++limits_;
  events_.schedule(events_.now() + time, [&which, number = which.limit, late = std::move(late)] {
    if (which.limit == number && !which.is_closed)
      late();
  });
}

// -- the client's end, and its session ------------------------------------------------------------

void control_simulation::obey_client() {
  while (const auto order = client_.next_order())
    std::visit([this](const auto& one) { obey(one); }, *order);
}

void control_simulation::obey(const wire::client_message& message) {
  carry(client_end_, server_end_, wire::encode(message));
}

void control_simulation::obey(client::look_up) {
  events_.schedule(events_.now() + up_to(scenario_.longest_pause),
                   [this] { at_client([](client& c) { c.on_verdict({}); }); });
}

void control_simulation::obey(const client::limit_answer& limited) {
  limit(client_end_, reply_limit,
        [this, late = limited.late] { give_up(client_end_, server_end_, late); });
}

void control_simulation::obey(const wire::session_accept&) {
  receive_session_goes_on();
}

/// Fetches now and then; in the end it has everything, or gives up.
void control_simulation::receive_session_goes_on() {
  events_.schedule(events_.now() + up_to(scenario_.longest_pause), [this] {
    if (chance(goes_on)) {
      at_client([](client& c) { c.send(wire::fetch{.block = 1, .manifest = true}); });
      receive_session_goes_on();
    } else if (chance(goes_on)) {
      at_client([](client& c) { c.send(wire::receipt{1, 1, 0}); });
    } else {
      session_stopped_ = true;
      at_client([](client& c) {
        c.send(wire::leave{{failure_code::cancelled, 0, "cancelled"}});
        c.stop();
      });
    }
  });
}

void control_simulation::obey(client::receipted) {
  says_noted_ = true;
  session_stopped_ = true;
  events_.schedule(events_.now() + up_to(scenario_.longest_pause),
                   [this] { at_client([](client& c) { c.stop(); }); });
}

void control_simulation::obey(const client::closed& report) {
  ++reports_;
  closed_as_complete_ = closed_as_complete_ || !report.reason;
}

// -- the server's end, and its transmission -------------------------------------------------------

void control_simulation::obey_server() {
  while (const auto order = server_.next_order())
    std::visit([this](const auto& one) { obey(one); }, *order);
}

void control_simulation::obey(const wire::server_message& message) {
  carry(server_end_, client_end_, wire::encode(message));
}

void control_simulation::obey(server::limit_linger) {
  limit(server_end_, linger_limit, [this] { give_up(server_end_, client_end_, {}); });
}

void control_simulation::obey(const server::open&) {
  const bool is_answered = !chance(scenario_.no_answers);
  const bool is_refused = !is_answered || chance(scenario_.refusals);
  events_.schedule(events_.now() + (is_answered ? up_to(scenario_.longest_pause) : join_limit),
                   [this, is_refused] {
                     at_server([&](server& s) {
                       if (is_refused)
                         s.refuse({failure_code::object_not_found, 0, "no such object"});
                       else
                         s.on_opened();
                     });
                   });
}

void control_simulation::obey(const server::join&) {
  const bool is_answered = !chance(scenario_.no_answers);
  const bool is_refused = !is_answered || chance(scenario_.refusals);
  events_.schedule(
    events_.now() + (is_answered ? up_to(scenario_.longest_pause) : join_limit),
    [this, is_refused] {
      if (is_refused || server_end_.has_quit) // a late answer comes to nobody
        return at_server([](server& s) { s.refuse({failure_code::server_busy, 0, "busy"}); });
      took_client_ = true;
      if (chance(scenario_.failures))
        transmission_fails();
      at_server([](server& s) { s.on_joined(sample_accept()); });
    });
}

/// It ends its client's session, or dies without a word.
void control_simulation::transmission_fails() {
  events_.schedule(events_.now() + up_to(scenario_.longest_pause), [this] {
    if (std::exchange(is_transmission_over_, true))
      return;
    ++ends_;
    at_server([this](server& s) {
      if (chance(50))
        s.send(wire::session_ended{{failure_code::object_changed, 0, "changed"}});
      else
        s.on_transmission_down(true);
    });
  });
}

void control_simulation::obey(const wire::receipt&) {
  if (scenario_.lies <= 0 || !chance(scenario_.lies))
    ++receipts_;
  events_.schedule(events_.now() + up_to(scenario_.longest_pause), [this] {
    if (!std::exchange(is_transmission_over_, true))
      at_server([](server& s) {
        s.send(wire::receipt_noted{});
        s.on_transmission_down(false);
      });
  });
}

void control_simulation::obey(const wire::fetch& message) {
  if (!is_transmission_over_)
    server_.send(wire::fetched{message.block, wire::fetched_nothing{}});
}

void control_simulation::obey(const server::left&) {
  ++leaves_;
}

// -- chance, and what must be ---------------------------------------------------------------------

duration control_simulation::up_to(duration longest) {
  return duration{static_cast<std::int64_t>(random_.unit() * static_cast<double>(longest.count()))};
}

bool control_simulation::chance(double percent) {
  return random_.unit() * 100 <= percent;
}

void control_simulation::judge(control_outcome& outcome) const {
  outcome.receipt_arrived = receipts_ > 0;
  outcome.client_knows = says_noted_;
  outcome.how = server_.how();
  const auto must = [&](bool holds, const char* otherwise) {
    if (!holds)
      outcome.faults.emplace_back(otherwise);
  };
  must(client_.validate() && server_.validate(), "an end contradicts itself");
  must(client_end_.has_quit, "the client's end is stuck");
  must(server_end_.has_quit, "the server's end is stuck");
  // A spoilt message may be any other.
  must(!says_noted_ || receipts_ == 1 || is_spoilt_,
       "the client was told of a receipt that never arrived");
  must(!closed_as_complete_ || says_noted_, "the client ended well without a noted receipt");
  must(reports_ == 1 || (reports_ == 0 && session_stopped_), "not exactly one report of the end");
  const auto words = receipts_ + leaves_ + ends_;
  must(!took_client_ || words >= 1, "the transmission was never told what became of its client");
  must(took_client_ || words == 0, "a transmission heard of a client that it never took");
  must(receipts_ <= 1 && leaves_ <= 1, "told twice");
  must(receipts_ + leaves_ <= 1, "a receipt and a leave");
  must(outcome.how != control::outcome::completed || receipts_ == 1,
       "counted as complete without a receipt");
  must(receipts_ == 0 || outcome.how == control::outcome::completed
         || outcome.how == control::outcome::malformed,
       "not counted as complete in spite of its receipt");
}

} // namespace fleetcast::protocol::simulation
