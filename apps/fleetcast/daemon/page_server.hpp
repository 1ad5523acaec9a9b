/// Serves one page over HTTP, to whoever asks, and lets nobody who does not ask keep others waiting.
///
/// One request a connection: read within `limits::request`, answered, closed. Beyond `limits::connections` the oldest
/// connection makes room for the new one, so that half-open ones and those that trickle cost others nothing. Those who
/// ask while the page is being made share it.
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

    /// At once. Several who scrape, and some that are stuck.
    std::size_t connections = 32;

    /// Of a request, in bytes.
    std::uint32_t header = 8 * 1024;
  };

  struct counters {
    std::uint64_t served = 0;
    std::uint64_t refused = 0;  ///< wrong path, method, or no HTTP
    std::uint64_t too_slow = 0; ///< no request in time
    std::uint64_t made_room = 0;
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
