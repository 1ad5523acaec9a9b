/// What tests of a fleet need: receptions that a script plays, and wires that lose what passes.
#pragma once

#include "actors/fleet/agent.hpp"
#include "actors/fleet/coordinator.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/sample_job.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors::fleet::testing {

using actors::testing::scripted_world;
using std::chrono::milliseconds;
using std::chrono::seconds;

using protocol::fleet::sample_request;

inline job_phase phase_in(const job_report& report) {
  return phase_of(report.phase);
}

// -- receptions -----------------------------------------------------------------------------------

/// What the receptions of one agent did.
struct reception_record {
  std::vector<std::string> destinations; ///< one for each that was started
  std::vector<reception_actor> started;
  std::vector<std::string> heard; ///< "commit", "cancel", "suspend"
  reception_host_actor agent;

  /// Plays by itself: receiving after a second, then storing, then staged or done.
  bool plays = false;
  failure fails;   ///< in place of storing
  failure refuses; ///< in place of a reception
};

/// A reception that does what the test says, or plays a good one.
class scripted_receptions final : public agent_parts {
public:
  explicit scripted_receptions(std::shared_ptr<reception_record> record)
    : record_(std::move(record)) {}

  tl::expected<reception_actor, failure> receive(caf::scheduled_actor& agent,
                                                 const job_request& request,
                                                 const std::string& destination,
                                                 const reception_host_actor& self) override {
    record_->destinations.push_back(destination);
    if (record_->refuses)
      return tl::unexpected{record_->refuses};
    record_->agent = self;
    auto actor = agent.spawn(play, record_, self, request.together);
    record_->started.push_back(actor);
    return actor;
  }

private:
  static void say(reception_actor::pointer self, const reception_host_actor& to, job_phase phase,
                  failure reason = {}) {
    reception_news news;
    news.phase = phase;
    news.figures.object_bytes = 1000;
    news.figures.written_bytes = phase == job_phase::receiving ? 500 : 1000;
    news.reason = std::move(reason);
    self->send(to, std::move(news));
    if (is_over(phase))
      self->quit();
  }

  static reception_actor::behavior_type play(reception_actor::pointer self,
                                             std::shared_ptr<reception_record> record,
                                             reception_host_actor to, bool together) {
    auto phase = std::make_shared<job_phase>(job_phase::connecting);
    if (record->plays)
      self->delayed_send(self, seconds(1), open_atom::value);
    return {
      [](const session_started&) {},
      [](const block_delivery&) {},
      [](const session_progress&) {},
      [](const session_finished&) {},
      [=](open_atom) {
        using enum job_phase;
        if (*phase == receiving && record->fails)
          return say(self, to, failed, record->fails);
        *phase = *phase == connecting  ? receiving
                 : *phase == receiving ? storing
                 : together            ? staged
                                       : done;
        say(self, to, *phase);
        if (*phase == receiving || *phase == storing)
          self->delayed_send(self, seconds(1), open_atom::value);
      },
      [=](commit_atom) {
        record->heard.emplace_back("commit");
        if (record->plays)
          say(self, to, job_phase::done);
      },
      [=](cancel_atom, const failure& reason) {
        record->heard.emplace_back("cancel");
        if (record->plays)
          say(self, to, job_phase::cancelled, reason);
      },
      [=](stop_atom) { record->heard.emplace_back("suspend"); },
      [](status_atom) {
        return status_snapshot{"reception", "scripted", {}, {}};
      },
    };
  }

  std::shared_ptr<reception_record> record_;
};

// -- wires ----------------------------------------------------------------------------------------

/// What befalls messages between coordinator and agents: number by number, all wires together.
struct wire_script {
  enum class fate : std::uint8_t { pass, lose, delay, cut };

  std::size_t at = 0; ///< the message it befalls; 0: none
  fate what = fate::pass;
  milliseconds late{0};
  std::size_t passed = 0; ///< messages so far

  fate next() { return ++passed == at ? what : fate::pass; }
};

/// Stands between a coordinator and an agent as the network does: forwards requests, answers and reports.
/// A request that is lost is never answered.
class wire_state {
public:
  static inline const char* name = "wire";

  using full_actor = agent_actor::extend<caf::reacts_to<job_report>, caf::reacts_to<tick_atom>>;

  explicit wire_state(full_actor::pointer self) : self_(self) {}

  full_actor::behavior_type make_behavior(agent_actor agent, std::shared_ptr<wire_script> script,
                                          watcher_actor to) {
    agent_ = std::move(agent);
    script_ = std::move(script);
    to_ = std::move(to);
    self_->monitor(agent_);
    self_->set_down_handler([this](const caf::down_msg&) { self_->quit(); });
    return {
      [this](start_atom a, const job_request& r) { return forward<job_report>(a, r); },
      [this](watch_atom a, const std::string& id) { return forward<job_state>(a, id); },
      [this](retry_atom a, const std::string& id) { return forward<job_report>(a, id); },
      [this](commit_atom a, const std::string& id) { return forward<job_report>(a, id); },
      [this](cancel_atom a, const std::string& id) { return forward<job_report>(a, id); },
      [this](const job_report& report) { pass([this, report] { self_->send(to_, report); }); },
      [this](tick_atom) {
        const auto deliver = std::move(late_.front());
        late_.pop_front();
        deliver();
      },
    };
  }

private:
  template <class Answer, class Atom, class T>
  caf::typed_response_promise<Answer> forward(Atom atom, const T& value) {
    auto promise = self_->make_response_promise<Answer>();
    kept_.push_back(promise); // letting go of it would be an answer
    pass([=, this] {
      self_->request(agent_, caf::infinite, atom, value)
        .then([=, this](const Answer& answer) { pass([=]() mutable { promise.deliver(answer); }); },
              [](const caf::error&) {});
    });
    return promise;
  }

  void pass(std::function<void()> deliver) {
    switch (script_->next()) {
      case wire_script::fate::pass:
        return deliver();
      case wire_script::fate::lose:
        return;
      case wire_script::fate::cut:
        return self_->quit(caf::exit_reason::remote_link_unreachable);
      case wire_script::fate::delay:
        late_.push_back(std::move(deliver));
        self_->delayed_send(self_, script_->late, tick_atom::value);
    }
  }

  full_actor::pointer self_;
  agent_actor agent_;
  std::shared_ptr<wire_script> script_;
  watcher_actor to_;
  std::vector<caf::response_promise> kept_;
  std::deque<std::function<void()>> late_;
};

} // namespace fleetcast::actors::fleet::testing
