#include "protocol/control/lister.hpp"

#include "protocol/control/given_identity.hpp"
#include "protocol/wire/control_codec.hpp"

#include <utility>

namespace fleetcast::protocol::control {

void lister::on_ready(const std::string& fingerprint) {
  if (phase_ != phase::connecting)
    return;
  if (auto refused = check_given_identity(asked_.server, asked_.fingerprint, fingerprint))
    return end(std::move(refused));
  orders_.push(look_up{});
}

void lister::on_verdict(const failure& refused) {
  if (phase_ != phase::connecting)
    return;
  if (refused)
    return end(refused);
  ask();
}

void lister::go_on() {
  if (phase_ == phase::answered)
    ask();
}

void lister::ask() {
  phase_ = phase::asking;
  ++pages_;
  orders_.push(wire::client_message{asked_.request});
  orders_.push(limit_answer{
    {failure_code::connect_timeout, 0,
     asked_.server
       + " took the request for a list but did not answer it. Is that host overloaded? Try again, "
         "and see the server's log"}});
  orders_.push(receive{});
}

void lister::on_message(std::span<const std::byte> body) {
  if (phase_ != phase::asking)
    return;
  auto decoded = wire::decode_server_message(body);
  if (!decoded)
    return end(std::move(decoded.error()).in_context("the answer of " + asked_.server));
  std::visit([this](auto&& content) { take(std::forward<decltype(content)>(content)); },
             std::move(*decoded));
}

void lister::take(wire::listing page) {
  asked_.request.cursor = page.next;
  orders_.push(std::move(page));
  if (asked_.request.cursor.empty())
    return end({});
  if (pages_ == max_pages)
    return end({failure_code::connection_lost, 0,
                "the list that " + asked_.server + " sends does not come to an end; stopped after "
                  + std::to_string(pages_) + " pages"});
  phase_ = phase::answered;
}

/// A server that cannot make sense of the first request does not know it yet: all others answer it, or say why not.
void lister::take(wire::session_reject reject) {
  if (pages_ == 1 && reject.reason.code == failure_code::invalid_request)
    return end({failure_code::unsupported_version, 0,
                asked_.server
                  + " is too old to list what it offers. Install the release of this host there; "
                    "until then, `fleetcast get` takes objects whose names you know"});
  const auto& request = asked_.request;
  const auto what = request.name_space.empty() ? std::string{"its namespaces"}
                                               : request.name_space + "/" + request.prefix;
  end(std::move(reject.reason).in_context(asked_.server + " did not list " + what));
}

template <class Other>
void lister::take(const Other&) {
  end({failure_code::connection_lost, 0,
       asked_.server
         + " answered the request for a list with something else, so the connection was closed. "
           "Install the same release of Fleetcast on both"});
}

void lister::on_broken(failure reason) {
  report_closed(std::move(reason));
  phase_ = phase::closing;
}

void lister::end(failure reason) {
  if (phase_ == phase::closing)
    return;
  report_closed(std::move(reason));
  phase_ = phase::closing;
  orders_.push(close{});
}

void lister::report_closed(failure reason) {
  if (std::exchange(owes_report_, false))
    orders_.push(closed{std::move(reason)});
}

} // namespace fleetcast::protocol::control
