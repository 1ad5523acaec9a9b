#include "protocol/fec.hpp"
#include "tests/perf/micro/block_of_bytes.hpp"

#include <benchmark/benchmark.h>

#include <cstring>
#include <numeric>

namespace fleetcast::perf {
namespace {

/// Argument: repair symbols at a time. Bytes are those of repair symbols made.
void fec_encode(benchmark::State& state) {
  const auto count = static_cast<std::uint16_t>(state.range(0));
  const auto source = random_bytes(block_bytes);
  std::vector<std::byte> repair(std::size_t{count} * symbol_bytes);
  protocol::fec_encoder encoder{symbol_bytes};
  for (auto _ : state) {
    encoder.encode(source, source_symbols, source_symbols, count, repair);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * repair.size()));
}
BENCHMARK(fec_encode)->Arg(1)->Arg(8)->Arg(32);

/// Argument: source symbols that are missing. Bytes are those of the block.
void fec_decode(benchmark::State& state) {
  const auto lost = static_cast<std::uint16_t>(state.range(0));
  const auto source = random_bytes(block_bytes);
  std::vector<std::byte> arrived = source;
  std::vector<protocol::symbol_id> ids(source_symbols);
  std::iota(ids.begin(), ids.end(), protocol::symbol_id{0});
  std::iota(ids.begin(), ids.begin() + lost, protocol::symbol_id{source_symbols});
  const auto lost_bytes = std::size_t{lost} * symbol_bytes;
  std::vector<std::byte> repair(lost_bytes);
  protocol::fec_encoder{symbol_bytes}.encode(source, source_symbols, source_symbols, lost, repair);
  protocol::fec_decoder decoder{symbol_bytes};
  for (auto _ : state) {
    std::memcpy(arrived.data(), repair.data(), lost_bytes);
    decoder.decode(arrived, ids);
  }
  if (arrived != source)
    state.SkipWithError("the block is not what was sent");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * block_bytes));
}
BENCHMARK(fec_decode)->Arg(1)->Arg(8)->Arg(42)->Arg(84);

} // namespace
} // namespace fleetcast::perf
