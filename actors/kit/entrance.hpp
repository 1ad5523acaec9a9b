/// Who of those that came may begin, so that strangers who connect and say nothing keep nobody else out. Pure: knows
/// no socket and no clock.
///
/// Those inside have not said what they want yet. Their places are limited in all and for each source. Who finds none
/// waits, each source in a line of its own: a source that fills its places delays only itself, and of several that
/// wait each gets its turn. Where no place is free, the one inside that began first makes room, once it has let us wait
/// for longer than its grace, and only if somebody wants its place.
///
/// The grace is shorter where more sources wait than there are places: by as much as it takes for each of them to get its
/// turn within `grace`, but never shorter than `shortest_grace`, which somebody far away needs.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace fleetcast::actors {

class entrance {
public:
  using address = boost::asio::ip::address;
  using clock = std::chrono::steady_clock;
  using ticket = std::uint64_t; ///< the later one came later

  struct rules {
    std::size_t places = 0;
    std::size_t places_per_source = 0;
    clock::duration grace{};
    clock::duration shortest_grace{};
  };

  explicit entrance(rules limits) : rules_(limits) {}

  /// Somebody came, and waits until `next` names it.
  ticket arrive(const address& from);

  struct step {
    ticket enters = 0;
    std::optional<ticket> leaves; ///< has to make room, and is forgotten
  };

  /// Who may enter now; nothing: nobody. To be asked until then.
  std::optional<step> next(clock::time_point now);

  /// It can say what it wants from now on, which is when its grace begins.
  void began(ticket who, clock::time_point now);

  /// It said what it wants, or is gone. Nothing happens if it is not inside.
  void leave(ticket who);

  /// Turns away the last one of the longest line, so that a source that floods us does it to itself. Somebody waits.
  ticket turn_away();

  /// When time alone lets somebody in.
  std::optional<clock::time_point> due() const;

private:
  struct visitor {
    address source;
    std::optional<clock::time_point> since;
  };

  struct source_state {
    std::size_t inside = 0;
    std::deque<ticket> line;
  };

  struct occupant {
    ticket who = 0;
    clock::time_point stays_until;
  };

  using sources = std::map<address, source_state>;
  using line_rank = std::tuple<std::size_t, ticket, address>; ///< length, last one, source

  bool has_place_for(const source_state& state) const noexcept;
  bool fills_its_share(const source_state& state) const noexcept;
  std::optional<occupant> in_the_way_of(const sources::value_type& source) const;
  clock::duration grace_for_all() const;
  ticket take_first(sources::iterator source);
  template <class Change>
  void change_line(sources::iterator source, Change change);
  void forget_if_idle(sources::iterator source);

  rules rules_;
  ticket last_ticket_ = 0;
  std::map<ticket, visitor> inside_;
  std::set<std::pair<clock::time_point, ticket>> begun_; ///< those inside whose grace runs
  sources sources_;           ///< those of whom somebody is inside or waits
  std::set<line_rank> lines_; ///< of those of whom somebody waits, the longest last
  address served_;            ///< the source of whom one entered last
};

/// Whom an address stands for. An IPv6 host has at least 64 bits of addresses to itself; an IPv4 client of a socket
/// for both versions is an IPv4 client.
entrance::address source_of(const entrance::address& peer);

} // namespace fleetcast::actors
