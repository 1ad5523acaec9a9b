#include "protocol/control/server.hpp"

#include "protocol/text.hpp"
#include "protocol/wire/control_codec.hpp"

#include <utility>

namespace fleetcast::protocol::control {

namespace {

failure out_of_order(std::string_view what) {
  return {failure_code::invalid_request, 0,
          "the client sent " + std::string{what}
            + ", which is out of order: one request comes first, then fetches, at most one receipt "
              "and at most one leave"};
}

/// Of a connection that broke before there was a request.
outcome early_end(const failure& reason) noexcept {
  switch (reason.code) {
    case failure_code::connect_timeout:
      return outcome::too_slow;
    case failure_code::handshake_failed:
      return outcome::handshake_failed;
    case failure_code::invalid_request:
      return outcome::malformed;
    default:
      return outcome::broken_early;
  }
}

} // namespace

failure too_slow() {
  return {failure_code::connect_timeout, 0, "the client's request did not arrive in time"};
}

const char* to_string(outcome how) noexcept {
  switch (how) {
    case outcome::completed:
      return "completed";
    case outcome::left:
      return "left";
    case outcome::ended:
      return "ended";
    case outcome::listed:
      return "listed";
    case outcome::rejected:
      return "rejected";
    case outcome::handshake_failed:
      return "handshake failed";
    case outcome::broken_early:
      return "broken early";
    case outcome::too_slow:
      return "too slow";
    case outcome::malformed:
      return "malformed";
  }
  return "unknown";
}

const char* to_string(server::phase phase) noexcept {
  switch (phase) {
    case server::phase::handshaking:
      return "handshaking";
    case server::phase::requesting:
      return "requesting";
    case server::phase::joining:
      return "joining";
    case server::phase::joined:
      return "joined";
    case server::phase::receipted:
      return "receipted";
    case server::phase::listing:
      return "listing";
    case server::phase::listed:
      return "listed";
    case server::phase::closing:
      return "closing";
  }
  return "unknown";
}

bool server::is_before_request() const noexcept {
  return phase_ == phase::handshaking || phase_ == phase::requesting;
}

// -- from the client ------------------------------------------------------------------------------

void server::on_ready() {
  if (phase_ == phase::handshaking)
    phase_ = phase::requesting;
}

void server::on_message(std::span<const std::byte> body) {
  if (phase_ == phase::closing)
    return;
  auto decoded = wire::decode_client_message(body);
  if (!decoded)
    return protocol_error(std::move(decoded.error()));
  std::visit([this](auto&& content) { take(std::forward<decltype(content)>(content)); },
             std::move(*decoded));
}

void server::take(wire::session_request request) {
  if (!is_before_request())
    return protocol_error(out_of_order("a second request"));
  phase_ = phase::joining;
  note_request(request.host_name, request.name_space + "/" + request.object);
  features_ = request.features;
  if (!speaks(request.version))
    return;
  request_ = request;
  orders_.push(open{std::move(request)});
}

void server::take(wire::list_request request) {
  if (!is_before_request() && phase_ != phase::listed)
    return protocol_error(out_of_order("a request to list"));
  phase_ = phase::listing;
  note_request(request.host_name, request.name_space + "/" + request.prefix);
  if (speaks(request.version))
    orders_.push(list{std::move(request)});
}

void server::note_request(const std::string& host_name, std::string object) {
  host_name_ = outside_text(host_name);
  object_ = std::move(object);
  orders_.push(has_request{});
}

/// Refuses what was asked for in another version.
bool server::speaks(std::uint16_t version) {
  if (version == wire::protocol_version)
    return true;
  refuse({failure_code::unsupported_version, 0,
          "the client speaks version " + std::to_string(version)
            + " of the protocol, this server version " + std::to_string(wire::protocol_version)
            + ". Install the same release of Fleetcast on both"});
  return false;
}

void server::take(const wire::receipt& receipt) {
  if (phase_ != phase::joined)
    return protocol_error(out_of_order("a receipt"));
  phase_ = phase::receipted;
  owes_leave_ = false;
  orders_.push(receipt);
  orders_.push(receive{});
}

void server::take(const wire::leave& message) {
  if (phase_ != phase::joined && phase_ != phase::receipted)
    return protocol_error(out_of_order("a leave"));
  leave(message.reason);
  close_with(so_far(outcome::left));
}

void server::take(const wire::fetch& message) {
  if (phase_ != phase::joined)
    return protocol_error(out_of_order("a fetch"));
  orders_.push(message);
  orders_.push(receive{});
}

void server::on_broken(const failure& reason) {
  switch (phase_) {
    case phase::handshaking:
    case phase::requesting:
      outcome_ = early_end(reason);
      break;
    case phase::joining:
    case phase::listing:
      outcome_ = outcome::left;
      break;
    case phase::joined:
    case phase::listed:
      outcome_
        = reason.code == failure_code::invalid_request ? outcome::malformed : so_far(outcome::left);
      break;
    case phase::receipted:
      outcome_ = so_far(outcome::left);
      break;
    case phase::closing:
      break;
  }
  leave(failure{reason}.in_context("the control connection of " + peer_));
  phase_ = phase::closing;
  orders_.push(quit{});
}

void server::protocol_error(failure reason) {
  leave(reason);
  // Tells the client why, which helps to debug one; then the connection ends like any other.
  tell_end(std::move(reason));
  close_with(outcome::malformed);
}

/// In the words that its place in the conversation asks for.
void server::tell_end(failure reason) {
  if (phase_ == phase::joined || phase_ == phase::receipted)
    orders_.push(wire::server_message{wire::session_ended{std::move(reason)}});
  else
    orders_.push(wire::server_message{wire::session_reject{std::move(reason)}});
}

// -- joining --------------------------------------------------------------------------------------

void server::on_opened() {
  if (phase_ == phase::joining && request_)
    orders_.push(join{*std::exchange(request_, std::nullopt)});
}

void server::on_joined(wire::session_accept accept) {
  owes_leave_ = true;
  if (phase_ != phase::joining)
    return leave({failure_code::connection_lost, 0,
                  "the control connection of " + peer_ + " ended while it joined"});
  phase_ = phase::joined;
  orders_.push(wire::server_message{std::move(accept)});
  orders_.push(receive{});
}

void server::on_listed(wire::listing page) {
  if (phase_ != phase::listing)
    return;
  phase_ = phase::listed;
  orders_.push(wire::server_message{std::move(page)});
  orders_.push(limit_linger{});
  orders_.push(receive{});
}

/// An answer is owed.
bool server::is_asked() const noexcept {
  return phase_ == phase::joining || phase_ == phase::listing;
}

/// The operator hears of it, too.
void server::refuse(failure reason) {
  if (!is_asked())
    return;
  orders_.push(refused{reason});
  orders_.push(wire::server_message{wire::session_reject{std::move(reason)}});
  close_with(outcome::rejected);
}

void server::leave(failure reason) {
  if (!std::exchange(owes_leave_, false))
    return;
  if (!reason)
    reason = {failure_code::connection_lost, 0, peer_ + " closed its control connection"};
  orders_.push(left{std::move(reason)});
}

// -- from the transmission ------------------------------------------------------------------------

void server::send(wire::session_ended message) {
  owes_leave_ = false;
  end(std::move(message.reason), outcome::ended);
}

void server::send(wire::receipt_noted message) {
  if (phase_ != phase::joined && phase_ != phase::receipted)
    return;
  orders_.push(wire::server_message{message});
  orders_.push(limit_linger{});
}

void server::send(wire::fetched part) {
  if (phase_ == phase::joined)
    orders_.push(wire::server_message{std::move(part)});
}

void server::send(wire::feedback_state state) {
  if (phase_ == phase::joined && features_.has(wire::feature::feedback_state))
    orders_.push(wire::server_message{state});
}

void server::on_transmission_down(bool failed) {
  owes_leave_ = false;
  // It ends as it should once every receiver has its receipt noted; this client then closes.
  if (!failed && phase_ == phase::receipted)
    return;
  if (phase_ == phase::joined || phase_ == phase::receipted)
    end({failure_code::internal, 0,
         "the transmission of " + object_ + " failed on the server; see its log, and try again"},
        outcome::ended);
}

void server::stop() {
  end({failure_code::transmission_ended, 0, "the server is shutting down"}, outcome::ended);
}

void server::end(failure reason, outcome how) {
  if (phase_ == phase::closing)
    return;
  leave(reason);
  if (!is_before_request())
    tell_end(std::move(reason));
  close_with(so_far(how));
}

/// What the client came for, if it got that; else `otherwise`.
outcome server::so_far(outcome otherwise) const noexcept {
  if (phase_ == phase::receipted)
    return outcome::completed;
  return phase_ == phase::listed ? outcome::listed : otherwise;
}

void server::close_with(outcome how) {
  outcome_ = how;
  phase_ = phase::closing;
  orders_.push(close{});
}

bool server::validate() const {
  return (!owes_leave_ || phase_ == phase::joined)
         && (!request_ || phase_ == phase::joining || phase_ == phase::closing);
}

} // namespace fleetcast::protocol::control
