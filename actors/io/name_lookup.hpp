/// Looking up the addresses of a name, on Asio's own thread.
#pragma once

#include "actors/io/own_thread.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace fleetcast::actors::io {

/// Begins a lookup; `handler` is called as by async_resolve. Asio starts a thread for the first one of an io_context.
/// Where the system refuses it `handler` is never called, the failure is returned, and the next lookup tries again.
template <class Handler>
[[nodiscard]] protocol::failure look_up(boost::asio::ip::tcp::resolver& resolver,
                                        const std::string& name, std::uint16_t port,
                                        Handler handler) {
  try {
    const signals_blocked quiet;
    resolver.async_resolve(name, std::to_string(port),
                           boost::asio::ip::tcp::resolver::numeric_service, std::move(handler));
    return {};
  } catch (const boost::system::system_error&) {
    return thread_refusal("looking up names");
  }
}

} // namespace fleetcast::actors::io
