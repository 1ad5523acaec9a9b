#include "protocol/control/client.hpp"

#include "protocol/control/given_identity.hpp"
#include "protocol/wire/control_codec.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::protocol::control {

const char* to_string(client::phase phase) noexcept {
  switch (phase) {
    case client::phase::connecting:
      return "connecting";
    case client::phase::asking:
      return "asking";
    case client::phase::joined:
      return "joined";
    case client::phase::receipted:
      return "receipted";
    case client::phase::closing:
      return "closing";
  }
  return "unknown";
}

// -- identity and request -------------------------------------------------------------------------

void client::on_ready(peer_identity peer) {
  if (phase_ != phase::connecting)
    return;
  peer_ = std::move(peer);
  has_connection_ = true;
  if (auto refused = check_given_identity(asked_.server, asked_.fingerprint, peer_.fingerprint))
    return end(std::move(refused));
  orders_.push(look_up{});
}

void client::on_verdict(const failure& refused) {
  if (phase_ != phase::connecting || !has_connection_)
    return;
  if (refused)
    return end(refused);
  phase_ = phase::asking;
  ask();
}

void client::ask() {
  const auto& request = asked_.request;
  orders_.push(wire::client_message{request});
  orders_.push(limit_answer{
    {failure_code::connect_timeout, 0,
     asked_.server + " took the request for " + request.name_space + "/" + request.object
       + " but did not answer it. Is that host overloaded? Try again, and see the server's log"}});
  orders_.push(receive{});
}

// -- from the server ------------------------------------------------------------------------------

void client::on_message(std::span<const std::byte> body) {
  if (phase_ == phase::closing)
    return;
  auto decoded = wire::decode_server_message(body);
  if (!decoded)
    return end(std::move(decoded.error()).in_context("the answer of " + asked_.server));
  std::visit([this](const auto& content) { take(content); }, *decoded);
  if (phase_ != phase::closing)
    orders_.push(receive{});
}

void client::take(const wire::session_accept& accept) {
  if (auto refused = check_accept(accept))
    return end(std::move(refused));
  phase_ = phase::joined;
  orders_.push(no_limit{});
  orders_.push(accept);
}

failure client::check_accept(const wire::session_accept& accept) const {
  const auto& offered = asked_.request.suites;
  if (phase_ != phase::asking)
    return {failure_code::connection_lost, 0,
            asked_.server
              + " accepted the same request twice, so the connection was closed. Install "
                "the same release of Fleetcast on both"};
  if (std::find(offered.begin(), offered.end(), accept.suite) == offered.end())
    return {failure_code::handshake_failed, 0,
            asked_.server
              + " chose a way to seal datagrams that was not offered, so its answer was "
                "refused. Install the same release of Fleetcast on both"};
  if (accept.signing_key != peer_.key)
    return {failure_code::signature_invalid, 0,
            asked_.server + " wants to sign the data with another key than that of its identity "
              + peer_.fingerprint
              + ", so its answer was refused. Install the same release of "
                "Fleetcast on both"};
  return {};
}

void client::take(const wire::session_reject& reject) {
  end(failure{reject.reason}.in_context(asked_.server + " refused " + asked_.request.name_space
                                        + "/" + asked_.request.object));
}

void client::take(const wire::session_ended& ended) {
  end(failure{ended.reason}.in_context(asked_.server + " ended the session"));
}

/// Of what belongs to a session: there is none yet.
bool client::comes_too_early() {
  if (phase_ != phase::asking)
    return false;
  end({failure_code::connection_lost, 0,
       asked_.server
         + " spoke of a session before it had accepted the request, so the connection was closed. "
           "Install the same release of Fleetcast on both"});
  return true;
}

void client::take(const wire::listing&) {
  end({failure_code::connection_lost, 0,
       asked_.server
         + " sent a list that nobody had asked for, so the connection was closed. Install the same "
           "release of Fleetcast on both"});
}

void client::take(wire::receipt_noted) {
  if (comes_too_early() || phase_ != phase::joined)
    return;
  phase_ = phase::receipted;
  orders_.push(receipted{});
}

void client::take(const wire::feedback_state& state) {
  if (!comes_too_early() && phase_ == phase::joined)
    orders_.push(state);
}

void client::take(const wire::fetched& part) {
  if (!comes_too_early() && phase_ == phase::joined)
    orders_.push(part);
}

void client::on_broken(failure reason) {
  // After the receipt was noted nothing is left to lose; after a clean close it was reported.
  report_closed(phase_ == phase::receipted ? failure{} : std::move(reason));
  phase_ = phase::closing;
  orders_.push(quit{});
}

// -- to the server --------------------------------------------------------------------------------

void client::send(wire::client_message message) {
  if (phase_ == phase::joined || phase_ == phase::receipted)
    orders_.push(std::move(message));
}

void client::stop() {
  owes_report_ = false;
  if (has_connection_)
    return end({});
  phase_ = phase::closing;
  orders_.push(quit{});
}

void client::end(failure reason) {
  report_closed(std::move(reason));
  phase_ = phase::closing;
  orders_.push(close{});
}

void client::report_closed(failure reason) {
  if (std::exchange(owes_report_, false))
    orders_.push(closed{std::move(reason)});
}

bool client::validate() const {
  const bool is_under_way
    = phase_ == phase::asking || phase_ == phase::joined || phase_ == phase::receipted;
  return !is_under_way || (has_connection_ && owes_report_);
}

} // namespace fleetcast::protocol::control
