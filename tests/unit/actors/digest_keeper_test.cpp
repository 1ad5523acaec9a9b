#include "actors/serve/digest_keeper.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace fleetcast::actors::testing {
namespace digest_keeper_test {
namespace {

/// Of an object of 100 blocks.
digest_key key(int number) {
  digest_key result{{}, 100'000, 1000};
  result.version.front() = static_cast<std::byte>(number);
  return result;
}

std::vector<protocol::digest_run> run(std::size_t blocks) {
  return {{0, std::vector<protocol::wire::digest>(blocks)}};
}

TEST(DigestKeeper, TellsWhatItsCacheCounts) {
  const temporary_directory directory;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  const auto keeper = start_digest_keeper(system, directory.path() / "digests");
  ASSERT_TRUE(keeper);
  self->send(keeper, keep_digests{key(1), run(10)});
  self->send(keeper, drop_digests{key(2)});
  self->send(keeper, keep_digests{key(2), run(7)});
  const auto status = ask_status(self, caf::actor_cast<caf::actor>(keeper));
  EXPECT_EQ(fact(status, "cached objects"), "1");
  EXPECT_EQ(fact(status, "cache size"), "4096");
  EXPECT_EQ(fact(status, "evicted"), "0");
  EXPECT_EQ(fact(status, "not kept"), "7") << "that version is not believed";
  self->send(keeper, stop_atom::value);
}

} // namespace
} // namespace digest_keeper_test
} // namespace fleetcast::actors::testing
