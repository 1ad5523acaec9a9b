#include "protocol/interval_set.hpp"

#include <benchmark/benchmark.h>

namespace fleetcast::perf {
namespace {

using protocol::interval_set;

/// A receiver without losses: blocks leave the set one by one, from the front.
void interval_set_walk(benchmark::State& state) {
  constexpr interval_set::value_type blocks = 6000; // 1 GiB
  for (auto _ : state) {
    interval_set set{4096};
    benchmark::DoNotOptimize(set.insert(0, blocks));
    for (interval_set::value_type b = 0; b < blocks; ++b) {
      benchmark::DoNotOptimize(set.nth(b, 64));
      set.erase(b, b + 1);
    }
  }
  state.SetItemsProcessed(state.iterations() * blocks);
}
BENCHMARK(interval_set_walk);

/// The worst that peers can make of it: every second number, up to so many intervals; one is put in
/// and taken out in the middle.
void interval_set_scattered(benchmark::State& state) {
  const auto intervals = static_cast<interval_set::value_type>(state.range(0));
  interval_set set{intervals + 1};
  for (interval_set::value_type i = 0; i < intervals; ++i)
    benchmark::DoNotOptimize(set.insert(2 * i, 2 * i + 1));
  const auto middle = intervals / 2 * 2 + 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.insert(middle, middle + 1));
    benchmark::DoNotOptimize(set.next(middle));
    set.erase(middle, middle + 1);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(interval_set_scattered)->Arg(16)->Arg(4096);

} // namespace
} // namespace fleetcast::perf
