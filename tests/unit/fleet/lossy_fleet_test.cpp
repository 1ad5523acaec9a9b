/// The real coordinator and real agents, with each single message between them lost, late or the last
/// one of its connection, and each actor dead at each moment: the job always ends as it should.
#include "tests/support/fleet_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

namespace fleetcast::actors::fleet::testing {
namespace lossy_fleet_test {
namespace {

using fate = wire_script::fate;

constexpr std::size_t host_count = 3;

/// Far beyond what any single trouble costs.
constexpr seconds long_enough{120};

/// A whole fleet in one scripted world.
class fleet_world {
public:
  explicit fleet_world(bool together) {
    plan_.request = sample_request();
    plan_.request.together = together;
    plan_.finished = [this] { finished_ = true; };
    for (std::size_t i = 0; i < host_count; ++i) {
      plan_.hosts.push_back({"host" + std::to_string(i), 1});
      records_.push_back(std::make_shared<reception_record>());
      records_.back()->plays = true;
      agents_.emplace_back();
      start_agent(i);
    }
  }

  ~fleet_world() {
    if (coordinator_)
      world_.kill(coordinator_);
    for (auto& one : agents_)
      if (one)
        world_.kill(one);
    for (const auto& record : records_)
      for (const auto& one : record->started)
        world_.kill(one);
    for (const auto& one : wires_)
      world_.kill(one);
  }

  fleet_world(const fleet_world&) = delete;
  fleet_world& operator=(const fleet_world&) = delete;

  void start_agent(std::size_t number) {
    agents_[number] = world_.system().spawn(
      agent, std::shared_ptr<agent_parts>{std::make_shared<scripted_receptions>(records_[number])},
      agent_limits{});
  }

  void kill_agent(std::size_t number) {
    world_.kill(std::exchange(agents_[number], nullptr));
    // What it had received dies with its process.
    for (const auto& one : records_[number]->started)
      world_.kill(one);
  }

  void kill_reception(std::size_t number) {
    for (const auto& one : records_[number]->started)
      world_.kill(one);
  }

  void start_coordinator() {
    finished_ = false;
    coordinator_ = world_.system().spawn(
      coordinator, plan_, std::shared_ptr<fleet_network>{std::make_shared<network>(*this)});
  }

  void kill_coordinator() { world_.kill(std::exchange(coordinator_, nullptr)); }

  /// Until the coordinator says that it is over, or far too long.
  bool run(protocol::duration limit = long_enough) {
    for (protocol::duration gone{0}; gone < limit && !finished_; gone += milliseconds(250))
      world_.pass(milliseconds(250));
    return finished_;
  }

  void pass(protocol::duration time) { world_.pass(time); }

  fleet_view view() {
    caf::scoped_actor self{world_.system()};
    auto answer = self->request(coordinator_, caf::infinite, view_atom::value);
    world_.run();
    fleet_view result;
    answer.receive([&](fleet_view& got) { result = std::move(got); }, [](const caf::error&) {});
    return result;
  }

  std::size_t succeeded() {
    const auto all = view();
    return static_cast<std::size_t>(std::count_if(all.hosts.begin(), all.hosts.end(),
                                                  [](const auto& one) { return one.succeeded; }));
  }

  std::size_t receptions(std::size_t host) const { return records_[host]->started.size(); }
  reception_record& record(std::size_t host) { return *records_[host]; }
  wire_script& script() { return *script_; }
  fleet_plan& plan() { return plan_; }

private:
  class network final : public fleet_network {
  public:
    explicit network(fleet_world& fleet) : fleet_(fleet) {}

    void dial(const fleet_host&, std::size_t number, link_sink_actor to) override {
      const auto& agent = fleet_.agents_[number];
      if (!agent)
        return caf::anon_send(
          to, link_failed{number, {failure_code::connection_refused, 0, "refused"}});
      auto one = fleet_.world_.system().spawn(make_wire, caf::actor_cast<agent_actor>(agent),
                                              fleet_.script_, caf::actor_cast<watcher_actor>(to));
      fleet_.wires_.push_back(caf::actor_cast<caf::actor>(one));
      caf::anon_send(to, link_up{number, caf::actor_cast<agent_actor>(one)});
    }

  private:
    static wire_state::full_actor::behavior_type
    make_wire(wire_state::full_actor::stateful_pointer<wire_state> self, agent_actor agent,
              std::shared_ptr<wire_script> script, watcher_actor to) {
      return self->state.make_behavior(std::move(agent), std::move(script), std::move(to));
    }

    fleet_world& fleet_;
  };

  scripted_world world_;
  std::shared_ptr<wire_script> script_ = std::make_shared<wire_script>();
  std::vector<std::shared_ptr<reception_record>> records_;
  std::vector<local_agent_actor> agents_;
  std::vector<caf::actor> wires_;
  fleet_plan plan_;
  coordinator_actor coordinator_;
  bool finished_ = false;
};

struct trouble {
  const char* name;
  fate what;
  milliseconds late{0};
};

class LossyFleet : public ::testing::TestWithParam<std::tuple<trouble, bool>> {
protected:
  bool together() const { return std::get<1>(GetParam()); }

  static std::size_t messages_without_trouble(bool together) {
    fleet_world fleet{together};
    fleet.start_coordinator();
    EXPECT_TRUE(fleet.run());
    EXPECT_EQ(fleet.succeeded(), host_count);
    return fleet.script().passed;
  }
};

TEST_P(LossyFleet, EveryHostSucceedsAndNoneReceivesTwice) {
  const auto messages = messages_without_trouble(together());
  ASSERT_GT(messages, 3 * host_count);
  for (std::size_t at = 1; at <= messages; ++at) {
    SCOPED_TRACE("message " + std::to_string(at) + " of " + std::to_string(messages));
    fleet_world fleet{together()};
    fleet.script().at = at;
    fleet.script().what = std::get<0>(GetParam()).what;
    fleet.script().late = std::get<0>(GetParam()).late;
    fleet.start_coordinator();
    ASSERT_TRUE(fleet.run());
    EXPECT_EQ(fleet.succeeded(), host_count);
    for (std::size_t host = 0; host < host_count; ++host)
      EXPECT_EQ(fleet.receptions(host), 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(
  Each, LossyFleet,
  ::testing::Combine(::testing::Values(trouble{"Lost", fate::lose},
                                       trouble{"Late", fate::delay, milliseconds(3000)},
                                       trouble{"VeryLate", fate::delay, milliseconds(9000)},
                                       trouble{"Cut", fate::cut}),
                     ::testing::Bool()),
  [](const auto& about) {
    return std::string{std::get<0>(about.param).name}
           + (std::get<1>(about.param) ? "Together" : "Each");
  });

/// Somebody dies at each quarter of a second of a job that takes some four.
class DeathInTheFleet : public ::testing::TestWithParam<bool> {
protected:
  template <class Kill, class Check>
  void at_each_moment(Kill kill, Check check) {
    for (int quarter = 0; quarter <= 18; ++quarter) {
      SCOPED_TRACE(std::to_string(quarter) + " quarters of a second");
      fleet_world fleet{GetParam()};
      fleet.start_coordinator();
      fleet.run(milliseconds(250) * quarter);
      kill(fleet);
      ASSERT_TRUE(fleet.run());
      check(fleet);
    }
  }
};

TEST_P(DeathInTheFleet, OfAnAgentThatComesAgainCostsThatHostOneMoreReception) {
  at_each_moment(
    [](fleet_world& fleet) {
      fleet.kill_agent(1);
      fleet.start_agent(1);
    },
    [](fleet_world& fleet) {
      EXPECT_EQ(fleet.succeeded(), host_count);
      EXPECT_EQ(fleet.receptions(0), 1U);
      EXPECT_LE(fleet.receptions(1), 2U);
    });
}

TEST_P(DeathInTheFleet, OfAnAgentThatStaysAwayFailsThatHostOnly) {
  at_each_moment([](fleet_world& fleet) { fleet.kill_agent(1); },
                 [](fleet_world& fleet) {
                   const auto all = fleet.view();
                   EXPECT_TRUE(all.hosts[0].succeeded);
                   EXPECT_TRUE(all.hosts[2].succeeded);
                   EXPECT_TRUE(all.hosts[1].succeeded || all.hosts[1].reason);
                 });
}

TEST_P(DeathInTheFleet, OfAReceptionFailsThatHostOnlyAndSaysSo) {
  at_each_moment([](fleet_world& fleet) { fleet.kill_reception(1); },
                 [](fleet_world& fleet) {
                   const auto all = fleet.view();
                   EXPECT_TRUE(all.hosts[0].succeeded);
                   EXPECT_TRUE(all.hosts[2].succeeded);
                   if (!all.hosts[1].succeeded) {
                     EXPECT_EQ(all.hosts[1].reason.code, failure_code::internal);
                   }
                 });
}

TEST_P(DeathInTheFleet, OfTheCoordinatorCostsNothingOnceItIsStartedAgain) {
  at_each_moment(
    [](fleet_world& fleet) {
      fleet.kill_coordinator();
      fleet.pass(seconds(1));
      fleet.start_coordinator();
    },
    [](fleet_world& fleet) {
      EXPECT_EQ(fleet.succeeded(), host_count);
      for (std::size_t host = 0; host < host_count; ++host)
        EXPECT_EQ(fleet.receptions(host), 1U);
    });
}

INSTANTIATE_TEST_SUITE_P(Each, DeathInTheFleet, ::testing::Bool(), [](const auto& about) {
  return std::string{about.param ? "Together" : "Each"};
});

TEST(TogetherFleet, ActivatesNobodyWhenOneFailsAndAbortIsAskedFor) {
  fleet_world fleet{true};
  fleet.plan().abort_on_failure = true;
  fleet.record(2).fails = {failure_code::content_corrupt, 0, "refused by this host"};
  fleet.start_coordinator();
  ASSERT_TRUE(fleet.run());
  EXPECT_EQ(fleet.succeeded(), 0U);
  for (std::size_t host = 0; host < host_count; ++host)
    EXPECT_EQ(
      std::count(fleet.record(host).heard.begin(), fleet.record(host).heard.end(), "commit"), 0);
}

TEST(TogetherFleet, ActivatesAllOthersWhenOneFailsAndContinueIsAskedFor) {
  fleet_world fleet{true};
  fleet.record(2).fails = {failure_code::content_corrupt, 0, "refused by this host"};
  fleet.start_coordinator();
  ASSERT_TRUE(fleet.run());
  EXPECT_EQ(fleet.succeeded(), 2U);
  EXPECT_EQ(fleet.view().hosts[2].reason.code, failure_code::content_corrupt);
}

} // namespace
} // namespace lossy_fleet_test
} // namespace fleetcast::actors::fleet::testing
