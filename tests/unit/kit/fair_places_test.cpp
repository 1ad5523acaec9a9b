#include "actors/kit/fair_places.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
namespace fair_places_test {
namespace {

boost::asio::ip::address host(unsigned number) {
  return boost::asio::ip::address_v4(0x0A000000U + number);
}

std::size_t take_all(fair_places& places, const fair_places::address& source) {
  while (places.take(source)) {}
  return places.held_by(source);
}

TEST(FairPlaces, OneSourceGetsAQuarter) {
  fair_places places{4096};
  EXPECT_EQ(take_all(places, host(1)), 1024U);
}

TEST(FairPlaces, SourcesThatTakeAllTheyCanGetAQuarterOfWhatIsLeft) {
  fair_places places{4096};
  EXPECT_EQ(take_all(places, host(1)), 1024U);
  EXPECT_EQ(take_all(places, host(2)), 768U);
  EXPECT_EQ(take_all(places, host(3)), 576U);
  EXPECT_EQ(take_all(places, host(1)), 1024U) << "no more";
  for (unsigned h = 4; h <= 16; ++h)
    take_all(places, host(h));
  EXPECT_GE(take_all(places, host(17)), 10U);
}

TEST(FairPlaces, AreAllTakenBySourcesWithOneEach) {
  fair_places places{100};
  for (unsigned i = 0; i < 100; ++i)
    EXPECT_TRUE(places.take(host(i)));
  EXPECT_FALSE(places.take(host(100)));
}

TEST(FairPlaces, AreFreeAgainWhenGivenBack) {
  fair_places places{2};
  ASSERT_TRUE(places.take(host(1)));
  EXPECT_FALSE(places.take(host(1)));
  places.give_back(host(1));
  EXPECT_EQ(places.held_by(host(1)), 0U);
  EXPECT_TRUE(places.take(host(1)));
}

TEST(FairPlaces, OneOfOneCanBeHad) {
  fair_places places{1};
  EXPECT_TRUE(places.take(host(1)));
  EXPECT_FALSE(places.take(host(2)));
}

} // namespace
} // namespace fair_places_test
} // namespace fleetcast::actors
