/// Serves one page over HTTP, to whoever asks, and lets nobody who does not ask keep others waiting.
///
/// One request a connection: read within `limits::request`, answered, closed. Those who ask while the page is being made
/// share it.
///
/// Overflow policy: `reading` requests are read at once, `reading_per_source` of one address; other connections wait for
/// their turn. One whose request does not come within `grace` makes room for one that waits. Of those that wait, more
/// than `waiting`, the last one of the address with most of them is closed. A connection whose request is there makes room
/// for nobody; of those, more than `answering`, or more of one address than a quarter (fair_places), get a refusal.
#pragma once

#include "actors/io/io_thread.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fleetcast::apps {

class page_server {
public:
  struct limits {
    /// From the connection to the whole request. Nobody types it.
    std::chrono::milliseconds request = std::chrono::seconds{5};

    /// From the request to the page: longer than actors take that do not answer.
    std::chrono::milliseconds page = std::chrono::seconds{5};

    /// From the page to its last byte.
    std::chrono::milliseconds answer = std::chrono::seconds{10};

    /// At once, in all and of one address (IPv6: one /64). A scrape's request comes with its connection.
    std::size_t reading = 64;
    std::size_t reading_per_source = 32;

    /// For a place among those, and how long one that has one may leave others waiting for its request: less where more
    /// addresses wait than there are places, but time for a packet that comes twice.
    std::size_t waiting = 256;
    std::chrono::milliseconds grace = std::chrono::seconds{1};
    std::chrono::milliseconds shortest_grace{500};

    /// At once. Several who scrape, and some that are stuck.
    std::size_t answering = 64;

    /// Of a request, in bytes.
    std::uint32_t header = 8 * 1024;
  };

  struct counters {
    std::uint64_t served = 0;
    std::uint64_t refused = 0;     ///< wrong path, method, no HTTP, or too many at once
    std::uint64_t too_slow = 0;    ///< no request in time
    std::uint64_t made_room = 0;   ///< no request yet, and others waited
    std::uint64_t turned_away = 0; ///< closed while it waited
  };

  /// The page's text; nothing: there is none now.
  using reply = std::function<void(std::optional<std::string>)>;

  struct page {
    std::string path; ///< "/metrics"
    std::string type; ///< of its content
    /// Asked on the I/O thread, one time after the other. May call `reply` on any thread, once or never.
    std::function<void(reply)> make;
  };

  /// Listens at once. Fails with network_fault.
  [[nodiscard]] static tl::expected<std::unique_ptr<page_server>, protocol::failure>
  open(actors::io::io_thread& io, const boost::asio::ip::tcp::endpoint& where, page what,
       const limits& bounds);

  /// Closes everything; `page::make` is not called any more afterwards. Not on the I/O thread, which must still run.
  ~page_server();

  page_server(const page_server&) = delete;
  page_server& operator=(const page_server&) = delete;

  /// With the port that was really taken.
  boost::asio::ip::tcp::endpoint where() const;

  /// Any thread.
  counters count() const;

private:
  class implementation;
  explicit page_server(std::shared_ptr<implementation> made);

  std::shared_ptr<implementation> implementation_;
};

} // namespace fleetcast::apps
