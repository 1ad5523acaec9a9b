#include "actors/serve/control_listener.hpp"

#include "actors/kit/own_thread.hpp"
#include "actors/kit/status.hpp"
#include "actors/observe/log.hpp"
#include "actors/trust/tls_context.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace fleetcast::actors {

namespace {

/// Of thousands of connections: asking all of them would be work for the whole server.
constexpr std::size_t max_links_shown = 64;

} // namespace

control_listener_state::~control_listener_state() {
  if (acceptor_)
    acceptor_->stop();
  stop_links();
  if (opener_)
    caf::anon_send_exit(opener_, caf::exit_reason::user_shutdown);
  if (lister_)
    caf::anon_send_exit(lister_, caf::exit_reason::user_shutdown);
}

control_listening_actor::behavior_type
control_listener_state::start(io::io_thread& io, listening_sockets sockets, const io::identity& who,
                              std::shared_ptr<const offer> offered, transmissions_actor manager,
                              const control_limits& limits) {
  auto opener = spawn_on_own_thread(self_->system(), "the content_opener", content_opener, offered);
  auto lister = spawn_on_own_thread(self_->system(), "the content_lister", content_lister,
                                    std::move(offered));
  manager_ = std::move(manager);
  limits_ = limits;
  addresses_ = sockets.endpoints();
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  if (opener)
    opener_ = *opener;
  if (lister)
    lister_ = *lister;
  if (!opener) {
    give_up(opener.error());
  } else if (!lister) {
    give_up(lister.error());
  } else if (auto context = io::make_server_context(who)) {
    acceptor_ = std::make_shared<acceptor>(io, std::move(sockets), std::move(*context), limits);
    acceptor_->start(
      [me = self_->address()](accepted_connection accepted) { notify(me, std::move(accepted)); });
  } else {
    // Only a broken installation of OpenSSL gets here.
    give_up(context.error());
  }
  return {
    [this](const accepted_connection& accepted) { on_accepted(accepted); },
    [this](link_outcome outcome) { ++outcomes_.at(static_cast<std::size_t>(outcome)); },
    [this](stop_atom) { stop(); },
    [this](status_atom) {
      return collect_status(self_, status(), children(), 2 * status_patience);
    },
  };
}

/// Whoever monitors us hears why, and so does the log.
void control_listener_state::give_up(const failure& reason) {
  log(name).error("{}", reason.text);
  self_->quit(caf::make_error(caf::sec::runtime_error, reason.text));
}

void control_listener_state::on_accepted(const accepted_connection& accepted) {
  if (is_stopping_)
    return;
  const auto link = self_->spawn<caf::monitored>(
    control_server,
    control_server_config{accepted, opener_, lister_, manager_, limits_, self_->address()});
  links_.emplace(link.address(), link);
}

void control_listener_state::on_down(const caf::down_msg& down) {
  links_.erase(down.source);
  if (is_stopping_ && links_.empty())
    self_->quit();
}

void control_listener_state::stop() {
  if (std::exchange(is_stopping_, true))
    return;
  if (acceptor_)
    acceptor_->stop();
  stop_links();
  if (links_.empty())
    self_->quit();
}

void control_listener_state::stop_links() {
  for (const auto& [address, link] : links_)
    caf::anon_send(link, stop_atom{});
}

std::vector<caf::actor> control_listener_state::children() const {
  std::vector<caf::actor> result{caf::actor_cast<caf::actor>(opener_),
                                 caf::actor_cast<caf::actor>(lister_)};
  for (const auto& [address, link] : links_) {
    if (result.size() == max_links_shown + 2)
      break;
    result.push_back(caf::actor_cast<caf::actor>(link));
  }
  return result;
}

status_snapshot control_listener_state::status() const {
  std::ostringstream addresses;
  for (const auto& address : addresses_)
    addresses << (addresses.tellp() > 0 ? ", " : "") << address;
  const auto count = acceptor_ ? acceptor_->count() : acceptor::counters{};
  status_snapshot result{
    name,
    is_stopping_ ? "stopping" : "listening",
    {metrics::addresses(addresses.str()), metrics::connections(count.connections),
     metrics::pending(count.pending), metrics::waiting(count.waiting),
     metrics::accepted(count.accepted), metrics::turned_away(count.turned_away),
     metrics::accept_failed(count.failed),
     metrics::links_not_shown(links_.size() - std::min(links_.size(), max_links_shown))},
    {}};
  for (std::size_t i = 0; i < outcomes_.size(); ++i)
    result.facts.push_back(
      metrics::links_ended(outcomes_[i], to_string(static_cast<link_outcome>(i))));
  return vitals_.of(self_, std::move(result));
}

control_listening_actor::behavior_type
control_listener(control_listening_actor::stateful_pointer<control_listener_state> self,
                 io::io_thread& io, listening_sockets sockets,
                 std::shared_ptr<const io::identity> who, std::shared_ptr<const offer> offered,
                 transmissions_actor manager, control_limits limits) {
  return self->state.start(io, std::move(sockets), *who, std::move(offered), std::move(manager),
                           limits);
}

} // namespace fleetcast::actors
