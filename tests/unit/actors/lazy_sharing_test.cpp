#include "actors/kit/lazy_sharing.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<int>)

namespace fleetcast::actors {
namespace lazy_sharing_test {
namespace {

using go_atom = caf::atom_constant<caf::atom("go")>;

/// Only a bug makes anyone wait so long.
constexpr std::chrono::seconds patience{30};

struct lazy_config : caf::actor_system_config {
  explicit lazy_config(std::size_t workers) { share_lazily(*this, workers); }
};

TEST(LazySharing, HasTheWorkersAskedFor) {
  lazy_config config{3};
  caf::actor_system system{config};
  EXPECT_EQ(system.scheduler().num_workers(), 3U);
}

std::uint64_t this_worker() {
  return std::hash<std::thread::id>{}(std::this_thread::get_id());
}

// What actors use of a test is declared before their system, which ends when the last of them has.

/// Time for a worker to come or to go to rest, which nothing tells. Where it was too short, a round is lost, and another
/// one follows.
void dawdle() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST(LazySharing, WhatAnActorSendsFollowsOnTheSameWorker) {
  lazy_config config{2};
  caf::actor_system system{config};
  caf::scoped_actor test{system};
  const auto hearer = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const caf::actor& to) { self->send(to, this_worker()); }};
  });
  // Has a while to go after sending: a worker that was woken needlessly is there first.
  const auto sender = system.spawn([hearer](caf::event_based_actor* self) -> caf::behavior {
    return {[self, hearer](const caf::actor& to) {
      self->send(hearer, to);
      dawdle();
      self->send(to, this_worker());
    }};
  });
  // A worker may be awake for a reason of its own, but not again and again.
  auto same = false;
  for (int round = 0; round < 20 && !same; ++round) {
    dawdle();
    test->send(sender, caf::actor{test});
    std::array<std::uint64_t, 2> workers{};
    for (auto& worker : workers)
      test->receive([&](std::uint64_t on) { worker = on; });
    same = workers[0] == workers[1];
  }
  EXPECT_TRUE(same);
  for (const auto& each : {hearer, sender})
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}

TEST(LazySharing, WakesAnotherWorkerForASecondJob) {
  std::promise<void> left_runs;
  std::promise<void> right_runs;
  std::promise<bool> left_met;
  std::promise<bool> right_met;
  lazy_config config{2};
  caf::actor_system system{config};
  // Each waits for the other; on one worker alone that is in vain.
  const auto meet = [](caf::event_based_actor* self, std::promise<void>* mine,
                       std::promise<void>* other, std::promise<bool>* met) -> caf::behavior {
    return {[=](go_atom) {
      mine->set_value();
      met->set_value(other->get_future().wait_for(patience) == std::future_status::ready);
      self->quit();
    }};
  };
  const auto left = system.spawn(meet, &left_runs, &right_runs, &left_met);
  const auto right = system.spawn(meet, &right_runs, &left_runs, &right_met);
  const auto both = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self](go_atom) {
      self->send(left, go_atom::value);
      self->send(right, go_atom::value);
      self->quit();
    }};
  });
  caf::anon_send(both, go_atom::value);
  EXPECT_TRUE(left_met.get_future().get());
  EXPECT_TRUE(right_met.get_future().get());
}

/// A new actor, which fulfils `heard` once a worker runs it for a message.
caf::actor spawn_hearer(caf::actor_system& system, std::promise<void>& heard) {
  return system.spawn([&heard](caf::event_based_actor* self) -> caf::behavior {
    return {[&heard, self](go_atom) {
      heard.set_value();
      self->quit();
    }};
  });
}

TEST(LazySharing, WakesAWorkerForWhatComesFromOutside) {
  std::promise<void> release;
  std::promise<void> blocked;
  std::promise<void> heard;
  lazy_config config{2};
  caf::actor_system system{config};
  const auto busy = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self](go_atom) {
      blocked.set_value();
      release.get_future().wait();
      self->quit();
    }};
  });
  caf::anon_send(busy, go_atom::value);
  blocked.get_future().wait();
  caf::anon_send(spawn_hearer(system, heard), go_atom::value);
  EXPECT_EQ(heard.get_future().wait_for(patience), std::future_status::ready);
  release.set_value();
}

TEST(LazySharing, NobodyKeepsAWorkerForItself) {
  std::promise<void> heard;
  lazy_config config{1};
  caf::actor_system system{config};
  const auto endless = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](go_atom) { self->send(self, go_atom::value); }};
  });
  caf::anon_send(endless, go_atom::value);
  caf::anon_send(spawn_hearer(system, heard), go_atom::value);
  EXPECT_EQ(heard.get_future().wait_for(patience), std::future_status::ready);
  caf::anon_send_exit(endless, caf::exit_reason::user_shutdown);
}

// -- timeouts ---------------------------------------------------------------------------------------

using held_thing = std::shared_ptr<int>;

TEST(LazySharing, FiresTimeoutsInTheirOrder) {
  lazy_config config{2};
  caf::actor_system system{config};
  caf::scoped_actor test{system};
  // The worker is busy until all are asked for and due, so nothing but the schedule can order them.
  const auto sleeper = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self](go_atom, const caf::actor& to) {
      for (const int delay : {3, 1, 2})
        self->delayed_send(to, std::chrono::milliseconds(delay), delay);
      dawdle();
      self->quit();
    }};
  });
  test->send(sleeper, go_atom::value, caf::actor{test});
  for (const int expected : {1, 2, 3})
    test->receive([&](int came) { EXPECT_EQ(came, expected); });
}

TEST(LazySharing, IsNotLateForATimeoutBeforeTheOneItRestsFor) {
  std::promise<void> heard;
  lazy_config config{1};
  caf::actor_system system{config};
  const auto one = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->delayed_send(self, std::chrono::hours(1), std::string{"too late"});
    return {[](const std::string&) {},
            [&, self](go_atom) {
              heard.set_value();
              self->quit();
            }};
  });
  dawdle(); // until its worker rests
  caf::delayed_anon_send(one, std::chrono::milliseconds(1), go_atom::value);
  EXPECT_EQ(heard.get_future().wait_for(patience), std::future_status::ready);
}

TEST(LazySharing, FiresATimeoutBesideATurnThatDoesNotEnd) {
  std::promise<void> heard;
  bool in_time = false;
  lazy_config config{2};
  caf::actor_system system{config};
  const auto other = spawn_hearer(system, heard);
  const auto stuck = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self](go_atom) {
      self->delayed_send(other, std::chrono::milliseconds(1), go_atom::value);
      in_time = heard.get_future().wait_for(patience) == std::future_status::ready;
      self->quit();
    }};
  });
  dawdle(); // until both workers rest
  caf::anon_send(stuck, go_atom::value);
  system.await_all_actors_done();
  EXPECT_TRUE(in_time);
}

TEST(LazySharing, FiresATimeoutThatWasAskedForBeforeATurnThatDoesNotEnd) {
  std::promise<void> heard;
  bool in_time = false;
  lazy_config config{2};
  caf::actor_system system{config};
  const auto other = spawn_hearer(system, heard);
  const auto stuck = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self](go_atom) {
      in_time = heard.get_future().wait_for(patience) == std::future_status::ready;
      self->quit();
    }};
  });
  dawdle(); // until both workers rest
  caf::delayed_anon_send(other, std::chrono::milliseconds(50), go_atom::value);
  caf::anon_send(stuck, go_atom::value);
  system.await_all_actors_done();
  EXPECT_TRUE(in_time);
}

/// Asks one that does not answer, with all patience. Holds `thing` as long as it lives, not only until it ends.
class patient final : public caf::event_based_actor {
public:
  patient(caf::actor_config& config, caf::actor whom, held_thing thing)
    : event_based_actor(config),
      whom_(std::move(whom)),
      thing_(std::move(thing)) {}

  caf::behavior make_behavior() override {
    request(whom_, std::chrono::minutes(60), 1).then([](int) {});
    return {[this](go_atom) { quit(); }};
  }

private:
  caf::actor whom_;
  held_thing thing_;
};

TEST(LazySharing, AnActorsEndTakesItsTimeoutsAway) {
  auto thing = std::make_shared<int>(1);
  lazy_config config{1};
  caf::actor_system system{config};
  const auto silent = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { return self->make_response_promise<int>(); }};
  });
  const auto until = std::chrono::steady_clock::now() + patience;
  {
    const auto asking = system.spawn<patient>(silent, thing);
    caf::anon_send(asking, go_atom::value);
  }
  while (thing.use_count() > 1 && std::chrono::steady_clock::now() < until)
    dawdle();
  EXPECT_EQ(thing.use_count(), 1);
  caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
}

TEST(LazySharing, ARequestThatNobodyAnswersTimesOut) {
  std::promise<caf::error> answer;
  lazy_config config{1};
  caf::actor_system system{config};
  const auto silent = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { return self->make_response_promise<int>(); }};
  });
  const auto asking = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->request(silent, std::chrono::milliseconds(1), 1)
      .then([&](int) { answer.set_value({}); },
            [&](const caf::error& reason) { answer.set_value(reason); });
    return {[self](go_atom) { self->quit(); }};
  });
  EXPECT_EQ(answer.get_future().get(), caf::error{caf::sec::request_timeout});
  for (const auto& each : {silent, asking})
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}

TEST(LazySharing, KeepsNothingOfTimeoutsThatAreStillToCome) {
  const auto thing = std::make_shared<int>(1);
  {
    lazy_config config{1};
    caf::actor_system system{config};
    const auto one = system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
      self->delayed_send(self, std::chrono::hours(1), held_thing{thing});
      return {[self](go_atom) { self->quit(); }};
    });
    caf::anon_send(one, go_atom::value);
  }
  EXPECT_EQ(thing.use_count(), 1);
}

} // namespace
} // namespace lazy_sharing_test
} // namespace fleetcast::actors
