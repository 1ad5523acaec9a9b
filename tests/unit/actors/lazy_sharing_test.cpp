#include "actors/kit/lazy_sharing.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>

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

/// Sends a message from outside to a new actor, which fulfils `heard` once a worker runs it.
void tell_another(caf::actor_system& system, std::promise<void>& heard) {
  const auto other = system.spawn([&heard](caf::event_based_actor* self) -> caf::behavior {
    return {[&heard, self](go_atom) {
      heard.set_value();
      self->quit();
    }};
  });
  caf::anon_send(other, go_atom::value);
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
  tell_another(system, heard);
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
  tell_another(system, heard);
  EXPECT_EQ(heard.get_future().wait_for(patience), std::future_status::ready);
  caf::anon_send_exit(endless, caf::exit_reason::user_shutdown);
}

} // namespace
} // namespace lazy_sharing_test
} // namespace fleetcast::actors
