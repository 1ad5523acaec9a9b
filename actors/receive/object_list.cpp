#include "actors/receive/object_list.hpp"

#include "actors/receive/own_host_name.hpp"
#include "actors/receive/server_trust.hpp"
#include "actors/tls/tls_dialer.hpp"
#include "actors/trust/identity.hpp"
#include "actors/trust/known_servers.hpp"
#include "protocol/control/lister.hpp"
#include "protocol/wire/control_codec.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace fleetcast::actors {

namespace {

using protocol::failure;
using protocol::failure_code;

/// One call of list_objects. Everything happens on the thread that is in run().
class list_call {
public:
  list_call(const list_question& asked, const page_taker& take, const control_limits& limits)
    : asked_(asked),
      take_(take),
      limits_(limits),
      server_(io::host_and_port(asked.server, asked.port)),
      trust_(server_, asked.fingerprint, asked.known_servers, asked.identity),
      conversation_({server_, asked.fingerprint, request()}) {}

  failure run() {
    if (auto refused = check())
      return refused;
    io::client_credentials mine;
    if (asked_.authenticate) {
      auto known = trust_.credentials();
      if (!known)
        return std::move(known.error());
      mine = *std::move(known);
    }
    dial(std::move(mine));
    io_.run();
    return result_;
  }

private:
  using conversation = protocol::control::lister;

  failure check() const;
  protocol::wire::list_request request() const;
  void dial(io::client_credentials mine);
  failure verdict() const;

  void obey();
  void obey(const protocol::wire::client_message& message) {
    connection_->send(protocol::wire::encode(message));
  }
  void obey(conversation::look_up) { conversation_.on_verdict(verdict()); }
  void obey(conversation::receive) { connection_->receive(); }
  void obey(conversation::limit_answer limit) {
    connection_->expire_after(limits_.reply, std::move(limit.late));
  }
  void obey(conversation::close) { connection_->close(limits_.close); }
  void obey(const protocol::wire::listing& page);
  void obey(conversation::closed report) { result_ = std::move(report.reason); }

  const list_question& asked_;
  const page_taker& take_;
  const control_limits& limits_;
  std::string server_; ///< "host:port"
  server_trust trust_;
  std::string offered_; ///< the server's fingerprint
  failure result_;
  boost::asio::io_context io_;
  std::shared_ptr<io::tls_connection> connection_;
  conversation conversation_;
};

failure list_call::check() const {
  constexpr auto code = failure_code::invalid_argument;
  if (asked_.server.empty() || asked_.port == 0)
    return {code, 0, "cannot connect to '" + server_ + "': give SERVER[:PORT]"};
  if (asked_.name_space.size() > protocol::wire::max_namespace_size
      || asked_.prefix.size() > protocol::wire::max_object_size)
    return {code, 0,
            "cannot ask " + server_ + " for a namespace of more than "
              + std::to_string(protocol::wire::max_namespace_size)
              + " bytes, or names of more than " + std::to_string(protocol::wire::max_object_size)};
  if (!asked_.fingerprint.empty() && !io::is_fingerprint(asked_.fingerprint))
    return {code, 0,
            "'" + asked_.fingerprint
              + "' is not a fingerprint: expected SHA256: and 43 characters, as `fleetcast serve` "
                "prints it when it starts"};
  if (!asked_.only_known)
    return {};
  const auto known = trust_.known();
  if (!known || known->empty())
    return {failure_code::identity_changed, 0, server_ + " is not known here"};
  return {};
}

protocol::wire::list_request list_call::request() const {
  protocol::wire::list_request result;
  result.name_space = asked_.name_space;
  result.prefix = asked_.prefix;
  result.host_name = own_host_name();
  return result;
}

void list_call::dial(io::client_credentials mine) {
  io::tls_dialer::events events;
  events.ready
    = [this](std::shared_ptr<io::tls_connection> connection, const io::peer_identity& peer) {
        connection_ = std::move(connection);
        offered_ = peer.fingerprint;
        conversation_.on_ready(peer.fingerprint);
        obey();
      };
  events.message = [this](const protocol::wire::message_bytes& body) {
    conversation_.on_message(body);
    obey();
  };
  events.closed = [this](failure reason) {
    conversation_.on_broken(std::move(reason));
    obey();
  };
  std::make_shared<io::tls_dialer>(
    io_, asked_.server, asked_.port, std::move(mine),
    io::tls_dialer::limits{limits_.connect, limits_.attempt, limits_.backup}, std::move(events))
    ->start();
}

/// Of a server that nothing may be pinned for: a pin that was there may have gone meanwhile.
failure list_call::verdict() const {
  if (!asked_.only_known)
    return trust_.check_or_pin(offered_);
  const auto known = trust_.known();
  if (known && std::find(known->begin(), known->end(), offered_) != known->end())
    return {};
  return {failure_code::identity_changed, 0, server_ + " is not the server that is known here"};
}

void list_call::obey() {
  while (auto order = conversation_.next_order())
    std::visit([this](auto&& one) { obey(std::forward<decltype(one)>(one)); }, *std::move(order));
}

void list_call::obey(const protocol::wire::listing& page) {
  if (take_(page))
    conversation_.go_on();
  else
    conversation_.stop();
}

} // namespace

failure list_objects(const list_question& asked, const page_taker& take,
                     const control_limits& limits) {
  return list_call{asked, take, limits}.run();
}

} // namespace fleetcast::actors
