#include "actors/receive/told_sources.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
namespace told_sources_test {
namespace {

using boost::asio::ip::make_address;
using protocol::datagram_origin;

io::udp_endpoint endpoint(const char* address, std::uint16_t port = 5041) {
  return {make_address(address), port};
}

datagram_origin origin(told_sources& sources, const io::udp_endpoint& from) {
  return sources.origin_of(&from);
}

} // namespace
} // namespace told_sources_test

using namespace told_sources_test;

TEST(ToldSources, AreNotKnownUntilTheServerSaysThem) {
  told_sources sources{{}};
  EXPECT_EQ(origin(sources, endpoint("192.0.2.1")), datagram_origin::unknown);
  told_sources told{{make_address("192.0.2.1")}};
  EXPECT_EQ(told.origin_of(nullptr), datagram_origin::unknown);
}

TEST(ToldSources, TellTheServerFromOthersWhateverCameBefore) {
  told_sources sources{{make_address("192.0.2.1"), make_address("2001:db8::1")}};
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(origin(sources, endpoint("192.0.2.1")), datagram_origin::server);
    EXPECT_EQ(origin(sources, endpoint("192.0.2.1")), datagram_origin::server);
    EXPECT_EQ(origin(sources, endpoint("192.0.2.2")), datagram_origin::elsewhere);
    EXPECT_EQ(origin(sources, endpoint("192.0.2.2")), datagram_origin::elsewhere);
    EXPECT_EQ(origin(sources, endpoint("2001:db8::1")), datagram_origin::server);
    EXPECT_EQ(origin(sources, endpoint("::ffff:192.0.2.1")), datagram_origin::elsewhere);
    EXPECT_EQ(origin(sources, endpoint("192.0.2.1", 7)), datagram_origin::server);
  }
}

TEST(ToldSources, DoNotCareForZones) {
  told_sources sources{{make_address("fe80::1")}};
  EXPECT_EQ(origin(sources, {make_address("fe80::1%2"), 5041}), datagram_origin::server);
  EXPECT_EQ(origin(sources, {make_address("fe80::2%2"), 5041}), datagram_origin::elsewhere);
}

} // namespace fleetcast::actors
