#include "protocol/wire/datagram.hpp"
#include "protocol/wire/seal.hpp"
#include "tests/perf/micro/block_of_bytes.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace fleetcast::perf {
namespace {

namespace wire = protocol::wire;

std::string name_of(wire::seal_suite suite) {
  switch (suite) {
    case wire::seal_suite::none:
      return "none";
    case wire::seal_suite::chacha20_poly1305:
      return "ChaCha20-Poly1305";
    case wire::seal_suite::aes_256_gcm:
      return "AES-256-GCM";
  }
  return "unknown";
}

wire::crypto_library library_of(const benchmark::State& state) {
  return state.range(1) == 0 ? wire::crypto_library::fastest : wire::crypto_library::openssl;
}

void each_way(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgsProduct({{0, 1, 2}, {0}})->Args({2, 1});
}

struct datagram {
  explicit datagram(wire::seal_suite suite)
    : payload(random_bytes(symbol_bytes)),
      bytes(wire::header_size + symbol_bytes + wire::seal_size(suite)) {}

  std::vector<std::byte> payload;
  std::vector<std::byte> bytes;
  wire::header header;
};

/// Arguments: the suite, and whether OpenSSL shall do it. One datagram.
void seal(benchmark::State& state) {
  const auto suite = static_cast<wire::seal_suite>(state.range(0));
  const auto library = library_of(state);
  state.SetLabel(name_of(suite) + (state.range(1) == 0 ? "" : ", OpenSSL"));
  datagram d{suite};
  wire::sealer sealer{suite, {}, library};
  for (auto _ : state) {
    ++d.header.packet_number;
    benchmark::DoNotOptimize(sealer.seal(d.header, d.payload, d.bytes));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * symbol_bytes);
}
BENCHMARK(seal)->Apply(each_way);

/// The same. One datagram, its header parsed as well.
void open(benchmark::State& state) {
  const auto suite = static_cast<wire::seal_suite>(state.range(0));
  const auto library = library_of(state);
  state.SetLabel(name_of(suite) + (state.range(1) == 0 ? "" : ", OpenSSL"));
  datagram d{suite};
  wire::sealer{suite, {}}.seal(d.header, d.payload, d.bytes);
  wire::opener opener{suite, {}, library};
  std::vector<std::byte> out(symbol_bytes);
  for (auto _ : state) {
    const auto h = wire::decode(d.bytes, opener.overhead());
    if (!h || !opener.open(*h, d.bytes, out)) {
      state.SkipWithError("the datagram does not open");
      break;
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * symbol_bytes);
}
BENCHMARK(open)->Apply(each_way);

} // namespace
} // namespace fleetcast::perf
