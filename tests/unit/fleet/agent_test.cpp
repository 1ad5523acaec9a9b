#include "actors/fleet/agent.hpp"
#include "tests/support/fleet_fixture.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

namespace fleetcast::actors::fleet::testing {
namespace agent_test {
namespace {

using actors::testing::fact;
using actors::testing::has_ended;

/// Writes down what a watcher hears.
watcher_actor::behavior_type recording_watcher(watcher_actor::pointer,
                                               std::shared_ptr<std::vector<job_report>> heard) {
  return {[heard](const job_report& report) { heard->push_back(report); }};
}

/// Outlives agents, as a disk does.
class remembered_jobs final : public job_store {
public:
  std::vector<job_request> requests;
  failure refuses;

  std::vector<std::string> ids() const {
    std::vector<std::string> result;
    for (const auto& request : requests)
      result.push_back(request.job);
    return result;
  }

  failure keep(const job_request& request) override {
    if (!refuses)
      drop(request.job), requests.push_back(request);
    return refuses;
  }

  void drop(const std::string& id) override {
    std::erase_if(requests, [&](const job_request& request) { return request.job == id; });
  }

  std::vector<job_request> kept() override { return requests; }
};

agent_limits with(std::shared_ptr<job_store> store) {
  agent_limits result;
  result.store = std::move(store);
  return result;
}

class Agent : public ::testing::Test {
protected:
  Agent() { start_agent({}); }

  ~Agent() override {
    for (const auto& one : receptions_->started)
      world_.kill(one);
    for (const auto& one : watchers_)
      world_.kill(one);
    world_.kill(agent_);
  }

  void start_agent(agent_limits limits) {
    if (agent_)
      world_.kill(agent_);
    agent_ = world_.system().spawn(
      agent, std::shared_ptr<agent_parts>{std::make_shared<scripted_receptions>(receptions_)},
      limits);
    world_.run();
  }

  watcher_actor add_watcher() {
    watchers_.push_back(world_.system().spawn(recording_watcher, heard_));
    return watchers_.back();
  }

  /// Asked by a watcher, which gets the answer as one more report.
  template <class... Ts>
  void ask_as(const watcher_actor& who, Ts&&... what) {
    caf::send_as(caf::actor_cast<caf::actor>(who), agent_, std::forward<Ts>(what)...);
    world_.run();
  }

  template <class Answer, class... Ts>
  std::optional<Answer> ask(Ts&&... what) {
    caf::scoped_actor self{world_.system()};
    auto answer = self->request(agent_, caf::infinite, std::forward<Ts>(what)...);
    world_.run();
    std::optional<Answer> result;
    answer.receive([&](const Answer& got) { result = got; },
                   [&](const caf::error& e) { ADD_FAILURE() << world_.system().render(e); });
    return result;
  }

  job_report start(const job_request& request = sample_request()) {
    return ask<job_report>(start_atom::value, request).value_or(job_report{});
  }

  job_phase phase(const std::string& job = "job-1") {
    return phase_in(ask<job_state>(watch_atom::value, job).value_or(job_state{}).report);
  }

  /// The reception that was started last says where it stands.
  void say(job_phase phase, failure reason = {}) {
    reception_news news;
    news.phase = phase;
    news.reason = std::move(reason);
    caf::send_as(caf::actor_cast<caf::actor>(receptions_->started.back()), receptions_->agent,
                 std::move(news));
    world_.run();
  }

  void end_reception() { world_.kill(receptions_->started.back()); }

  void stop() {
    caf::scoped_actor self{world_.system()};
    self->send(agent_, stop_atom::value);
    world_.run();
  }

  scripted_world world_;
  std::shared_ptr<reception_record> receptions_ = std::make_shared<reception_record>();
  std::shared_ptr<std::vector<job_report>> heard_ = std::make_shared<std::vector<job_report>>();
  std::vector<watcher_actor> watchers_;
  local_agent_actor agent_;
};

TEST_F(Agent, StartsAJobOnceHoweverOftenItIsAsked) {
  EXPECT_EQ(phase_in(start()), job_phase::connecting);
  say(job_phase::receiving);
  EXPECT_EQ(phase_in(start()), job_phase::receiving);
  EXPECT_EQ(receptions_->destinations, std::vector<std::string>{"a.img"});
}

TEST_F(Agent, DoesNotStartADoneJobAgain) {
  start();
  say(job_phase::done);
  end_reception();
  EXPECT_EQ(phase_in(start()), job_phase::done);
  EXPECT_EQ(receptions_->started.size(), 1U);
}

TEST_F(Agent, RefusesAnotherRequestUnderTheIdOfAKnownJob) {
  start();
  say(job_phase::done);
  end_reception();
  auto another = sample_request();
  another.object = "another.img";
  const auto report = start(another);
  EXPECT_EQ(phase_in(report), job_phase::failed);
  EXPECT_EQ(report.code, static_cast<std::uint16_t>(failure_code::invalid_request));
  EXPECT_NE(report.reason.find("disk.img"), std::string::npos) << report.reason;
  EXPECT_EQ(phase(), job_phase::done);
}

TEST_F(Agent, RefusesRequestsThatMakeNoSense) {
  const auto refused = [&](auto spoil) {
    auto request = sample_request();
    spoil(request);
    const auto report = start(request);
    return phase_in(report) == job_phase::failed
           && report.code == static_cast<std::uint16_t>(failure_code::invalid_request);
  };
  EXPECT_TRUE(refused([](job_request& r) { r.job = "../job"; }));
  EXPECT_TRUE(refused([](job_request& r) { r.job = ""; }));
  EXPECT_TRUE(refused([](job_request& r) { r.job = std::string(65, 'j'); }));
  EXPECT_TRUE(refused([](job_request& r) { r.server = ""; }));
  EXPECT_TRUE(refused([](job_request& r) { r.port = 0; }));
  EXPECT_TRUE(refused([](job_request& r) { r.name_space = "a\nb"; }));
  EXPECT_TRUE(refused([](job_request& r) { r.object = std::string(5000, 'o'); }));
  EXPECT_TRUE(refused([](job_request& r) { r.destination = ""; }));
  EXPECT_TRUE(refused([](job_request& r) { r.host = "../etc"; }));
  EXPECT_TRUE(refused([](job_request& r) { r.interface = std::string(65, 'i'); }));
  EXPECT_TRUE(refused([](job_request& r) { r.fingerprint = std::string(65, 'f'); }));
  EXPECT_TRUE(receptions_->started.empty());
}

TEST_F(Agent, FailsAJobThatFindsNoThreadAndTakesItAgain) {
  receptions_->refuses = {failure_code::internal, EAGAIN, "cannot start a thread for it"};
  const auto refused = start();
  EXPECT_EQ(phase_in(refused), job_phase::failed);
  EXPECT_EQ(refused.reason, "cannot start a thread for it");
  receptions_->refuses = {};
  EXPECT_EQ(phase_in(ask<job_report>(retry_atom::value, "job-1").value_or(job_report{})),
            job_phase::connecting);
}

// Nothing of such a job is waited for.
TEST_F(Agent, EndsWithAJobThatFoundNoThread) {
  receptions_->refuses = {failure_code::internal, EAGAIN, "cannot start a thread for it"};
  start();
  stop();
  EXPECT_TRUE(has_ended(agent_));
}

TEST_F(Agent, RefusesAFloodOfJobs) {
  start_agent({{2, 8, seconds(3600), milliseconds(2000)}, 2});
  for (int i = 0; i < 100; ++i)
    start(sample_request("job-" + std::to_string(i)));
  EXPECT_EQ(receptions_->started.size(), 2U);
  const auto report = start(sample_request("one-more"));
  EXPECT_EQ(report.code, static_cast<std::uint16_t>(failure_code::server_busy));
  EXPECT_EQ(phase("one-more"), job_phase::unknown);
  EXPECT_EQ(fact(world_.status(agent_), "refused jobs"), "99");
}

TEST_F(Agent, ForgetsTheOldestJobThatIsOver) {
  start_agent({{2, 3, seconds(3600), milliseconds(2000)}, 2});
  for (int i = 0; i < 5; ++i) {
    start(sample_request("job-" + std::to_string(i)));
    say(job_phase::done);
    end_reception();
  }
  EXPECT_EQ(phase("job-0"), job_phase::unknown);
  EXPECT_EQ(phase("job-2"), job_phase::done);
  EXPECT_EQ(fact(world_.status(agent_), "jobs"), "3");
}

TEST_F(Agent, TellsAWatcherOfEveryChange) {
  const auto watcher = add_watcher();
  ask_as(watcher, start_atom::value, sample_request());
  say(job_phase::receiving);
  say(job_phase::done);
  ASSERT_EQ(heard_->size(), 3U);
  EXPECT_EQ(phase_in(heard_->at(1)), job_phase::receiving);
  EXPECT_EQ(phase_in(heard_->back()), job_phase::done);
  EXPECT_EQ(heard_->back().job, "job-1");
}

TEST_F(Agent, TellsWatchersThatItLivesWhileNothingChanges) {
  ask_as(add_watcher(), start_atom::value, sample_request());
  const auto before = heard_->size();
  world_.pass(seconds(9));
  EXPECT_GE(heard_->size() - before, 3U);
  EXPECT_LE(heard_->size() - before, 5U);
}

TEST_F(Agent, IsSilentOnceNothingRuns) {
  ask_as(add_watcher(), start_atom::value, sample_request());
  say(job_phase::done);
  end_reception();
  const auto before = heard_->size();
  world_.pass(seconds(60));
  EXPECT_EQ(heard_->size(), before);
}

TEST_F(Agent, KeepsNoMoreWatchersThanItMayAndTheLatestOnes) {
  start_agent({{2, 8, seconds(3600), milliseconds(2000)}, 2});
  start();
  for (int i = 0; i < 5; ++i)
    ask_as(add_watcher(), start_atom::value, sample_request());
  heard_->clear();
  say(job_phase::receiving);
  EXPECT_EQ(heard_->size(), 2U);
}

TEST_F(Agent, ForgetsAWatcherThatDied) {
  const auto watcher = add_watcher();
  ask_as(watcher, start_atom::value, sample_request());
  world_.kill(watcher);
  heard_->clear();
  say(job_phase::receiving);
  EXPECT_TRUE(heard_->empty());
  EXPECT_EQ(phase(), job_phase::receiving) << "and the job goes on";
}

TEST_F(Agent, RetriesOnlyWhatFailed) {
  start();
  ask<job_report>(retry_atom::value, "job-1");
  EXPECT_EQ(receptions_->started.size(), 1U);
  say(job_phase::failed, {failure_code::disk_full, 0, "full"});
  end_reception();
  EXPECT_EQ(phase_in(*ask<job_report>(retry_atom::value, "job-1")), job_phase::connecting);
  EXPECT_EQ(receptions_->started.size(), 2U);
  say(job_phase::done);
  end_reception();
  ask<job_report>(retry_atom::value, "job-1");
  EXPECT_EQ(receptions_->started.size(), 2U);
  EXPECT_EQ(phase_in(*ask<job_report>(retry_atom::value, "no-such-job")), job_phase::unknown);
}

TEST_F(Agent, CommitsOnlyWhatIsStaged) {
  start();
  say(job_phase::receiving);
  ask<job_report>(commit_atom::value, "job-1");
  EXPECT_TRUE(receptions_->heard.empty());
  say(job_phase::staged);
  ask<job_report>(commit_atom::value, "job-1");
  EXPECT_EQ(receptions_->heard, std::vector<std::string>{"commit"});
}

TEST_F(Agent, CancelsWhatRunsAndNothingElse) {
  start();
  ask<job_report>(cancel_atom::value, "job-1");
  EXPECT_EQ(receptions_->heard, std::vector<std::string>{"cancel"});
  say(job_phase::cancelled, {failure_code::cancelled, 0, "cancelled"});
  end_reception();
  ask<job_report>(cancel_atom::value, "job-1");
  ask<job_report>(cancel_atom::value, "no-such-job");
  EXPECT_EQ(receptions_->heard.size(), 1U);
}

class AgentAt : public Agent, public ::testing::WithParamInterface<job_phase> {};

TEST_P(AgentAt, SpeaksForAReceptionThatDied) {
  ask_as(add_watcher(), start_atom::value, sample_request());
  if (GetParam() != job_phase::connecting)
    say(GetParam());
  end_reception();
  EXPECT_EQ(phase_in(heard_->back()), job_phase::failed);
  EXPECT_EQ(heard_->back().code, static_cast<std::uint16_t>(failure_code::internal));
  EXPECT_NE(heard_->back().reason.find("fleet_reception"), std::string::npos);
}

TEST_P(AgentAt, SuspendsReceptionsWhenItDies) {
  start();
  if (GetParam() != job_phase::connecting)
    say(GetParam());
  world_.kill(agent_);
  EXPECT_EQ(receptions_->heard, std::vector<std::string>{"suspend"});
}

INSTANTIATE_TEST_SUITE_P(Phases, AgentAt,
                         ::testing::Values(job_phase::connecting, job_phase::receiving,
                                           job_phase::storing, job_phase::staged),
                         [](const auto& about) { return std::string{to_string(about.param)}; });

TEST_F(Agent, GivesAStagedFileUpThatNobodyComesBackFor) {
  start();
  say(job_phase::staged);
  world_.pass(seconds(3590));
  EXPECT_TRUE(receptions_->heard.empty());
  world_.pass(seconds(20));
  ASSERT_FALSE(receptions_->heard.empty());
  EXPECT_EQ(receptions_->heard.front(), "cancel");
}

TEST_F(Agent, ListensToItsReceptionsAlone) {
  start();
  reception_news forged;
  forged.phase = job_phase::done;
  world_.tell(receptions_->agent, forged);
  caf::send_as(caf::actor_cast<caf::actor>(add_watcher()), receptions_->agent, forged);
  world_.run();
  EXPECT_EQ(phase(), job_phase::connecting);
}

TEST_F(Agent, TakesNoWordOfAnEndBack) {
  start();
  say(job_phase::done);
  say(job_phase::failed, {failure_code::internal, 0, "late"});
  EXPECT_EQ(phase(), job_phase::done);
}

TEST_F(Agent, IsNotStoppedByAMessageFromNobody) {
  world_.tell(agent_, stop_atom::value);
  EXPECT_FALSE(has_ended(agent_));
}

TEST_F(Agent, StopsOnceItsReceptionsHaveEnded) {
  start();
  stop();
  EXPECT_FALSE(has_ended(agent_));
  EXPECT_EQ(receptions_->heard, std::vector<std::string>{"suspend"});
  EXPECT_EQ(phase_in(start(sample_request("late"))), job_phase::failed);
  end_reception();
  EXPECT_TRUE(has_ended(agent_));
}

TEST_F(Agent, TellsNobodyThatAJobIsOverBecauseItStops) {
  ask_as(add_watcher(), start_atom::value, sample_request());
  stop();
  end_reception();
  EXPECT_EQ(phase_in(heard_->back()), job_phase::connecting);
}

TEST_F(Agent, GoesOnWithTheJobsOfAnEarlierLife) {
  const auto store = std::make_shared<remembered_jobs>();
  start_agent(with(store));
  start();
  start(sample_request("job-2"));
  say(job_phase::done);
  end_reception();
  EXPECT_EQ(store->ids(), std::vector<std::string>{"job-1"});
  stop();
  for (const auto& one : receptions_->started)
    world_.kill(one);
  ASSERT_TRUE(has_ended(agent_));
  EXPECT_EQ(store->ids(), std::vector<std::string>{"job-1"});
  const auto before = receptions_->started.size();
  start_agent(with(store));
  EXPECT_EQ(receptions_->started.size(), before + 1);
  EXPECT_EQ(phase(), job_phase::connecting);
  EXPECT_EQ(phase("job-2"), job_phase::unknown);
  EXPECT_EQ(phase_in(start()), job_phase::connecting) << "a coordinator finds it running";
  EXPECT_EQ(receptions_->started.size(), before + 1);
}

TEST_F(Agent, DoesItsJobsEvenIfItCannotKeepThem) {
  const auto store = std::make_shared<remembered_jobs>();
  store->refuses = {failure_code::disk_full, ENOSPC, "the disk is full"};
  start_agent(with(store));
  EXPECT_EQ(phase_in(start()), job_phase::connecting);
  EXPECT_EQ(receptions_->started.size(), 1U);
}

TEST_F(Agent, GoesOnWithNothingAtTheWordOfAPeer) {
  const auto store = std::make_shared<remembered_jobs>();
  start_agent(with(store));
  store->requests.push_back(sample_request());
  world_.tell(agent_, open_atom::value);
  EXPECT_TRUE(receptions_->started.empty());
}

TEST_F(Agent, ShowsWhenItsCertificateExpires) {
  EXPECT_EQ(fact(world_.status(agent_), "certificate expires"), std::nullopt);
  const auto expires = std::make_shared<std::atomic<std::int64_t>>(1'800'000'000);
  agent_limits limits;
  limits.certificate_expires = expires;
  start_agent(limits);
  EXPECT_EQ(fact(world_.status(agent_), "certificate expires"), "2027-01-15T08:00:00Z");
  *expires += 86400;
  EXPECT_EQ(fact(world_.status(agent_), "certificate expires"), "2027-01-16T08:00:00Z");
  EXPECT_EQ(fact(world_.status(agent_), "certificate expires timestamp"), "1800086400");
}

TEST_F(Agent, DropsAndCountsMessagesOfTypesNobodyExpects) {
  caf::anon_send(caf::actor_cast<caf::actor>(agent_), 42);
  caf::anon_send(caf::actor_cast<caf::actor>(agent_), std::string{"start"}, 1.5);
  world_.run();
  EXPECT_EQ(fact(world_.status(agent_), "unexpected messages"), "2");
  EXPECT_EQ(phase_in(start()), job_phase::connecting);
}

} // namespace
} // namespace agent_test
} // namespace fleetcast::actors::fleet::testing
