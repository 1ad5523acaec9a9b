#include "actors/serve/object_version.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace object_version_test {
namespace {

using namespace fleetcast::actors;
using std::chrono::system_clock;

struct stat sample() {
  struct stat result {};
  result.st_dev = 3;
  result.st_ino = 4711;
  result.st_size = 1000;
  result.st_mtim = {1'700'000'000, 5};
  result.st_ctim = {1'700'000'100, 7};
  return result;
}

system_clock::time_point at(std::int64_t seconds, std::int64_t nanoseconds) {
  return system_clock::time_point{std::chrono::seconds{seconds}
                                  + std::chrono::nanoseconds{nanoseconds}};
}

/// One that leaves the change time out believes a file that was rewritten and whose write time was set back.
TEST(ObjectVersion, IsAnotherWithEachOfItsParts) {
  const auto original = version_of("/srv", sample());
  EXPECT_EQ(version_of("/srv", sample()), original);
  EXPECT_NE(version_of("/other", sample()), original);
  const std::vector<std::function<void(struct stat&)>> changes{
    [](auto& s) { ++s.st_dev; },          [](auto& s) { ++s.st_ino; },
    [](auto& s) { ++s.st_size; },         [](auto& s) { ++s.st_mtim.tv_sec; },
    [](auto& s) { ++s.st_mtim.tv_nsec; }, [](auto& s) { ++s.st_ctim.tv_sec; },
    [](auto& s) { ++s.st_ctim.tv_nsec; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto changed = sample();
    changes[i](changed);
    EXPECT_NE(version_of("/srv", changed), original) << i;
  }
}

TEST(ObjectVersion, OfAnythingElseThanContentsStaysTheSame) {
  auto other = sample();
  other.st_atim = {1'800'000'000, 0};
  other.st_nlink = 7;
  EXPECT_EQ(version_of("/srv", other), version_of("/srv", sample()));
}

/// Within one step of its times a file may change twice, and nothing shows.
TEST(ObjectVersion, IsSettledOnceAnotherChangeWouldShow) {
  EXPECT_FALSE(is_settled(sample(), at(1'700'000'100, 7)));
  EXPECT_FALSE(is_settled(sample(), at(1'700'000'103, 6)));
  EXPECT_TRUE(is_settled(sample(), at(1'700'000'103, 7)));
}

TEST(ObjectVersion, ThatIsFromTheFutureIsNotSettled) {
  EXPECT_FALSE(is_settled(sample(), at(1'600'000'000, 0)));
}

} // namespace
} // namespace object_version_test
