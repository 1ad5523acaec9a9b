#include "actors/io/udp_socket.hpp"
#include "tests/unit/io/loopback.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace udp_socket_test {
namespace {

using namespace fleetcast::actors;
using namespace fleetcast::actors::testing;
using bytes = std::vector<std::byte>;
using boost::asio::ip::make_address;
using fleetcast::protocol::failure_code;
using io::udp_socket;

bytes text(const std::string& from) {
  bytes result(from.size());
  std::memcpy(result.data(), from.data(), from.size());
  return result;
}

int send_one(const udp_socket& from, const io::udp_endpoint& to, const std::string& what) {
  return ::sendto(from.native_handle(), what.data(), what.size(), 0, to.data(),
                  static_cast<socklen_t>(to.size()))
             == static_cast<ssize_t>(what.size())
           ? 0
           : errno;
}

TEST(UdpSocket, IsNonBlockingAndNotInherited) {
  const group_on_loopback group;
  EXPECT_NE(fcntl(group.receiver->native_handle(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(group.receiver->native_handle(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(UdpSocket, TellsWhatItIsBoundToAndHowLargeItsBufferIs) {
  const group_on_loopback group;
  EXPECT_EQ(group.receiver->local_endpoint(), group.lease.endpoint());
  EXPECT_EQ(group.sender->local_endpoint().address(), loopback_address());
  EXPECT_NE(group.sender->local_endpoint().port(), 0);
  EXPECT_GE(group.receiver->receive_buffer(), 64U * 1024);
}

TEST(UdpSocket, ClosesOnceWhenItMoved) {
  auto opened = udp_socket::open_group_sender(loopback(), loopback_address(), 1);
  ASSERT_TRUE(opened) << opened.error().text;
  const int descriptor = opened->native_handle();
  {
    const udp_socket moved{std::move(*opened)};
    EXPECT_EQ(moved.native_handle(), descriptor);
    EXPECT_EQ(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
  EXPECT_EQ(fcntl(descriptor, F_GETFD), -1);
}

TEST(UdpSocket, OfAGroupHearsOnlyThatGroup) {
  const group_on_loopback ours;
  const auto lease = some_group();
  const io::udp_endpoint same_port{lease.endpoint().address(), ours.lease.endpoint().port()};
  const auto theirs = share(udp_socket::open_group_receiver(same_port, loopback()));
  ASSERT_EQ(send_one(*ours.sender, ours.lease.endpoint(), "ours"), 0);
  ASSERT_EQ(send_one(*ours.sender, same_port, "theirs"), 0);
  io::batch_receiver receiver{theirs};
  EXPECT_EQ(receive(receiver, *theirs, 1), std::vector<bytes>{text("theirs")});
}

TEST(UdpSocket, SharesItsGroupWithOtherReceiversOfThisHost) {
  const group_on_loopback group;
  const auto second = share(udp_socket::open_group_receiver(group.lease.endpoint(), loopback()));
  ASSERT_EQ(send_one(*group.sender, group.lease.endpoint(), "to all"), 0);
  io::batch_receiver one{group.receiver};
  io::batch_receiver two{second};
  EXPECT_EQ(receive(one, *group.receiver, 1), std::vector<bytes>{text("to all")});
  EXPECT_EQ(receive(two, *second, 1), std::vector<bytes>{text("to all")});
}

TEST(UdpSocket, OfAGroupHearsItAfterItJoinedAgain) {
  const group_on_loopback group;
  for (int time = 0; time < 2; ++time) {
    const auto refused = group.receiver->join_again(loopback());
    EXPECT_FALSE(refused) << refused.text;
  }
  ASSERT_EQ(send_one(*group.sender, group.lease.endpoint(), "back"), 0);
  io::batch_receiver receiver{group.receiver};
  EXPECT_EQ(receive(receiver, *group.receiver, 1), std::vector<bytes>{text("back")});
}

TEST(UdpSocket, OfAGroupTellsWhyItCannotJoinAgainAndGetsBackInLater) {
  const group_on_loopback group;
  const auto refused = group.receiver->join_again({1U << 20U, "gone0"});
  EXPECT_EQ(refused.code, failure_code::network_fault);
  EXPECT_EQ(refused.detail, static_cast<std::uint32_t>(ENODEV));
  EXPECT_NE(refused.text.find("gone0"), std::string::npos) << refused.text;
  ASSERT_FALSE(group.receiver->join_again(loopback()));
  ASSERT_EQ(send_one(*group.sender, group.lease.endpoint(), "back"), 0);
  io::batch_receiver receiver{group.receiver};
  EXPECT_EQ(receive(receiver, *group.receiver, 1), std::vector<bytes>{text("back")});
}

TEST(UdpSocket, ForFeedbackReachesTheGroupSender) {
  const group_on_loopback group;
  const auto feedback
    = share(udp_socket::open_feedback_sender(loopback_address(), group.sender->local_endpoint()));
  EXPECT_EQ(feedback->send(text("status")), 0);
  io::batch_receiver receiver{group.sender};
  EXPECT_EQ(receive(receiver, *group.sender, 1), std::vector<bytes>{text("status")});
}

TEST(UdpSocket, ForFeedbackLeavesFromTheAddressOfTheRoute) {
  const group_on_loopback group;
  const auto feedback = share(udp_socket::open_feedback_sender({}, group.sender->local_endpoint()));
  EXPECT_EQ(feedback->local_endpoint().address(), loopback_address());
  EXPECT_EQ(feedback->send(text("status")), 0);
  io::batch_receiver receiver{group.sender};
  EXPECT_EQ(receive(receiver, *group.sender, 1), std::vector<bytes>{text("status")});
}

TEST(UdpSocket, HearsFeedbackOnTheFirstPortOfItsRangeThatIsFree) {
  const group_on_loopback first;
  const auto taken = first.sender->local_endpoint().port();
  io::socket_options options;
  // Ports that the kernel hands out may be anybody's: one of many is free.
  options.feedback_ports = taken < 60000
                             ? io::port_range{taken, static_cast<std::uint16_t>(taken + 200)}
                             : io::port_range{static_cast<std::uint16_t>(taken - 200), taken};
  const auto second
    = share(udp_socket::open_group_sender(loopback(), loopback_address(), 1, options));
  const auto port = second->local_endpoint().port();
  EXPECT_NE(port, taken);
  EXPECT_GE(port, options.feedback_ports.first);
  EXPECT_LE(port, options.feedback_ports.last);
  const auto third
    = share(udp_socket::open_group_sender(loopback(), loopback_address(), 1, options));
  EXPECT_GT(third->local_endpoint().port(), port);
}

TEST(UdpSocket, HearsFeedbackOnTheSamePortOfAnotherAddress) {
  const group_on_loopback group;
  const auto port = group.sender->local_endpoint().port();
  io::socket_options options;
  options.feedback_ports = {port, port};
  const auto ear
    = share(udp_socket::open_feedback_receiver(loopback(), make_address("127.0.0.9"), options));
  EXPECT_EQ(ear->local_endpoint(), (io::udp_endpoint{make_address("127.0.0.9"), port}));
  const auto feedback = share(udp_socket::open_feedback_sender({}, ear->local_endpoint()));
  EXPECT_EQ(feedback->send(text("status")), 0);
  io::batch_receiver receiver{ear};
  EXPECT_EQ(receive(receiver, *ear, 1), std::vector<bytes>{text("status")});
}

TEST(UdpSocket, IsBusyWhenEveryPortForFeedbackIsTaken) {
  const group_on_loopback first;
  const auto taken = first.sender->local_endpoint().port();
  io::socket_options options;
  options.feedback_ports = {taken, taken};
  const auto refused = udp_socket::open_group_sender(loopback(), loopback_address(), 1, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::server_busy);
  for (const auto& part : {std::to_string(taken), std::string{"127.0.0.1"},
                           std::string{"try again"}, std::string{"--feedback-port"}})
    EXPECT_NE(refused.error().text.find(part), std::string::npos) << refused.error().text;
}

TEST(UdpSocket, ForFeedbackSurvivesAServerThatIsGone) {
  auto group = std::make_unique<group_on_loopback>();
  const auto feedback
    = share(udp_socket::open_feedback_sender(loopback_address(), group->sender->local_endpoint()));
  group.reset();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(feedback->send(text("anybody?")), 0);
}

TEST(UdpSocket, RefusesToJoinWhatIsNoGroup) {
  const auto refused
    = udp_socket::open_group_receiver({make_address("192.0.2.1"), 5041}, loopback());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::network_fault);
  EXPECT_NE(refused.error().text.find("192.0.2.1:5041 is not a multicast address"),
            std::string::npos)
    << refused.error().text;
}

TEST(UdpSocket, RefusesATtlThatNoPacketCanHave) {
  EXPECT_FALSE(udp_socket::open_group_sender(loopback(), loopback_address(), 0));
  EXPECT_FALSE(udp_socket::open_group_sender(loopback(), loopback_address(), 256));
}

TEST(UdpSocket, SaysWhichAddressItCannotHaveAndWhatToDo) {
  const auto refused = udp_socket::open_group_sender(loopback(), make_address("203.0.113.7"), 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, static_cast<std::uint32_t>(EADDRNOTAVAIL));
  EXPECT_NE(refused.error().text.find("203.0.113.7"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find("give an address that this host has"), std::string::npos)
    << refused.error().text;
}

TEST(UdpSocket, TakesOffloadsFromTheEnvironment) {
  const auto with = [](const char* value) {
    ::setenv("FLEETCAST_OFFLOADS", value, 1);
    const auto result = io::offloads::from_environment();
    ::unsetenv("FLEETCAST_OFFLOADS");
    return result;
  };
  EXPECT_EQ(with("none"), (io::offloads{false, false}));
  EXPECT_EQ(with("gso"), (io::offloads{true, false}));
  EXPECT_EQ(with("gro"), (io::offloads{false, true}));
  EXPECT_EQ(with("gso,gro"), (io::offloads{true, true}));
  EXPECT_EQ(with(""), (io::offloads{true, true}));
  EXPECT_EQ(io::offloads::from_environment(), (io::offloads{true, true}));
}

// -- in a network namespace of its own ------------------------------------------------------------

/// Runs `body` on a thread whose network has nothing but an empty loopback interface, which is up. False
/// where that is not permitted.
template <class Body>
bool in_empty_network(Body body) {
  std::promise<bool> permitted;
  std::thread thread{[&] {
    bool ready = ::unshare(CLONE_NEWNET) == 0;
    if (ready) {
      const int control = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      ifreq request{};
      std::strcpy(request.ifr_name, "lo");
      request.ifr_flags = IFF_UP;
      ready = ::ioctl(control, SIOCSIFFLAGS, &request) == 0;
      ::close(control);
    }
    if (ready)
      body();
    permitted.set_value(ready);
  }};
  thread.join();
  return permitted.get_future().get();
}

/// What the failure to send to groups over IPv6 tells to do.
std::string named_remedy() {
  const auto refused = udp_socket::open_group_sender(loopback(), loopback_address(true), 1);
  if (refused)
    return "no failure";
  EXPECT_EQ(refused.error().code, failure_code::network_unreachable);
  const std::string before = "add a route: ";
  const auto at = refused.error().text.find(before);
  return at == std::string::npos ? refused.error().text
                                 : refused.error().text.substr(at + before.size());
}

TEST(UdpSocket, NamesTheRouteThatIpv6MulticastLacksOnLoopback) {
  const bool permitted
    = in_empty_network([] { EXPECT_EQ(named_remedy(), "ip -6 route add local ff00::/8 dev lo"); });
  if (!permitted)
    GTEST_SKIP() << "needs the right to make network namespaces";
}

TEST(UdpSocket, CarriesIpv6MulticastOnceTheRouteItNamesIsThere) {
  bool has_route = false;
  const bool permitted = in_empty_network([&has_route] {
    has_route = std::system(named_remedy().c_str()) == 0;
    if (!has_route)
      return;
    for (const auto use : {io::offloads{true, true}, io::offloads{false, false}}) {
      const group_on_loopback group{{use}, true};
      io::batch_sender sender{group.sender, group.lease.endpoint()};
      io::batch_receiver receiver{group.receiver};
      std::mt19937 random{6};
      const auto content = random_bytes(random, 44 * 1448);
      const std::vector<std::uint16_t> sizes(44, 1448);
      EXPECT_EQ(sender.send(content, sizes).sent, 44U);
      bytes joined;
      for (const auto& datagram : receive(receiver, *group.receiver, 44))
        joined.insert(joined.end(), datagram.begin(), datagram.end());
      EXPECT_TRUE(joined == content) << joined.size() << " bytes arrived";
    }
  });
  if (!permitted || !has_route)
    GTEST_SKIP() << "needs the right to make network namespaces, and iproute2";
}

} // namespace
} // namespace udp_socket_test
