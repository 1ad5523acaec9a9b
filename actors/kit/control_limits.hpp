/// Limits of the control plane, each with its reason. Tests pass shorter ones.
#pragma once

#include <chrono>
#include <cstddef>

namespace fleetcast::actors {

struct control_limits {
  using duration = std::chrono::milliseconds;

  // -- client -----------------------------------------------------------------------------------

  /// Name, every address, and the TLS handshake together. Room for five SYNs and as many repetitions in the
  /// handshake: at 20 % loss each way 10 s failed one connection in a hundred.
  duration connect = std::chrono::seconds{30};

  /// One address while others are left: a route that swallows packets must not eat the whole time.
  duration attempt = std::chrono::seconds{3};

  /// One address, before a second socket tries it, too: above a round trip to nearly anywhere, far below the
  /// second after which the kernel repeats what was lost.
  duration backup = std::chrono::milliseconds{250};

  /// From the request to accept or reject. Longer than the server's `request` and `join`, so that
  /// the server's own word arrives instead of a mere time-out.
  duration reply = std::chrono::seconds{45};

  // -- server -----------------------------------------------------------------------------------

  /// From a connection's turn to its whole request: the handshake and one message. Closes half-open connections
  /// and those that trickle; where nobody waits for the place, not those of a client that is still within `connect`.
  duration request = std::chrono::seconds{30};

  /// From a request to the manager's answer.
  duration join = std::chrono::seconds{10};

  /// From the noted receipt to the client's closing.
  duration linger = std::chrono::seconds{10};

  /// Connections in all, those that wait included. Beyond, the last one of the source that has most of them
  /// waiting is closed. Each costs some 100 KiB, mostly TLS's, a waiting one its socket. One source (an address; IPv6:
  /// a /64) may have one more only while three times as many are free as it has (fair_places): a quarter, if it is
  /// alone. A lab behind one address does not come near that.
  std::size_t connections = 4096;

  /// Connections whose request has not arrived. Beyond, new ones wait, without TLS: a lab that starts at once
  /// gets its turn instead of being turned away.
  std::size_t pending = 256;

  /// Of those, from one address (IPv6: one /64), so that a single stranger cannot take every place. Beyond, that
  /// address's new ones wait: a lab behind one router's address starts, too.
  std::size_t pending_per_source = 64;

  /// From when on a connection without a request makes room for one that waits. Where a fifth is lost each way one
  /// handshake in a hundred takes longer; strangers could otherwise hold every place for `request`.
  duration pending_grace = std::chrono::seconds{10};

  /// The same where more addresses wait than there are places: handshake and request take up to three round trips, of
  /// 300 ms by satellite or around the world.
  duration shortest_pending_grace = std::chrono::seconds{1};

  /// Pause after the system refused a socket for want of descriptors or memory: nothing but other
  /// connections' closing mends that, and trying at once again would spin.
  duration accept_pause = std::chrono::milliseconds{200};

  // -- both -------------------------------------------------------------------------------------

  /// From asking to close to the socket's closing: what is queued is flushed and both sides say
  /// farewell.
  duration close = std::chrono::seconds{1};
};

} // namespace fleetcast::actors
