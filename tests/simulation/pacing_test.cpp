/// What leaves in one instant: a pacing quantum and two datagrams, whatever the sender had to wait for before.
#include "protocol/simulation/group_simulation.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace fleetcast::protocol::simulation {
namespace pacing_test {
namespace {

constexpr bit_rate rate = 100'000'000;
constexpr std::uint64_t datagram = defaults::symbol_size + wire::header_size + wire::max_seal_size;
constexpr std::uint64_t bound
  = rate / 8 * static_cast<std::uint64_t>(defaults::pacing_quantum.count()) / 1'000'000'000
    + 2 * datagram;

simulation_options options() {
  simulation_options o;
  o.object_size = 16 * 1024 * 1024;
  o.carried_bytes = 8;
  o.suite = wire::seal_suite::none;
  o.rate = rate;
  o.receivers.resize(3);
  return o;
}

std::uint64_t most_at_once(const simulation_options& o) {
  const auto outcome = group_simulation{o}.run();
  EXPECT_TRUE(outcome.finished && outcome.all_intact());
  return outcome.most_at_once;
}

TEST(Pacing, HoldsForSourceData) {
  EXPECT_LE(most_at_once(options()), bound);
}

TEST(Pacing, HoldsForRepairs) {
  auto o = options();
  for (auto& r : o.receivers)
    r.down.loss = 0.2;
  EXPECT_LE(most_at_once(o), bound);
}

TEST(Pacing, HoldsWhenTheWindowOpens) {
  auto o = options();
  for (auto& r : o.receivers) {
    r.cache_blocks = 16;
    r.consume_time = milliseconds(300);
  }
  EXPECT_LE(most_at_once(o), bound);
}

TEST(Pacing, HoldsWhenContentComesLate) {
  auto o = options();
  o.read_time = milliseconds(30);
  EXPECT_LE(most_at_once(o), bound);
}

} // namespace
} // namespace pacing_test
} // namespace fleetcast::protocol::simulation
