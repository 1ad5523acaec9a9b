#include "actors/io/udp_batch.hpp"
#include "tests/unit/io/loopback.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

#include <sys/socket.h>

namespace udp_batch_test {
namespace {

using namespace fleetcast::actors;
using namespace fleetcast::actors::testing;
using bytes = std::vector<std::byte>;

constexpr unsigned seed = 20240501;

/// Datagrams one behind the other, as batch_sender takes them.
struct batch {
  bytes content;
  std::vector<std::uint16_t> sizes;

  void add(std::mt19937& random, std::size_t size) {
    const auto fresh = random_bytes(random, size);
    content.insert(content.end(), fresh.begin(), fresh.end());
    sizes.push_back(static_cast<std::uint16_t>(size));
  }

  std::vector<bytes> datagrams() const {
    std::vector<bytes> result;
    auto at = content.begin();
    for (const auto size : sizes) {
      result.emplace_back(at, at + size);
      at += size;
    }
    return result;
  }
};

batch equal_datagrams(std::mt19937& random, std::size_t count, std::size_t size) {
  batch result;
  for (std::size_t i = 0; i < count; ++i)
    result.add(random, size);
  return result;
}

std::string offloads_name(const ::testing::TestParamInfo<io::offloads>& info) {
  return std::string{info.param.gso ? "Segmented" : "Single"}
         + (info.param.gro ? "Coalesced" : "Separate");
}

class UdpBatch : public ::testing::TestWithParam<io::offloads> {
protected:
  UdpBatch()
    : group{{GetParam()}},
      sender{group.sender, group.lease.endpoint()},
      receiver{group.receiver} {
    RecordProperty("seed", static_cast<int>(seed));
  }

  void expect_arrives(const batch& sent) {
    const auto outcome = sender.send(sent.content, sent.sizes);
    EXPECT_EQ(outcome.sent, sent.sizes.size());
    EXPECT_EQ(outcome.refused, 0U) << outcome.error;
    EXPECT_EQ(receive(receiver, *group.receiver, sent.sizes.size()), sent.datagrams());
  }

  std::mt19937 random{seed};
  group_on_loopback group;
  io::batch_sender sender;
  io::batch_receiver receiver;
};

INSTANTIATE_TEST_SUITE_P(Offloads, UdpBatch,
                         ::testing::Values(io::offloads{true, true}, io::offloads{true, false},
                                           io::offloads{false, true}, io::offloads{false, false}),
                         offloads_name);

TEST_P(UdpBatch, ArrivesWholeAndInOrderWhenAllAreEqual) {
  expect_arrives(equal_datagrams(random, 44, 1448));
}

TEST_P(UdpBatch, ArrivesWhenTheLastIsShorter) {
  auto sent = equal_datagrams(random, 10, 1448);
  sent.add(random, 1);
  expect_arrives(sent);
}

TEST_P(UdpBatch, ArrivesWhenAShorterOneStandsWithin) {
  auto sent = equal_datagrams(random, 3, 1448);
  sent.add(random, 100);
  for (int i = 0; i < 3; ++i)
    sent.add(random, 1448);
  sent.add(random, 0);
  sent.add(random, 1448);
  expect_arrives(sent);
}

TEST_P(UdpBatch, ArrivesBeyondWhatOneSegmentedSendCarries) {
  expect_arrives(equal_datagrams(random, 200, 300)); // more than 64 segments
  expect_arrives(equal_datagrams(random, 20, 8936)); // more than 65,000 bytes
  EXPECT_EQ(sender.counted().fallbacks, 0U);         // the kernel refused none of them
}

TEST_P(UdpBatch, ArrivesWithAnySizes) {
  for (int round = 0; round < 40; ++round) {
    batch sent;
    const auto count = 1 + random() % 80;
    std::size_t size = 1 + random() % 1448;
    for (std::size_t i = 0; i < count; ++i) {
      if (random() % 4 == 0)
        size = random() % 1449;
      sent.add(random, size);
    }
    expect_arrives(sent);
  }
}

TEST_P(UdpBatch, UsesAnOffloadOnlyWhenItMay) {
  expect_arrives(equal_datagrams(random, 44, 1448));
  const auto usable = group.sender->usable();
  EXPECT_LE(usable.gso, GetParam().gso);
  EXPECT_EQ(sender.counted().segmented, usable.gso ? 44U : 0U);
  EXPECT_EQ(sender.counted().datagrams, 44U);
  EXPECT_EQ(sender.counted().bytes, 44U * 1448U);
  EXPECT_EQ(receiver.snapshot().datagrams, 44U);
  EXPECT_EQ(receiver.snapshot().bytes, 44U * 1448U);
  EXPECT_EQ(receiver.snapshot().coalesced, usable.gso && receiver.coalesces() ? 44U : 0U);
}

TEST_P(UdpBatch, FallsBackToSingleDatagramsWhenTheKernelWillNotSegment) {
  // Segmentation needs checksums; without them the kernel answers EINVAL, as it does for some paths.
  const int on = 1;
  ASSERT_EQ(setsockopt(group.sender->native_handle(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  auto sent = equal_datagrams(random, 30, 1448);
  sent.add(random, 7);
  sent.add(random, 1000);
  sent.add(random, 1000);
  expect_arrives(sent);
  EXPECT_EQ(sender.counted().fallbacks, group.sender->usable().gso ? 1U : 0U);
  EXPECT_FALSE(sender.segments());
  EXPECT_EQ(sender.counted().segmented, 0U);
  expect_arrives(equal_datagrams(random, 10, 500));
  EXPECT_LE(sender.counted().fallbacks, 1U);
}

TEST_P(UdpBatch, CountsWhatIsRefusedAndSendsTheRest) {
  auto sent = equal_datagrams(random, 3, 1448);
  sent.add(random, 65'535); // longer than UDP can carry
  for (int i = 0; i < 3; ++i)
    sent.add(random, 1448);
  const auto outcome = sender.send(sent.content, sent.sizes);
  EXPECT_EQ(outcome.sent, 6U);
  EXPECT_EQ(outcome.refused, 1U);
  EXPECT_EQ(outcome.error, EMSGSIZE);
  EXPECT_EQ(sender.counted().refused, 1U);
  auto expected = sent.datagrams();
  expected.erase(expected.begin() + 3);
  EXPECT_EQ(receive(receiver, *group.receiver, 6), expected);
}

TEST_P(UdpBatch, IsEmptyHandedWhenThereIsNothing) {
  io::receive_buffer buffer;
  EXPECT_TRUE(receiver.receive(buffer));
  EXPECT_TRUE(buffer.contents().datagrams.empty());
}

TEST_P(UdpBatch, OfEmptyDatagramsDoesNotHoldTheReaderForEver) {
  constexpr std::size_t count = 3000;
  const std::vector<std::uint16_t> none(count, 0);
  ASSERT_EQ(sender.send({}, none).sent, count);
  io::receive_buffer buffer;
  receiver.receive(buffer);
  EXPECT_LT(buffer.contents().datagrams.size(), count);
  auto total = buffer.contents().datagrams.size();
  total += receive(receiver, *group.receiver, count - total).size();
  EXPECT_EQ(total, count);
}

TEST(UdpBatchReceiver, CountsWhatTheKernelDropped) {
  io::socket_options small;
  small.use = {false, false};
  small.receive_buffer = 8192;
  const group_on_loopback group{small};
  io::batch_sender sender{group.sender, group.lease.endpoint()};
  io::batch_receiver receiver{group.receiver};
  std::mt19937 random{seed};
  constexpr std::size_t count = 500;
  const auto sent = equal_datagrams(random, count, 1000);
  ASSERT_EQ(sender.send(sent.content, sent.sizes).sent, count);
  const auto kept = receive(receiver, *group.receiver, 1).size();
  ASSERT_LT(kept, count);
  EXPECT_EQ(receiver.snapshot().kernel_drops, 0U); // told by the next one that gets through
  const auto late = equal_datagrams(random, 1, 1000);
  ASSERT_EQ(sender.send(late.content, late.sizes).sent, 1U);
  EXPECT_EQ(receive(receiver, *group.receiver, 1), late.datagrams());
  EXPECT_EQ(receiver.snapshot().kernel_drops, count - kept);
}

TEST(UdpBatchReceiver, DropsAndCountsWhatIsLongerThanAnyDatagramOfOurs) {
  io::socket_options separate;
  separate.use = {true, false};
  const group_on_loopback group{separate};
  io::batch_sender sender{group.sender, group.lease.endpoint()};
  io::batch_receiver receiver{group.receiver};
  std::mt19937 random{seed};
  batch sent;
  sent.add(random, io::limits::max_datagram + 1);
  sent.add(random, io::limits::max_datagram);
  ASSERT_EQ(sender.send(sent.content, sent.sizes).sent, 2U);
  const auto got = receive(receiver, *group.receiver, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0], sent.datagrams()[1]);
  EXPECT_EQ(receiver.snapshot().truncated, 1U);
}

TEST(UdpBatchReceiver, CountsAnErrorOfTheSocketAndGoesOnReading) {
  const io::udp_endpoint nobody{loopback_address(), 1};
  const auto socket = share(io::udp_socket::open_feedback_sender(loopback_address(), nobody));
  ASSERT_EQ(socket->send(bytes(1)), 0);
  ASSERT_TRUE(wait_readable(*socket)) << "no ICMP answer";
  io::batch_receiver receiver{socket};
  io::receive_buffer buffer;
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE(receiver.receive(buffer));
    EXPECT_TRUE(buffer.contents().datagrams.empty());
  }
  EXPECT_EQ(receiver.snapshot().calls, 2U);
  EXPECT_EQ(receiver.snapshot().errors, 1U);
  EXPECT_EQ(receiver.snapshot().last_error, ECONNREFUSED);
}

TEST(UdpBatchReceiver, HandsOnABatchBeforeTheSocketIsEmpty) {
  const group_on_loopback group;
  io::batch_sender sender{group.sender, group.lease.endpoint()};
  io::batch_receiver receiver{group.receiver};
  std::mt19937 random{seed};
  for (int i = 0; i < 3; ++i) {
    const auto sent = equal_datagrams(random, 44, 1448);
    ASSERT_EQ(sender.send(sent.content, sent.sizes).sent, 44U);
  }
  io::receive_buffer buffer;
  std::size_t batches = 0;
  std::size_t datagrams = 0;
  for (bool emptied = false; !emptied; datagrams += buffer.contents().datagrams.size(), ++batches)
    emptied = receiver.receive(buffer);
  EXPECT_GE(batches, 3U);
  EXPECT_EQ(datagrams, 132U);
}

} // namespace
} // namespace udp_batch_test
