#include "protocol/wire/manifest.hpp"
#include "tests/perf/micro/block_of_bytes.hpp"

#include <benchmark/benchmark.h>

namespace fleetcast::perf {
namespace {

/// SHA-256 of a block, as both ends compute it.
void digest_block(benchmark::State& state) {
  const auto block = random_bytes(block_bytes);
  for (auto _ : state)
    benchmark::DoNotOptimize(protocol::wire::digest_of(block));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * block_bytes));
}
BENCHMARK(digest_block);

} // namespace
} // namespace fleetcast::perf
