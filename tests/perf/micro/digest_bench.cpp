#include "protocol/wire/block_digest.hpp"
#include "tests/perf/micro/block_of_bytes.hpp"

#include <benchmark/benchmark.h>

namespace fleetcast::perf {
namespace {

using protocol::wire::crypto_library;

/// The digest of a block, as both ends compute it, by each library.
void digest_block(benchmark::State& state, crypto_library library) {
  const auto block = random_bytes(block_bytes);
  for (auto _ : state)
    benchmark::DoNotOptimize(protocol::wire::digest_of(block, library));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * block_bytes));
}
BENCHMARK_CAPTURE(digest_block, fastest, crypto_library::fastest);
BENCHMARK_CAPTURE(digest_block, openssl, crypto_library::openssl);

} // namespace
} // namespace fleetcast::perf
