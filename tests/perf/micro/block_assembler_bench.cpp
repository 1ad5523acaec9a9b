#include "protocol/receive/block_assembler.hpp"
#include "tests/perf/micro/block_of_bytes.hpp"

#include <benchmark/benchmark.h>

#include <cstring>

namespace fleetcast::perf {
namespace {

/// A block put together from symbols that lie ready; the argument is how many were lost, and came as
/// repair symbols.
void assemble_block(benchmark::State& state) {
  const auto lost = static_cast<std::uint16_t>(state.range(0));
  const auto source = random_bytes(block_bytes);
  std::vector<std::byte> repair(std::size_t{lost} * symbol_bytes);
  protocol::fec_encoder{symbol_bytes}.encode(source, source_symbols, source_symbols, lost, repair);
  protocol::fec_decoder decoder{symbol_bytes};
  protocol::block_assembler block{empty_block(), source_symbols, symbol_bytes};
  const auto take = [&](protocol::symbol_id id, const std::byte* from) {
    std::memcpy(block.place(id).data(), from, symbol_bytes);
    block.commit(id, symbol_bytes);
  };
  for (auto _ : state) {
    block.reset();
    for (protocol::symbol_id id = lost; id < source_symbols; ++id)
      take(id, source.data() + std::size_t{id} * symbol_bytes);
    for (std::uint16_t i = 0; i < lost; ++i)
      take(static_cast<protocol::symbol_id>(source_symbols + i),
           repair.data() + std::size_t{i} * symbol_bytes);
    benchmark::DoNotOptimize(block.restore(decoder));
  }
  if (std::memcmp(block.memory().get(), source.data(), block_bytes) != 0)
    state.SkipWithError("the block is not what was sent");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * block_bytes));
}
BENCHMARK(assemble_block)->Arg(0)->Arg(1)->Arg(8)->Arg(42);

} // namespace
} // namespace fleetcast::perf
