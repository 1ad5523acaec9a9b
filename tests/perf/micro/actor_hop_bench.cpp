#include "actors/kit/lazy_sharing.hpp"

#include <benchmark/benchmark.h>
#include <caf/all.hpp>

#include <cstdint>
#include <string>

namespace fleetcast::perf {
namespace {

using done_atom = caf::atom_constant<caf::atom("done")>;

/// Gives back what it gets, until nothing is left.
caf::behavior echo(caf::event_based_actor* self) {
  return {[self](std::uint64_t left, const caf::actor& partner, const caf::actor& test) {
    if (left == 0)
      self->send(test, done_atom::value);
    else
      self->send(partner, left - 1, caf::actor{self}, test);
  }};
}

/// Takes messages in and says when the last one came.
caf::behavior sink(caf::event_based_actor* self) {
  return {[self](std::uint64_t left, const caf::actor& test) {
    if (left == 0)
      self->send(test, done_atom::value);
  }};
}

constexpr std::uint64_t messages = 1000;

/// Two workers, as a process of ours has, that share jobs in our way or in one of CAF's.
struct configuration : caf::actor_system_config {
  explicit configuration(const std::string& policy) {
    if (policy == "lazy_sharing") {
      actors::share_lazily(*this, 2);
    } else {
      set("scheduler.max-threads", 2U);
      set("scheduler.policy", caf::atom_from_string(policy));
    }
  }
};

/// One message at a time, there and back: what waiting for an answer costs.
void actor_round_trip(benchmark::State& state, const std::string& policy) {
  configuration config{policy};
  caf::actor_system system{config};
  {
    caf::scoped_actor test{system};
    const auto a = system.spawn(echo);
    const auto b = system.spawn(echo);
    for (auto _ : state) {
      caf::anon_send(a, messages, b, caf::actor{test});
      test->receive([](done_atom) {});
    }
    caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(b, caf::exit_reason::user_shutdown);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * messages));
}
BENCHMARK_CAPTURE(actor_round_trip, lazy_sharing, "lazy_sharing")->UseRealTime();
BENCHMARK_CAPTURE(actor_round_trip, sharing, "sharing")->UseRealTime();
BENCHMARK_CAPTURE(actor_round_trip, stealing, "stealing")->UseRealTime();

/// Many messages in a row: what one costs when nobody waits. In the datapath each carries 44 datagrams.
void actor_hop(benchmark::State& state, const std::string& policy) {
  configuration config{policy};
  caf::actor_system system{config};
  {
    caf::scoped_actor test{system};
    const auto to = system.spawn(sink);
    for (auto _ : state) {
      for (auto left = messages; left-- > 0;)
        caf::anon_send(to, left, caf::actor{test});
      test->receive([](done_atom) {});
    }
    caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * messages));
}
BENCHMARK_CAPTURE(actor_hop, lazy_sharing, "lazy_sharing")->UseRealTime();
BENCHMARK_CAPTURE(actor_hop, sharing, "sharing")->UseRealTime();
BENCHMARK_CAPTURE(actor_hop, stealing, "stealing")->UseRealTime();

} // namespace
} // namespace fleetcast::perf
