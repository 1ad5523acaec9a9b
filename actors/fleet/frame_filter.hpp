/// The fleet's border: stands between a link's TLS and CAF's network layer, and lets frames of a closed list
/// through. What is on the list is in docs/protocol.md, "The fleet".
///
/// A frame passes, or is dropped and the link goes on, or ends the link. Both directions are judged by the
/// same rules, since each rule is about what a coordinator or an agent says, not about who listens; so a
/// program that breaks its own rules finds out at its own end.
///
/// * CAF tells links apart by the node ids of the peers, and those may be equal or false. So this end sees
///   an id of the filter's own for each link (`alias`); what goes back to the peer bears the peer's.
/// * A request is remembered until its answer; an answer to anything else ends the link.
/// * Actors at the coordinator's end are known from the requests they sent; others are not spoken to.
///
/// Pure: bytes in, bytes out, time as a parameter. Bounds: one frame (16 KiB and a header) a direction,
/// `max_open` requests, `max_askers` actors, `max_jobs` jobs whose reports are counted.
#pragma once

#include "actors/fleet/basp_frame.hpp"
#include "actors/fleet/basp_message.hpp"
#include "actors/fleet/frame_tally.hpp"
#include "actors/fleet/rate_bound.hpp"
#include "actors/trust/fleet_tls_context.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors::fleet {

class frame_filter {
public:
  using bytes = std::vector<std::uint8_t>;
  using bytes_view = basp::bytes_view;
  using timestamp = protocol::timestamp;

  static constexpr std::size_t max_payload = 16 * 1024;
  static constexpr std::size_t max_open = 256;
  static constexpr std::size_t max_askers = 256;
  static constexpr std::size_t max_jobs = 64;
  static constexpr unsigned reports_per_second = 8;
  static constexpr unsigned heartbeats_per_second = 4;

  /// `own` is the end that this process is. `alias` must be new for each link.
  frame_filter(link_role own, const basp::node_id& alias, std::shared_ptr<frame_tally> tally);

  /// Bytes from the peer: appends to `out` what goes on to CAF. False: the link has ended.
  bool receive(bytes_view in, timestamp now, bytes& out);

  /// Bytes from CAF: appends to `out` what goes to the peer. False: the link has ended.
  bool send(bytes_view in, timestamp now, bytes& out);

  /// Why it ended.
  std::optional<frame_end> ended() const noexcept { return ended_; }

  /// Why it ended, as a sentence without a subject's name: "the peer sent ...".
  std::string complaint() const;

  /// Held of frames that are not complete.
  std::size_t buffered() const noexcept { return inbound_.held.size() + outbound_.held.size(); }

private:
  enum class flow : std::uint8_t { in, out };

  enum class step : std::uint8_t { pass, drop, end };

  /// What one end of the link has said so far.
  struct stream {
    bytes held; ///< of the frame under way
    std::optional<basp::header> head;
    rate_bound heartbeats;
    std::optional<basp::node_id> node; ///< by its handshake
    bool selected = false;             ///< a coordinator has said both of its handshakes
  };

  using request_key = std::pair<std::uint64_t, std::uint64_t>; ///< who asked, and the number

  bool feed(flow way, bytes_view in, timestamp now, bytes& out);
  bool open_frame(flow way);
  bool close_frame(flow way, timestamp now, bytes& out);
  step judge(flow way, bytes_view payload, timestamp now);
  step shape(flow way);
  step server_handshake(flow way, bytes_view payload);
  step client_handshake(flow way, bytes_view payload);
  step direct(flow way, bytes_view payload, timestamp now);
  step request(const basp::header& head, bytes_view payload);
  step answer(const basp::header& head, bytes_view payload);
  step report(const basp::header& head, bytes_view payload, timestamp now);
  step monitor(flow way, bytes_view payload);
  step down(flow way, bytes_view payload);
  step heartbeat(flow way, timestamp now);

  bool names_both(flow way, bytes_view payload) const;
  void translate(flow way, bytes& frame) const;
  bool admit_report(std::string_view job, timestamp now);
  bool is_from_coordinator(flow way) const noexcept;
  bool is_open(flow way) const noexcept;

  stream& of(flow way) noexcept { return way == flow::in ? inbound_ : outbound_; }
  const stream& of(flow way) const noexcept { return way == flow::in ? inbound_ : outbound_; }

  step end(frame_end why) noexcept;
  step drop(frame_drop why) noexcept;

  link_role own_;
  basp::node_id alias_;
  std::shared_ptr<frame_tally> tally_;
  stream inbound_;
  stream outbound_;
  std::uint64_t published_ = 0; ///< the agent's actor; 0: not said yet
  std::set<std::uint64_t> askers_;
  std::map<request_key, basp::message_kind> open_;
  std::map<std::string, rate_bound, std::less<>> reports_;
  std::optional<frame_end> ended_;
  basp::header blamed_;
  flow blamed_way_ = flow::in;
};

} // namespace fleetcast::actors::fleet
