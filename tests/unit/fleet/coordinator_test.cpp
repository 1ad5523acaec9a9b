#include "actors/fleet/coordinator.hpp"
#include "tests/support/fleet_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace fleetcast::actors::fleet::testing {
namespace coordinator_test {
namespace {

using prospect = campaign::prospect;
using task = fleet_plan::task;

/// Agents that answer what the test says, and a network that reaches whom the test says.
class Coordinator : public ::testing::Test {
protected:
  struct host {
    agent_actor agent;     ///< null: cannot be reached
    bool answers = true;   ///< else its messages are lost
    bool reachable = true; ///< else a dial hears nothing at all
    job_report report;     ///< what it answers
    std::vector<std::string> asked;
    job_request request; ///< of the last start
    std::size_t dials = 0;
    std::vector<caf::response_promise> unanswered;
  };

  class network final : public fleet_network {
  public:
    explicit network(Coordinator& test) : test_(test) {}

    void dial(const fleet_host& who, std::size_t number, link_sink_actor to) override {
      auto& one = test_.hosts_.at(who.name);
      ++one.dials;
      if (!one.reachable)
        return;
      if (one.agent)
        caf::anon_send(to, link_up{number, one.agent});
      else
        caf::anon_send(to, link_failed{number, {failure_code::connection_refused, 0, "refused"}});
    }

  private:
    Coordinator& test_;
  };

  Coordinator() {
    plan_.request = sample_request();
    plan_.finished = [this] { ++finished_; };
  }

  ~Coordinator() override {
    if (coordinator_)
      world_.kill(coordinator_);
    for (auto& [name, one] : hosts_)
      if (one.agent)
        world_.kill(one.agent);
  }

  void add_hosts(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      plan_.hosts.push_back({name, 1});
      revive(name);
    }
  }

  void revive(const std::string& name) {
    hosts_[name].report.job = plan_.request.job;
    hosts_[name].agent = world_.system().spawn(play, &hosts_[name]);
  }

  void die(const std::string& name) { world_.kill(std::exchange(hosts_[name].agent, nullptr)); }

  static agent_actor::behavior_type play(agent_actor::pointer self, host* one) {
    const auto answer = [=](const char* what) {
      one->asked.emplace_back(what);
      auto promise = self->make_response_promise<job_report>();
      if (one->answers)
        promise.deliver(one->report);
      else
        one->unanswered.push_back(promise);
      return promise;
    };
    return {
      [=](start_atom, const job_request& request) {
        one->request = request;
        if (phase_in(one->report) == job_phase::unknown)
          one->report.phase = static_cast<std::uint8_t>(job_phase::connecting);
        return answer("start");
      },
      [=](watch_atom, const std::string&) {
        one->asked.emplace_back("watch");
        return job_state{one->report, sample_request()};
      },
      [=](retry_atom, const std::string&) { return answer("retry"); },
      [=](commit_atom, const std::string&) { return answer("commit"); },
      [=](cancel_atom, const std::string&) { return answer("cancel"); },
    };
  }

  void start() {
    coordinator_ = world_.system().spawn(
      coordinator, plan_, std::shared_ptr<fleet_network>{std::make_shared<network>(*this)});
    world_.run();
  }

  /// The agent of `name` says where it stands.
  void say(const std::string& name, job_phase phase, const std::string& job = "job-1") {
    auto& one = hosts_[name];
    one.report.phase = static_cast<std::uint8_t>(phase);
    one.report.job = job;
    one.report.reason = phase == job_phase::failed ? "disk full" : "";
    one.report.code = static_cast<std::uint16_t>(
      phase == job_phase::failed ? failure_code::disk_full : failure_code::none);
    caf::send_as(caf::actor_cast<caf::actor>(one.agent), coordinator_, one.report);
    world_.run();
  }

  /// The agent of a host, by its number, shows a certificate that is not taken.
  void refuse_certificate(std::size_t number, bool is_for_other_names) {
    caf::anon_send(coordinator_,
                   link_failed{number,
                               {failure_code::handshake_failed, 0, "its certificate is refused"},
                               is_for_other_names ? prospect::another_name : prospect::open});
    world_.run();
  }

  /// As time passes, agents of running jobs speak.
  void pass(milliseconds time, const std::vector<std::string>& speaking = {}) {
    for (milliseconds gone{0}; gone < time; gone += milliseconds(500)) {
      world_.pass(milliseconds(500));
      for (const auto& name : speaking)
        say(name, phase_in(hosts_[name].report));
    }
  }

  fleet_view view() {
    caf::scoped_actor self{world_.system()};
    auto answer = self->request(coordinator_, caf::infinite, view_atom::value);
    world_.run();
    fleet_view result;
    answer.receive([&](fleet_view& got) { result = std::move(got); },
                   [](const caf::error&) { ADD_FAILURE() << "no view"; });
    return result;
  }

  host_view view_of(const std::string& name) {
    const auto all = view();
    const auto found = std::find_if(all.hosts.begin(), all.hosts.end(),
                                    [&](const host_view& one) { return one.name == name; });
    return found == all.hosts.end() ? host_view{} : *found;
  }

  std::size_t asked(const std::string& name, const std::string& what) {
    const auto& all = hosts_[name].asked;
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), what));
  }

  scripted_world world_;
  std::map<std::string, host> hosts_;
  fleet_plan plan_;
  coordinator_actor coordinator_;
  int finished_ = 0;
};

TEST_F(Coordinator, StartsEveryHostAtOnceUnderItsOwnName) {
  add_hosts({"a", "b"});
  start();
  EXPECT_EQ(asked("a", "start"), 1U);
  EXPECT_EQ(hosts_["b"].request.host, "b");
  EXPECT_EQ(hosts_["b"].request.destination, "{host}.img");
}

TEST_F(Coordinator, EndsOnceWhenEveryHostIsDone) {
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::done);
  EXPECT_EQ(finished_, 0);
  say("b", job_phase::done);
  EXPECT_EQ(finished_, 1);
  EXPECT_TRUE(view().finished);
  EXPECT_TRUE(view_of("a").succeeded);
}

TEST_F(Coordinator, NamesTheHostThatFailedAndWhyWhileOthersGoOn) {
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::failed);
  EXPECT_EQ(asked("b", "cancel"), 0U);
  say("b", job_phase::done);
  EXPECT_EQ(view_of("a").reason.code, failure_code::disk_full);
  EXPECT_EQ(view_of("a").reason.text, "disk full");
  EXPECT_FALSE(view_of("a").succeeded);
}

TEST_F(Coordinator, NeverTakesAFailedReportWithoutACodeForSuccess) {
  add_hosts({"a"});
  start();
  auto& report = hosts_["a"].report;
  report.phase = static_cast<std::uint8_t>(job_phase::failed);
  caf::send_as(caf::actor_cast<caf::actor>(hosts_["a"].agent), coordinator_, report);
  world_.run();
  EXPECT_FALSE(view_of("a").succeeded);
}

TEST_F(Coordinator, DialsADeadHostAgainAndItJoinsTheRunningTransmission) {
  add_hosts({"a", "b"});
  die("b");
  start();
  say("a", job_phase::receiving);
  pass(seconds(60), {"a"});
  EXPECT_GE(hosts_["b"].dials, 30U);
  EXPECT_FALSE(view_of("b").finished) << "a is still busy";
  revive("b");
  pass(seconds(2), {"a"});
  EXPECT_EQ(asked("b", "start"), 1U);
}

TEST_F(Coordinator, GivesADeadHostUpOnceTheOthersAreThrough) {
  add_hosts({"a", "b"});
  die("b");
  start();
  say("a", job_phase::receiving);
  pass(seconds(30), {"a"});
  EXPECT_EQ(finished_, 0);
  say("a", job_phase::done);
  pass(seconds(1));
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(view_of("b").reason.code, failure_code::connection_refused);
  EXPECT_FALSE(view_of("b").in_contact);
  EXPECT_TRUE(view_of("a").in_contact) << "as it was when it finished";
}

TEST_F(Coordinator, DoesNotWaitForAHostThatThereIsNot) {
  add_hosts({"a", "b"});
  die("b");
  start();
  const auto fails_to_resolve = [&](bool is_final) {
    caf::anon_send(coordinator_,
                   link_failed{1,
                               {failure_code::name_unresolved, 2, "the name cannot be resolved"},
                               is_final ? prospect::no_such_host : prospect::open});
    world_.run();
    return view_of("b").finished;
  };
  EXPECT_FALSE(fails_to_resolve(false)) << "the name server may come back";
  EXPECT_TRUE(fails_to_resolve(true));
  EXPECT_EQ(view_of("b").reason.code, failure_code::name_unresolved);
}

TEST_F(Coordinator, DoesNotWaitForACertificateOfAnotherName) {
  add_hosts({"a", "b"});
  die("b");
  start();
  refuse_certificate(1, false);
  EXPECT_FALSE(view_of("b").finished) << "of another authority, or none that can be read";
  refuse_certificate(1, true);
  EXPECT_TRUE(view_of("b").finished);
  EXPECT_EQ(view_of("b").reason.text, "its certificate is refused");
  EXPECT_EQ(finished_, 0) << "the others go on";
}

TEST_F(Coordinator, WaitsForAnAgentThatIsBeingRenewed) {
  add_hosts({"a", "b"});
  start();
  die("b");
  world_.run();
  refuse_certificate(1, true);
  EXPECT_FALSE(view_of("b").finished);
  revive("b");
  pass(seconds(2), {"a"});
  EXPECT_TRUE(view_of("b").in_contact);
}

TEST_F(Coordinator, GivesADeadHostTimeEvenIfTheOthersWereQuick) {
  add_hosts({"a", "b"});
  die("b");
  start();
  say("a", job_phase::done);
  pass(seconds(14));
  EXPECT_EQ(finished_, 0);
  pass(seconds(2));
  EXPECT_EQ(finished_, 1);
}

TEST_F(Coordinator, DialsAgainWhenADialIsNeverAnswered) {
  add_hosts({"a"});
  hosts_["a"].reachable = false;
  start();
  EXPECT_EQ(hosts_["a"].dials, 1U);
  hosts_["a"].reachable = true;
  pass(seconds(11));
  EXPECT_EQ(asked("a", "start"), 1U);
}

TEST_F(Coordinator, AsksAgainWhenNoAnswerComes) {
  add_hosts({"a"});
  hosts_["a"].answers = false;
  start();
  pass(seconds(6));
  EXPECT_GE(asked("a", "start"), 2U);
  hosts_["a"].answers = true;
  pass(seconds(6));
  say("a", job_phase::done);
  EXPECT_EQ(finished_, 1);
}

TEST_F(Coordinator, GivesUpAnAgentThatIsConnectedButSilent) {
  add_hosts({"a", "b"});
  hosts_["b"].answers = false;
  start();
  say("a", job_phase::done);
  pass(seconds(30));
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(view_of("b").reason.code, failure_code::sender_silent);
  EXPECT_FALSE(view_of("b").in_contact);
}

class CoordinatorAt : public Coordinator, public ::testing::WithParamInterface<job_phase> {};

TEST_P(CoordinatorAt, ForgetsWhatADeadAgentSaidAndStartsAtItsSuccessor) {
  add_hosts({"a"});
  start();
  say("a", GetParam());
  die("a");
  EXPECT_FALSE(view_of("a").in_contact);
  EXPECT_EQ(view_of("a").reason.code, failure_code::connection_lost);
  hosts_["a"].report = {};
  revive("a");
  pass(seconds(2));
  EXPECT_EQ(asked("a", "start"), 2U);
  say("a", job_phase::done);
  EXPECT_EQ(finished_, 1);
}

INSTANTIATE_TEST_SUITE_P(Phases, CoordinatorAt,
                         ::testing::Values(job_phase::connecting, job_phase::receiving,
                                           job_phase::storing, job_phase::staged),
                         [](const auto& about) { return std::string{to_string(about.param)}; });

TEST_F(Coordinator, DoesNotMindThatTheAgentOfAFinishedHostDies) {
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::done);
  die("a");
  pass(seconds(3), {"b"});
  EXPECT_TRUE(view_of("a").succeeded);
  EXPECT_EQ(hosts_["a"].dials, 1U);
}

TEST_F(Coordinator, ListensToNobodyButItsAgentsAndOnlyAboutItsJob) {
  add_hosts({"a"});
  start();
  say("a", job_phase::done, "another job");
  EXPECT_FALSE(view_of("a").finished);
  job_report forged;
  forged.job = "job-1";
  forged.phase = static_cast<std::uint8_t>(job_phase::done);
  world_.tell(coordinator_, forged);
  EXPECT_FALSE(view_of("a").finished);
  world_.tell(coordinator_, link_up{99, hosts_["a"].agent});
  world_.tell(coordinator_, link_failed{99, {}});
  EXPECT_EQ(view().hosts.size(), 1U);
}

// -- start policy ---------------------------------------------------------------------------------

TEST_F(Coordinator, WaitsForAQuorumAndForNobodyAfterwards) {
  plan_.start.when = start_policy::kind::quorum;
  plan_.start.quorum = 2;
  add_hosts({"a", "b", "c"});
  die("b");
  die("c");
  start();
  pass(seconds(3));
  EXPECT_EQ(asked("a", "start"), 0U);
  revive("b");
  pass(seconds(2));
  EXPECT_EQ(asked("a", "start"), 1U);
  EXPECT_EQ(asked("b", "start"), 1U);
  say("a", job_phase::receiving);
  say("b", job_phase::receiving);
  revive("c");
  pass(seconds(2), {"a", "b"});
  EXPECT_EQ(asked("c", "start"), 1U);
}

TEST_F(Coordinator, SaysThatAQuorumCannotBeMet) {
  plan_.start.when = start_policy::kind::quorum;
  plan_.start.quorum = 2;
  add_hosts({"a", "b"});
  die("b");
  start();
  pass(seconds(17));
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(asked("a", "start"), 0U);
  EXPECT_NE(view_of("a").reason.text.find("quorum"), std::string::npos);
}

TEST_F(Coordinator, CollectsForAWindow) {
  plan_.start.when = start_policy::kind::window;
  plan_.start.window = seconds(30);
  add_hosts({"a", "b"});
  die("b");
  start();
  pass(seconds(29));
  EXPECT_EQ(asked("a", "start"), 0U);
  EXPECT_FALSE(view_of("b").finished);
  pass(seconds(2));
  EXPECT_EQ(asked("a", "start"), 1U);
}

// -- together -------------------------------------------------------------------------------------

TEST_F(Coordinator, ActivatesAllOnceAllAreStaged) {
  plan_.request.together = true;
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::staged);
  pass(seconds(20), {"a", "b"});
  EXPECT_EQ(asked("a", "commit"), 0U);
  say("b", job_phase::staged);
  EXPECT_EQ(asked("a", "commit"), 1U);
  EXPECT_EQ(asked("b", "commit"), 1U);
  say("a", job_phase::done);
  say("b", job_phase::done);
  EXPECT_EQ(finished_, 1);
}

TEST_F(Coordinator, RepeatsACommitThatWasLost) {
  plan_.request.together = true;
  add_hosts({"a"});
  start();
  hosts_["a"].answers = false;
  say("a", job_phase::staged);
  pass(seconds(6), {"a"});
  EXPECT_GE(asked("a", "commit"), 2U);
}

TEST_F(Coordinator, AbortsBeforeAnybodyActivatesWhenOneFails) {
  plan_.request.together = true;
  plan_.abort_on_failure = true;
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::staged);
  say("b", job_phase::failed);
  EXPECT_EQ(asked("a", "commit"), 0U);
  EXPECT_EQ(asked("a", "cancel"), 1U);
  say("a", job_phase::cancelled);
  EXPECT_EQ(finished_, 1);
  EXPECT_FALSE(view_of("a").succeeded);
  EXPECT_EQ(view_of("b").reason.text, "disk full");
}

TEST_F(Coordinator, ActivatesTheOthersWhenOneFailsAndItMayGoOn) {
  plan_.request.together = true;
  add_hosts({"a", "b", "c"});
  start();
  say("a", job_phase::staged);
  say("b", job_phase::failed);
  EXPECT_EQ(asked("a", "commit"), 0U) << "c may still make it";
  say("c", job_phase::staged);
  EXPECT_EQ(asked("a", "commit"), 1U);
  EXPECT_EQ(asked("c", "commit"), 1U);
}

TEST_F(Coordinator, WaitsForAStagedHostThatIsOutOfContact) {
  plan_.request.together = true;
  plan_.abort_on_failure = true;
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::staged);
  die("a");
  say("b", job_phase::staged);
  EXPECT_EQ(asked("b", "commit"), 0U) << "nobody knows whether a still can";
  revive("a");
  pass(seconds(2), {"b"});
  EXPECT_GE(asked("a", "commit"), 1U);
  EXPECT_GE(asked("b", "commit"), 1U);
}

TEST_F(Coordinator, CommitsTheRestWhenAnEarlierCoordinatorHadBegunTo) {
  plan_.request.together = true;
  plan_.abort_on_failure = true;
  add_hosts({"a", "b", "c"});
  hosts_["a"].report.phase = static_cast<std::uint8_t>(job_phase::done);
  hosts_["b"].report.phase = static_cast<std::uint8_t>(job_phase::staged);
  hosts_["c"].report.phase = static_cast<std::uint8_t>(job_phase::failed);
  start();
  EXPECT_EQ(asked("b", "commit"), 1U);
  EXPECT_EQ(asked("b", "cancel"), 0U);
}

TEST_F(Coordinator, StartsAgainWhereTheAgentForgotTheJobBetweenStagingAndCommit) {
  plan_.request.together = true;
  add_hosts({"a"});
  start();
  hosts_["a"].report = {};
  auto staged = hosts_["a"].report;
  staged.job = "job-1";
  staged.phase = static_cast<std::uint8_t>(job_phase::staged);
  caf::send_as(caf::actor_cast<caf::actor>(hosts_["a"].agent), coordinator_, staged);
  world_.run();
  EXPECT_EQ(asked("a", "commit"), 1U);
  pass(seconds(1));
  EXPECT_EQ(asked("a", "start"), 2U);
}

// -- the end --------------------------------------------------------------------------------------

TEST_F(Coordinator, CancelsTheOthersWhenOneFailsAndThatIsAskedFor) {
  plan_.abort_on_failure = true;
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::failed);
  EXPECT_EQ(asked("b", "cancel"), 1U);
  say("b", job_phase::cancelled);
  EXPECT_EQ(finished_, 1);
}

TEST_F(Coordinator, CancelsWhatIsNotDoneInTime) {
  plan_.timeout = seconds(10);
  add_hosts({"a", "b"});
  die("b");
  start();
  pass(seconds(11), {"a"});
  EXPECT_GE(asked("a", "cancel"), 1U);
  say("a", job_phase::cancelled);
  EXPECT_EQ(finished_, 1);
  EXPECT_NE(view_of("a").reason.text.find("--timeout"), std::string::npos);
  EXPECT_EQ(view_of("b").reason.code, failure_code::connection_refused);
}

TEST_F(Coordinator, DoesNotWaitForEverForACancelToBeConfirmed) {
  plan_.timeout = seconds(10);
  add_hosts({"a"});
  start();
  hosts_["a"].answers = false;
  pass(seconds(16));
  EXPECT_EQ(finished_, 1);
}

TEST_F(Coordinator, CountsAHostThatWasDoneBeforeItsCancelCame) {
  plan_.abort_on_failure = true;
  add_hosts({"a", "b"});
  start();
  say("a", job_phase::failed);
  say("b", job_phase::done);
  EXPECT_TRUE(view_of("b").succeeded);
}

TEST_F(Coordinator, OnlyLooksWhenItIsToWatch) {
  plan_.what = task::watch;
  add_hosts({"a", "b"});
  hosts_["a"].report.phase = static_cast<std::uint8_t>(job_phase::receiving);
  start();
  EXPECT_EQ(hosts_["a"].asked, std::vector<std::string>{"watch"});
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(phase_in(view_of("a").report), job_phase::receiving);
  EXPECT_EQ(phase_in(view_of("b").report), job_phase::unknown);
  EXPECT_EQ(view().request->object, "disk.img");
}

TEST_F(Coordinator, CancelsEverywhereWhenThatIsItsTask) {
  plan_.what = task::cancel;
  add_hosts({"a", "b"});
  hosts_["a"].report.phase = static_cast<std::uint8_t>(job_phase::receiving);
  start();
  EXPECT_EQ(asked("b", "cancel"), 1U);
  EXPECT_EQ(finished_, 0);
  say("a", job_phase::cancelled);
  EXPECT_EQ(finished_, 1);
  EXPECT_TRUE(view_of("a").succeeded);
}

TEST_F(Coordinator, RetriesByIdAndStartsWhereTheJobIsUnknown) {
  plan_.what = task::retry;
  add_hosts({"a", "b"});
  hosts_["a"].report.phase = static_cast<std::uint8_t>(job_phase::connecting);
  start();
  pass(seconds(1));
  EXPECT_EQ(hosts_["a"].asked, (std::vector<std::string>{"watch", "retry"}));
  EXPECT_EQ(hosts_["b"].asked, (std::vector<std::string>{"watch", "start"}));
}

TEST_F(Coordinator, DoesNotRetryAnotherJobOfTheSameId) {
  plan_.what = task::retry;
  plan_.request.object = "another.img";
  add_hosts({"a"});
  hosts_["a"].report.phase = static_cast<std::uint8_t>(job_phase::failed);
  start();
  EXPECT_EQ(hosts_["a"].asked, std::vector<std::string>{"watch"});
  EXPECT_EQ(view_of("a").reason.code, failure_code::invalid_request);
  EXPECT_NE(view_of("a").reason.text.find("disk.img"), std::string::npos);
}

TEST_F(Coordinator, RetriesByIdAloneWhatItHasNoRecordOf) {
  plan_.what = task::retry;
  plan_.request = {};
  plan_.request.job = "job-1";
  add_hosts({"a", "b"});
  hosts_["a"].report.phase = static_cast<std::uint8_t>(job_phase::connecting);
  start();
  pass(seconds(1));
  EXPECT_EQ(hosts_["a"].asked, std::vector<std::string>{"retry"});
  EXPECT_FALSE(view_of("a").finished);
  EXPECT_EQ(view_of("b").reason.code, failure_code::invalid_request);
}

TEST_F(Coordinator, SaysOfAnAgentThatDoesNotUnderstandThatItDoesNot) {
  add_hosts({"a"});
  die("a");
  // An actor of another kind, as an agent of another version would be.
  auto stranger = world_.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(
      [](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
        return caf::sec::unexpected_message;
      });
    return {[](int) {}};
  });
  hosts_["a"].agent = caf::actor_cast<agent_actor>(stranger);
  start();
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(view_of("a").reason.code, failure_code::unsupported_version);
}

TEST_F(Coordinator, TakesOrdersOfItsOwnProcessOnly) {
  add_hosts({"a"});
  start();
  // Without a sender: it could be anybody's.
  world_.tell(coordinator_, stop_atom::value);
  world_.tell(coordinator_, view_atom::value);
  EXPECT_EQ(view().hosts.size(), 1U); // it lives
  const auto timers = world_.timers();
  for (int i = 0; i < 100; ++i)
    world_.tell(coordinator_, tick_atom::value);
  EXPECT_EQ(world_.timers(), timers); // each tick would have begun a clock of its own
  caf::scoped_actor self{world_.system()};
  self->monitor(coordinator_);
  self->send(coordinator_, stop_atom::value);
  world_.run();
  self->receive([&](const caf::down_msg& down) { EXPECT_EQ(down.source, coordinator_); });
  coordinator_ = nullptr;
}

TEST_F(Coordinator, GivesAHostUpWhoseConnectionsEndAsSoonAsTheyBegan) {
  add_hosts({"a"});
  hosts_["a"].answers = false;
  start();
  for (int i = 1; i < 20; ++i) {
    die("a");
    revive("a");
    pass(milliseconds(1500));
    ASSERT_EQ(finished_, 0) << i;
  }
  die("a");
  world_.run();
  EXPECT_EQ(finished_, 1);
  EXPECT_NE(view_of("a").reason.text.find("20 connections"), std::string::npos);
  EXPECT_EQ(view_of("a").dials, 20U);
}

TEST_F(Coordinator, KeepsAHostThatSaysSomethingBetweenItsConnections) {
  add_hosts({"a"});
  start();
  for (int i = 1; i < 60; ++i) {
    die("a");
    revive("a");
    pass(milliseconds(1500));
  }
  EXPECT_EQ(finished_, 0);
}

TEST_F(Coordinator, KeepsAHostWhoseConnectionsLast) {
  plan_.start = {start_policy::kind::quorum, 2, seconds(0)};
  add_hosts({"a", "b"});
  plan_.patience = seconds(3600);
  hosts_["b"].reachable = false;
  start();
  for (int i = 1; i < 60; ++i) {
    die("a");
    revive("a");
    pass(seconds(7));
  }
  EXPECT_FALSE(view_of("a").finished);
}

} // namespace
} // namespace coordinator_test
} // namespace fleetcast::actors::fleet::testing
