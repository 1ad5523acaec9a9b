#include "actors/fleet/frame_filter.hpp"

#include "actors/fleet/basp_reader.hpp"

#include <algorithm>

namespace fleetcast::actors::fleet {

using basp::message_kind;
using basp::operation;

namespace {

constexpr std::uint64_t basp_version = 3;

// Message ids: an answer's bit, two bits of category, and a number that requests have.
constexpr std::uint64_t category = 0xF000'0000'0000'0000;
constexpr std::uint64_t plain_message = 0x1000'0000'0000'0000;
constexpr std::uint64_t plain_answer = 0x9000'0000'0000'0000;
constexpr std::uint64_t number_bits = ~category;

/// An actor that every process of CAF has: its ConfigServ.
constexpr std::uint64_t config_server = 1;

constexpr std::size_t node_size = std::tuple_size_v<basp::node_id>;
constexpr std::size_t error_size = 15; // code, category, and a context of no values

struct length_range {
  std::size_t least;
  std::size_t most;
};

/// What each operation's payload may measure; none: no such operation. Known before a byte of it is read,
/// so that nothing longer is ever kept.
std::optional<length_range> lengths_of(operation what) noexcept {
  constexpr std::size_t longest_handshake = 4096;
  switch (what) {
    case operation::server_handshake:
      return length_range{node_size, longest_handshake};
    case operation::client_handshake:
      return length_range{node_size, node_size};
    case operation::direct:
      return length_range{1, frame_filter::max_payload};
    case operation::monitor:
      return length_range{2 * node_size, 2 * node_size};
    case operation::down:
      return length_range{2 * node_size + error_size, 2 * node_size + error_size};
    case operation::heartbeat:
      return length_range{0, 0};
    default: // `routed` too: nothing is ever forwarded
      return std::nullopt;
  }
}

/// Whether the fields that say nothing in this operation are as CAF leaves them, and flags as they may be.
bool is_plausible(const basp::header& head) noexcept {
  const bool none_named = head.source == 0 && head.destination == 0;
  if (head.zero != 0)
    return false;
  switch (head.what) {
    case operation::server_handshake:
      return head.flags == 0 && head.data == basp_version && none_named;
    case operation::client_handshake:
      return (head.flags == 0 || head.flags == basp::select_connection) && head.data == 0
             && none_named;
    case operation::direct:
      return (head.flags == 0 || head.flags == basp::named_receiver) && head.destination != 0;
    case operation::monitor:
      return head.flags == 0 && head.data == 0 && head.source == 0 && head.destination != 0;
    case operation::down:
      return head.flags == 0 && head.data == 0 && head.source != 0 && head.destination == 0;
    case operation::heartbeat:
      return head.flags == 0 && head.data == 0 && none_named;
    default:
      return false;
  }
}

/// The last of a server's handshake: who it is, what it offers.
std::optional<std::uint64_t> read_published(basp::reader& in) {
  constexpr std::uint32_t most_signatures = 64;
  if (in.count() != 1 || in.text() != "generic-caf-app")
    return std::nullopt;
  const auto actor = in.number<std::uint64_t>();
  const auto signatures = in.count();
  if (actor == 0 || signatures > most_signatures)
    return std::nullopt;
  for (std::uint32_t i = 0; i < signatures; ++i)
    in.text();
  return in.is_at_end() ? std::optional{actor} : std::nullopt;
}

bool fits(message_kind answer, message_kind request) noexcept {
  return answer == message_kind::error
         || answer == (request == message_kind::watch ? message_kind::state : message_kind::report);
}

} // namespace

frame_filter::frame_filter(link_role own, const basp::node_id& alias,
                           std::shared_ptr<frame_tally> tally)
  : own_(own),
    alias_(alias),
    tally_(std::move(tally)),
    inbound_{{}, {}, rate_bound{heartbeats_per_second, {}}, {}, false},
    outbound_{{}, {}, rate_bound{heartbeats_per_second, {}}, {}, false} {}

bool frame_filter::receive(bytes_view in, timestamp now, bytes& out) {
  return feed(flow::in, in, now, out);
}

bool frame_filter::send(bytes_view in, timestamp now, bytes& out) {
  return feed(flow::out, in, now, out);
}

std::string frame_filter::complaint() const {
  if (!ended_)
    return {};
  return std::string{blamed_way_ == flow::in ? "the peer sent " : "this process was about to send "}
         + std::string{sentence(*ended_)} + " (" + basp::to_text(blamed_) + ")";
}

// -- frames out of bytes --------------------------------------------------------------------------

bool frame_filter::feed(flow way, bytes_view in, timestamp now, bytes& out) {
  auto& from = of(way);
  while (!ended_ && !in.empty()) {
    const auto wanted = basp::header_size + (from.head ? from.head->length : 0);
    const auto more = std::min<std::size_t>(wanted - from.held.size(), in.size());
    from.held.insert(from.held.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(more));
    in = in.subspan(more);
    if (from.held.size() < wanted)
      break;
    if (!from.head && !open_frame(way))
      break;
    if (from.held.size() == basp::header_size + from.head->length)
      close_frame(way, now, out);
  }
  return !ended_;
}

/// A header is complete: decides whether its payload is worth waiting for.
bool frame_filter::open_frame(flow way) {
  auto& from = of(way);
  from.head = basp::read_header(
    std::span<const std::uint8_t, basp::header_size>{from.held.data(), basp::header_size});
  return shape(way) != step::end;
}

bool frame_filter::close_frame(flow way, timestamp now, bytes& out) {
  auto& from = of(way);
  const auto payload = bytes_view{from.held}.subspan(basp::header_size);
  const auto what = judge(way, payload, now);
  if (what == step::pass) {
    translate(way, from.held);
    out.insert(out.end(), from.held.begin(), from.held.end());
  }
  from.held.clear();
  // A large frame is rare: its room would stay with each of thousands of links.
  constexpr std::size_t usual = 1024;
  if (from.held.capacity() > usual)
    bytes{}.swap(from.held);
  from.head.reset();
  return what != step::end;
}

// -- rules ----------------------------------------------------------------------------------------

/// What a header alone tells.
frame_filter::step frame_filter::shape(flow way) {
  const auto& head = *of(way).head;
  const auto lengths = lengths_of(head.what);
  blamed_ = head;
  blamed_way_ = way;
  if (!lengths || !is_plausible(head))
    return end(frame_end::header);
  if (head.length < lengths->least || head.length > lengths->most)
    return end(frame_end::length);
  const bool handshake
    = head.what == operation::server_handshake || head.what == operation::client_handshake;
  if (!handshake && !is_open(way))
    return end(frame_end::order);
  return step::pass;
}

frame_filter::step frame_filter::judge(flow way, bytes_view payload, timestamp now) {
  blamed_ = *of(way).head;
  blamed_way_ = way;
  switch (of(way).head->what) {
    case operation::server_handshake:
      return server_handshake(way, payload);
    case operation::client_handshake:
      return client_handshake(way, payload);
    case operation::direct:
      return direct(way, payload, now);
    case operation::monitor:
      return monitor(way, payload);
    case operation::down:
      return down(way, payload);
    case operation::heartbeat:
      return heartbeat(way, now);
    default:
      return end(frame_end::header);
  }
}

/// The first that an agent says, once.
frame_filter::step frame_filter::server_handshake(flow way, bytes_view payload) {
  auto& from = of(way);
  if (is_from_coordinator(way) || from.node)
    return end(frame_end::order);
  basp::reader in{payload};
  const auto node = in.node();
  const auto published = read_published(in);
  if (!basp::is_node_id(node) || !published)
    return end(frame_end::content);
  from.node = node;
  published_ = *published;
  return step::pass;
}

/// The first that a coordinator says; and, once it has heard the agent's, that it takes this connection.
frame_filter::step frame_filter::client_handshake(flow way, bytes_view payload) {
  auto& from = of(way);
  const bool selects = from.head->flags == basp::select_connection;
  if (!is_from_coordinator(way) || from.selected || selects != from.node.has_value()
      || (selects && published_ == 0))
    return end(frame_end::order);
  const auto node = basp::reader{payload}.node();
  if (!basp::is_node_id(node))
    return end(frame_end::content);
  if (selects && node != *from.node)
    return end(frame_end::node);
  from.node = node;
  from.selected = selects;
  return step::pass;
}

frame_filter::step frame_filter::direct(flow way, bytes_view payload, timestamp now) {
  const auto& head = *of(way).head;
  if (head.flags == basp::named_receiver) {
    const bool known = head.data == plain_message && head.destination == basp::atom("SpawnServ")
                       && basp::is_utility_question(payload);
    return known ? drop(frame_drop::utility) : end(frame_end::content);
  }
  if (head.data == plain_message && head.source == config_server
      && basp::is_utility_answer(payload))
    return drop(frame_drop::utility);
  if (is_from_coordinator(way))
    return request(head, payload);
  return (head.data & category) == plain_answer ? answer(head, payload)
                                                : report(head, payload, now);
}

frame_filter::step frame_filter::request(const basp::header& head, bytes_view payload) {
  const auto kind = basp::read_message(payload).kind;
  const bool asks
    = kind == message_kind::start || kind == message_kind::command || kind == message_kind::watch;
  if (!asks || (head.data & category) != plain_message || (head.data & number_bits) == 0)
    return end(frame_end::content);
  if (head.source == 0 || head.destination != published_)
    return end(frame_end::address);
  if (open_.size() >= max_open || (askers_.size() >= max_askers && !askers_.contains(head.source))
      || !open_.emplace(request_key{head.source, head.data & number_bits}, kind).second)
    return end(frame_end::requests);
  askers_.insert(head.source);
  return step::pass;
}

frame_filter::step frame_filter::answer(const basp::header& head, bytes_view payload) {
  const auto kind = basp::read_message(payload).kind;
  // CAF itself answers for an actor that is gone, and names none.
  if (head.source != published_ && !(head.source == 0 && kind == message_kind::error))
    return end(frame_end::address);
  const auto asked = open_.find(request_key{head.destination, head.data & number_bits});
  if (asked == open_.end())
    return end(frame_end::answer);
  if (!fits(kind, asked->second))
    return end(frame_end::content);
  open_.erase(asked);
  return step::pass;
}

frame_filter::step frame_filter::report(const basp::header& head, bytes_view payload,
                                        timestamp now) {
  const auto said = basp::read_message(payload);
  if (said.kind != message_kind::report || head.data != plain_message)
    return end(frame_end::content);
  if (head.source != published_ || !askers_.contains(head.destination))
    return end(frame_end::address);
  return admit_report(said.job, now) ? step::pass : drop(frame_drop::reports);
}

/// One end's network layer wants to know when an actor of the other ends.
frame_filter::step frame_filter::monitor(flow way, bytes_view payload) {
  if (!names_both(way, payload))
    return end(frame_end::node);
  const auto whom = of(way).head->destination;
  const bool known = is_from_coordinator(way) ? whom == published_ : askers_.contains(whom);
  return known ? step::pass : drop(frame_drop::stranger);
}

/// An actor of the end that says this has ended.
frame_filter::step frame_filter::down(flow way, bytes_view payload) {
  if (!names_both(way, payload))
    return end(frame_end::node);
  if (!basp::is_plain_error(payload.subspan(2 * node_size)))
    return end(frame_end::content);
  const auto whose = of(way).head->source;
  const bool known = is_from_coordinator(way) ? askers_.contains(whose) : whose == published_;
  return known ? step::pass : drop(frame_drop::stranger);
}

frame_filter::step frame_filter::heartbeat(flow way, timestamp now) {
  return of(way).heartbeats.take(now) ? step::pass : drop(frame_drop::heartbeats);
}

// -- their parts ----------------------------------------------------------------------------------

bool frame_filter::is_from_coordinator(flow way) const noexcept {
  return (way == flow::out) == (own_ == link_role::coordinator);
}

/// Whether the handshakes are over for the end that speaks.
bool frame_filter::is_open(flow way) const noexcept {
  return is_from_coordinator(way) ? of(way).selected
                                  : inbound_.node.has_value() && outbound_.node.has_value();
}

/// The one that speaks, then the one that hears. CAF at this end knows the peer by its alias only.
bool frame_filter::names_both(flow way, bytes_view payload) const {
  basp::reader in{payload};
  const auto speaks = in.node();
  const auto hears = in.node();
  return way == flow::in ? speaks == inbound_.node && hears == outbound_.node
                         : speaks == outbound_.node && hears == alias_;
}

/// Puts the peer's alias in the place of its id, or the other way round.
void frame_filter::translate(flow way, bytes& frame) const {
  const auto what = of(way).head->what;
  if (what == operation::direct || what == operation::heartbeat)
    return;
  const auto speaks = frame.begin() + basp::header_size;
  if (way == flow::in)
    std::copy(alias_.begin(), alias_.end(), speaks);
  else if (what == operation::monitor || what == operation::down)
    std::copy(inbound_.node->begin(), inbound_.node->end(), speaks + node_size);
}

bool frame_filter::admit_report(std::string_view job, timestamp now) {
  auto known = reports_.find(job);
  if (known == reports_.end()) {
    if (reports_.size() >= max_jobs)
      std::erase_if(reports_, [now](const auto& each) { return each.second.is_idle(now); });
    if (reports_.size() >= max_jobs)
      return false;
    known = reports_.emplace(job, rate_bound{reports_per_second, now}).first;
  }
  return known->second.take(now);
}

frame_filter::step frame_filter::end(frame_end why) noexcept {
  ended_ = why;
  tally_->count(why);
  return step::end;
}

frame_filter::step frame_filter::drop(frame_drop why) noexcept {
  tally_->count(why);
  return step::drop;
}

} // namespace fleetcast::actors::fleet
