#include "actors/receive/session.hpp"

#include "actors/kit/status.hpp"
#include "actors/kit/timer.hpp"
#include "actors/observe/event_log.hpp"
#include "actors/observe/log.hpp"

#include <fmt/format.h>

#include <utility>

namespace fleetcast::actors {

namespace {

/// How long the server may take to note a receipt. The session succeeded by then either way; waiting only
/// spares the server an "it left".
constexpr auto receipt_patience = std::chrono::seconds(5);

} // namespace

const char* receive_session_state::name_of(phase now) noexcept {
  switch (now) {
    case phase::connecting:
      return "connecting";
    case phase::receiving:
      return "receiving";
    case phase::waiting:
      return "waiting for the server";
    case phase::delivered:
      return "delivered";
    case phase::receipting:
      return "receipting";
    case phase::ended:
      return "ended";
  }
  return "unknown";
}

receive_session_actor::behavior_type
receive_session_state::make_behavior(receive_request request, consumer_actor consumer,
                                     std::shared_ptr<receive_session_parts> parts, session_id id) {
  id_ = id;
  request_ = std::move(request);
  consumer_ = std::move(consumer);
  parts_ = std::move(parts);
  started_at_ = now(self_);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self_->monitor(consumer_);
  link_ = parts_->connect(*self_, request_, self_);
  children_.add(self_, "control_client", link_, child_set::farewell::stop);
  return {
    [this](cancel_atom, const failure& reason) { cancel(reason); },
    [this](const server_accepted& link) {
      if (!is_of_earlier_link())
        on_accepted(link);
    },
    [this](const server_left& link) {
      if (!is_of_earlier_link())
        on_link_closed(link.reason);
    },
    [this](const receipt_confirmed&) {
      if (phase_ == phase::receipting && !is_of_earlier_link())
        quit();
    },
    [this](const session_progress& progress) {
      note(progress.summary);
      rate_.note(now(self_), summary_.statistics.bytes);
      look_for_fragments();
      show_progress();
    },
    [this](const reassembly_finished& finished) {
      reassembled_ = true;
      note(finished.summary);
    },
    [this](const reassembly_failed& failed) { on_reassembly_failed(failed.reason); },
    [this](const reception_changed& changed) { on_reception(changed.health); },
    [this](const protocol::wire::feedback_state& state) {
      if (phase_ != phase::receiving || is_of_earlier_link())
        return;
      tell(trouble_.note(state));
      self_->send(receiving_.reassembly, state);
    },
    [this](const delivery_finished&) { on_delivered(); },
    [this](const consumption_finished& consumed) { on_consumed(consumed.complete); },
    [this](const protocol::wire::fetch& asked) {
      if (phase_ == phase::receiving)
        self_->send(link_, protocol::wire::client_message{asked});
    },
    [this](const protocol::wire::fetched& part) {
      if (phase_ == phase::receiving && !is_of_earlier_link())
        self_->send(receiving_.reassembly, part);
    },
    [this](tick_atom) {
      if (phase_ == phase::receipting)
        quit();
      else if (phase_ == phase::waiting)
        dial();
    },
    [this](status_atom) { return collect_status(self_, status(), whom_to_ask()); },
  };
}

/// What a link had on its way when it was given up.
bool receive_session_state::is_of_earlier_link() const {
  const auto& from = self_->current_sender();
  return from && from != caf::actor_cast<caf::strong_actor_ptr>(link_);
}

void receive_session_state::on_accepted(const server_accepted& link) {
  if (phase_ == phase::connecting)
    begin_receiving(link);
  else if (phase_ == phase::waiting)
    go_on_receiving(link);
}

void receive_session_state::begin_receiving(const server_accepted& link) {
  auto parts = parts_->receive(*self_, request_, link, consumer_, self_);
  if (!parts)
    return cancel(std::move(parts.error()).in_context("while receiving " + what()));
  receiving_ = std::move(*parts);
  children_.add(self_, "reassembly", receiving_.reassembly, child_set::farewell::exit);
  children_.add(self_, "writer", receiving_.writer, child_set::farewell::exit);
  phase_ = phase::receiving;
  // Without digests nothing that came could be proven again.
  if (!link.accept.unverified)
    reconnection_ = protocol::control::reconnection{request_.patience, parts_->seed()};
  listen_on(receiving_.path);
  summary_.object_size = link.accept.object_size;
  session_started started;
  started.object_size = link.accept.object_size;
  started.block_size = receiving_.block_size;
  started.writer = receiving_.writer;
  started.ranges = receiving_.reassembly;
  started.digests = receiving_.reassembly;
  started.held = receiving_.held;
  if (const auto& bytes = link.accept.metadata; !bytes.empty()) {
    const auto kept = std::make_shared<const std::vector<std::byte>>(bytes);
    started.metadata = {kept, kept->data()};
    started.metadata_size = static_cast<std::uint32_t>(kept->size());
  }
  self_->send(consumer_, std::move(started));
  receiving_.reader = parts_->read(*self_, receiving_);
  children_.add(self_, "socket_reader", receiving_.reader, child_set::farewell::stop);
}

void receive_session_state::listen_on(const std::optional<data_path>& path) {
  receiving_.path = path;
  if (!path)
    return;
  log(name).debug("{}: listens for {}; feedback to {}", what(), to_text(*path),
                  io::to_text(path->feedback));
  trouble_.set_path(*path);
  if (path->is_fragmented())
    tell({fmt::format("the server's datagrams take packets of {} bytes, and {} takes {}: they may "
                      "not arrive. Raise the interface's MTU, or start the server with `--mtu {}`",
                      path->packet, path->interface.name, *path->mtu, *path->mtu)});
  fragments_ = fragment_watch{parts_->reassembled_packets()};
}

// -- a server that went away ----------------------------------------------------------------------

void receive_session_state::on_reassembly_failed(const failure& reason) {
  if (!is_under_way())
    return;
  // Of the group alone; whether its server comes back is being found out already.
  if (phase_ == phase::waiting && protocol::control::may_pass(reason.code))
    return;
  auto explained = trouble_.explain(reason);
  leave(explained);
  // A group of which nothing came whole, for its packets are too large or never arrive, is no better after another call.
  // What its digests proved of an older copy came, too.
  if (const auto& s = summary_.statistics; s.bytes == 0 && s.bytes_proven == 0)
    return end(std::move(explained));
  await_server(std::move(explained));
}

/// Or fails, if that is no use.
void receive_session_state::await_server(failure reason) {
  const auto at = now(self_);
  const auto again = protocol::control::may_pass(reason.code)
                       ? reconnection_.on_lost(at, summary_.completed_blocks)
                       : std::nullopt;
  if (!again) {
    if (phase_ == phase::waiting)
      reason = std::move(reason).in_context(
        fmt::format("after {:.1f} s of waiting for the server",
                    seconds_between(*reconnection_.waiting_since(), at)));
    return end(std::move(reason).in_context("while receiving " + what()));
  }
  children_.remove(link_);
  link_ = nullptr;
  link_lost_ = true;
  if (phase_ != phase::waiting) {
    phase_ = phase::waiting;
    tell({fmt::format("{}: waits up to {:.0f} s for the server to come back", reason.text,
                      seconds_of(reconnection_.left(at)))});
    note(summary_);
    show_progress();
  }
  self_->delayed_send(self_, *again - at, tick_atom::value);
}

void receive_session_state::dial() {
  // With every block verified only the consumer is waited for.
  if (link_ || reassembled_)
    return;
  auto request = request_;
  request.resumes = true;
  link_ = parts_->connect(*self_, request, self_);
  children_.add(self_, "control_client", link_, child_set::farewell::stop);
}

void receive_session_state::go_on_receiving(const server_accepted& link) {
  if (reassembled_) {
    children_.remove(link_);
    link_ = nullptr;
    return;
  }
  if (link.accept.unverified)
    return cancel({failure_code::signature_invalid, 0,
                   what()
                     + " comes without signatures since its server is back, so what came before "
                       "cannot be proven. Start again"});
  if (link.accept.object_size != summary_.object_size)
    return cancel({failure_code::object_changed, 0,
                   fmt::format("{} was changed while its server was away: it has {} bytes now, "
                               "and had {}. Start again to get the new one",
                               what(), link.accept.object_size, summary_.object_size)});
  auto next = parts_->receive_again(request_, link, receiving_);
  if (!next) {
    leave(next.error());
    return await_server(std::move(next.error()));
  }
  phase_ = phase::receiving;
  link_lost_ = false;
  tell({fmt::format("the server is back after {:.1f} s: goes on after {} of {} blocks",
                    seconds_of(reconnection_.on_back(now(self_))), summary_.completed_blocks,
                    summary_.total_blocks)});
  children_.remove(receiving_.reader);
  trouble_ = {};
  joined_again_ = 0;
  receiving_.group = std::move(next->group);
  listen_on(next->path);
  self_->send(receiving_.reassembly, std::move(next->transmission));
  receiving_.reader = parts_->read(*self_, receiving_);
  children_.add(self_, "socket_reader", receiving_.reader, child_set::farewell::stop);
  note(summary_);
  show_progress();
}

// -- progress -------------------------------------------------------------------------------------

void receive_session_state::note(const receive_summary& summary) {
  summary_ = summary;
  summary_.reconnections = reconnection_.count();
  summary_.waits_for_server = phase_ == phase::waiting;
}

/// One at a time: at a consumer that is stuck in a callback they would pile up without bound.
void receive_session_state::show_progress() {
  if (!is_under_way())
    return;
  if (is_progress_unanswered_) {
    is_progress_news_ = true;
    return;
  }
  is_progress_unanswered_ = true;
  is_progress_news_ = false;
  self_->request(consumer_, caf::infinite, session_progress{summary_})
    .then(
      [this] {
        is_progress_unanswered_ = false;
        if (is_progress_news_)
          show_progress();
      },
      [](const caf::error&) {}); // it is gone, which is told otherwise
}

void receive_session_state::look_for_fragments() {
  const auto& path = receiving_.path;
  const auto datagrams = summary_.statistics.datagrams;
  if (phase_ != phase::receiving || !path || !fragments_.is_worth_a_look(datagrams))
    return;
  if (fragments_.find(parts_->reassembled_packets(), datagrams))
    tell({fmt::format(
      "datagrams come in fragments, and each is lost with any of them: packets of {} bytes do not "
      "pass some link between {} and here whole. `serve --mtu` makes the server send smaller ones",
      path->packet, path->sender.to_string())});
}

void receive_session_state::on_reception(const protocol::reception_health& health) {
  if (phase_ != phase::receiving)
    return;
  tell(trouble_.note(health, summary_));
  if (health.joins <= joined_again_)
    return;
  joined_again_ = health.joins;
  if (const auto refused = parts_->join_again(receiving_))
    tell({refused.text});
}

/// A warning, and its all-clear: readers of one want the other.
void receive_session_state::tell(const std::vector<std::string>& sentences) const {
  for (const auto& sentence : sentences) {
    log(name).warn("{}: {}", what(), sentence);
    events().note(event_kind::reception, id_, sentence);
  }
}

void receive_session_state::on_delivered() {
  if (!is_under_way())
    return;
  // The writer's word may overtake that of the reassembly.
  reassembled_ = true;
  phase_ = phase::delivered;
  // Its end means nothing from here on: what it holds may be released by others, as applications do from threads
  // of their own. A consumer that ends and leaves nobody to do that has to cancel the session, as a fleet's
  // reception does.
  self_->demonitor(consumer_.address());
  events().note(event_kind::session_ended, id_, "success: every block verified and delivered");
  self_->send(consumer_, session_finished{{}, summary_});
  // With nobody left to give a receipt to there is nothing to wait for.
  if (link_lost_)
    quit();
}

void receive_session_state::on_consumed(bool complete) {
  if (phase_ != phase::delivered)
    return;
  if (complete)
    return send_receipt();
  leave(withdrawn_);
  quit();
}

void receive_session_state::send_receipt() {
  phase_ = phase::receipting;
  const auto took = now(self_) - started_at_;
  self_->send(link_, protocol::wire::client_message{protocol::wire::receipt{
                       summary_.object_size, static_cast<std::uint64_t>(took.count()),
                       summary_.statistics.repaired_symbols}});
  self_->delayed_send(self_, receipt_patience, tick_atom::value);
}

void receive_session_state::on_link_closed(failure reason) {
  link_lost_ = true;
  // "No failure" would be success, which a link that closes too early never is.
  if (!reason)
    reason = {failure_code::connection_lost, 0, "the control connection closed; try again"};
  switch (phase_) {
    case phase::connecting:
      return end(std::move(reason));
    case phase::receiving:
    case phase::waiting:
      // With every block verified only the consumer is waited for, and it needs no server.
      if (!reassembled_)
        await_server(trouble_.explain(std::move(reason)));
      return;
    case phase::delivered:
    case phase::receipting:
      return quit();
    case phase::ended:
      return;
  }
}

void receive_session_state::on_down(const caf::down_msg& down) {
  if (phase_ == phase::ended)
    return;
  if (down.source == consumer_)
    return cancel({failure_code::cancelled, 0, "the consumer of " + what() + " is gone"});
  if (down.source == link_ && reassembled_)
    return on_link_closed({});
  const auto* child = children_.name_of(down.source);
  if (child == nullptr)
    return;
  failure reason{failure_code::internal, 0,
                 std::string{"while receiving "} + what() + ": the " + child
                   + " actor died: " + self_->system().render(down.reason)};
  if (phase_ == phase::connecting || is_under_way())
    return cancel(std::move(reason));
  // The consumer has its success; the server is told what is known.
  if (phase_ == phase::delivered)
    leave(reason);
  quit();
}

void receive_session_state::cancel(failure reason) {
  switch (phase_) {
    case phase::connecting:
    case phase::receiving:
    case phase::waiting:
      leave(reason);
      return end(std::move(reason));
    case phase::delivered:
      // The last release may be on its way: the writer, which it reaches first, has the say.
      withdrawn_ = std::move(reason);
      return self_->send(receiving_.writer, stop_atom::value);
    case phase::receipting: // bounded by receipt_patience
    case phase::ended:
      return;
  }
}

void receive_session_state::leave(const failure& reason) {
  if (link_)
    self_->send(link_, protocol::wire::client_message{protocol::wire::leave{reason}});
}

void receive_session_state::end(failure reason) {
  self_->demonitor(consumer_.address());
  events().note(event_kind::session_ended, id_,
                "after " + std::to_string(summary_.completed_blocks) + " of "
                  + std::to_string(summary_.total_blocks) + " blocks: " + reason.text);
  self_->send(consumer_, session_finished{std::move(reason), summary_});
  quit();
}

void receive_session_state::quit() {
  phase_ = phase::ended;
  children_.end();
  self_->quit();
}

std::string receive_session_state::what() const {
  return request_.name_space + "/" + request_.object + " from " + request_.server;
}

/// Its children and, while it has something to hear, its consumer.
std::vector<caf::actor> receive_session_state::whom_to_ask() const {
  auto result = children_.all();
  // One that heard session_finished is done.
  if (phase_ == phase::connecting || is_under_way())
    result.push_back(caf::actor_cast<caf::actor>(consumer_));
  return result;
}

status_snapshot receive_session_state::status() const {
  const auto& s = summary_.statistics;
  const auto at = now(self_);
  const auto rate = rate_.bits_per_second(at, s.bytes);
  status_snapshot result{
    name,
    name_of(phase_),
    {metrics::session(std::to_string(id_)),
     metrics::object(request_.name_space + "/" + request_.object),
     metrics::peer(request_.server + ":" + std::to_string(request_.port)),
     metrics::object_size(summary_.object_size),
     metrics::completed_blocks(summary_.completed_blocks), metrics::blocks(summary_.total_blocks),
     metrics::percent(share_of(summary_.completed_blocks, summary_.total_blocks)),
     metrics::rate(rate), metrics::repaired_symbols(s.repaired_symbols),
     metrics::loss(share_of(s.lost_packets, s.lost_packets + s.datagrams)),
     metrics::limited_by(to_string(summary_.limited_by)),
     metrics::running_for(seconds_between(started_at_, at))},
    {}};
  if (receiving_.path)
    add_facts(result.facts, *receiving_.path);
  const auto verified = s.bytes + s.bytes_proven;
  if (rate > 0 && summary_.object_size > verified)
    result.facts.push_back(metrics::eta(8.0 * static_cast<double>(summary_.object_size - verified)
                                        / static_cast<double>(rate)));
  return vitals_.of(self_, std::move(result));
}

receive_session_actor::behavior_type
receive_session(receive_session_actor::stateful_pointer<receive_session_state> self,
                receive_request request, consumer_actor consumer,
                std::shared_ptr<receive_session_parts> parts, session_id id) {
  return self->state.make_behavior(std::move(request), std::move(consumer), std::move(parts), id);
}

} // namespace fleetcast::actors
