/// The fleet's border: whatever a peer sends, what comes out is a frame of the list, and little is kept.
///
/// An input is one connection. Its first byte says which end the filter is (bit 0: the agent). Then come
/// pieces, each with a head of three bytes: bit 0 the direction (1: from the peer), bits 1 to 7 how many
/// 1/32 s have passed, then the length, big-endian.
#include "actors/fleet/basp_reader.hpp"
#include "actors/fleet/frame_filter.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using namespace fleetcast::actors::fleet;
using basp::message_kind;
using basp::operation;
using bytes_view = basp::bytes_view;

constexpr std::size_t node_size = std::tuple_size_v<basp::node_id>;

void require(bool what) {
  if (!what)
    std::abort();
}

/// Reads what a filter let through, by rules of its own.
class witness {
public:
  witness(bool from_coordinator, bool from_peer, const basp::node_id& alias)
    : from_coordinator_(from_coordinator),
      from_peer_(from_peer),
      alias_(alias) {}

  void look_at(bytes_view out) {
    while (!out.empty()) {
      require(out.size() >= basp::header_size);
      const auto head = basp::read_header(out.first<basp::header_size>());
      out = out.subspan(basp::header_size);
      require(head.length <= out.size() && head.length <= frame_filter::max_payload);
      look_at(head, out.first(head.length));
      out = out.subspan(head.length);
      ++frames_;
    }
  }

private:
  void look_at(const basp::header& head, bytes_view payload) {
    require(head.zero == 0);
    switch (head.what) {
      case operation::server_handshake:
        require(!from_coordinator_ && frames_ == 0 && head.flags == 0);
        return names(payload);
      case operation::client_handshake:
        require(from_coordinator_ && frames_ < 2 && payload.size() == node_size);
        require(head.flags == (frames_ == 0 ? 0 : basp::select_connection));
        return names(payload);
      case operation::direct:
        require(frames_ >= first_free() && head.flags == 0 && head.destination != 0);
        return direct(head, payload);
      case operation::monitor:
        require(frames_ >= first_free() && head.flags == 0 && payload.size() == 2 * node_size);
        return names(payload);
      case operation::down:
        require(frames_ >= first_free() && head.flags == 0
                && basp::is_plain_error(payload.subspan(2 * node_size)));
        return names(payload);
      case operation::heartbeat:
        require(frames_ >= first_free() && payload.empty());
        return;
      default:
        std::abort();
    }
  }

  void direct(const basp::header& head, bytes_view payload) {
    const auto kind = basp::read_message(payload).kind;
    require(kind != message_kind::none);
    const bool asks
      = kind == message_kind::start || kind == message_kind::command || kind == message_kind::watch;
    require(asks == from_coordinator_);
    const auto category = head.data >> 60U;
    require(asks ? category == 1 : category == 9 || head.data == std::uint64_t{1} << 60U);
    require(category != 9 || kind != message_kind::start);
  }

  /// A peer is seen by its alias, and never hears it.
  void names(bytes_view payload) const {
    basp::reader in{payload};
    const auto speaks = in.node();
    const auto hears = payload.size() >= 2 * node_size ? in.node() : basp::node_id{};
    require(from_peer_ ? speaks == alias_ : hears != alias_);
  }

  std::size_t first_free() const { return from_coordinator_ ? 2 : 1; }

  bool from_coordinator_;
  bool from_peer_;
  basp::node_id alias_;
  std::size_t frames_ = 0;
};

basp::node_id make_alias() {
  std::array<std::uint8_t, basp::random_node_size> random{};
  random.fill(0xA5);
  return basp::make_node_id(random);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const auto own = (data[0] & 1U) != 0 ? link_role::agent : link_role::coordinator;
  const auto alias = make_alias();
  const auto tally = std::make_shared<frame_tally>();
  frame_filter filter{own, alias, tally};
  witness arrived{own == link_role::agent, true, alias};
  witness left{own == link_role::coordinator, false, alias};
  std::chrono::nanoseconds now{0};
  frame_filter::bytes out;
  bytes_view in{data + 1, size - 1};
  constexpr std::size_t piece_head = 3;
  while (in.size() > piece_head) {
    const bool from_peer = (in[0] & 1U) != 0;
    now += std::chrono::milliseconds{1000 / 32} * (in[0] >> 1U);
    const auto length
      = std::min<std::size_t>(std::size_t{in[1]} << 8U | in[2], in.size() - piece_head);
    const auto piece = in.subspan(piece_head, length);
    in = in.subspan(piece_head + length);
    // An alias that somebody knows would prove nothing.
    if (std::search(piece.begin(), piece.end(), alias.begin() + 8, alias.end()) != piece.end()
        && from_peer)
      return 0;
    out.clear();
    const bool was_over = filter.ended().has_value();
    const bool goes_on = from_peer ? filter.receive(piece, now, out) : filter.send(piece, now, out);
    require(goes_on == !filter.ended().has_value());
    require(!was_over || (out.empty() && !goes_on));
    require(out.size() <= piece.size() + frame_filter::max_payload + basp::header_size);
    require(filter.buffered() <= 2 * (frame_filter::max_payload + basp::header_size));
    require(goes_on == filter.complaint().empty());
    (from_peer ? arrived : left).look_at(out);
  }
  return 0;
}
