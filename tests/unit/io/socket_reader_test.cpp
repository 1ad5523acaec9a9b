#include "actors/io/limits.hpp"
#include "actors/socket_reader.hpp"
#include "tests/unit/io/loopback.hpp"

#include <boost/asio/post.hpp>
#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace socket_reader_test {
namespace {

using namespace fleetcast::actors;
using namespace fleetcast::actors::testing;
using bytes = std::vector<std::byte>;

std::string value_of(const status_snapshot& of, const std::string& name) {
  for (const auto& one : of.facts)
    if (display_name(one) == name)
      return value_text(one);
  return "no such fact";
}

/// Not rounded for people.
double longest_gap_of(const status_snapshot& of) {
  for (const auto& one : of.facts)
    if (one.what == metric::longest_gap)
      return std::get<double>(one.value);
  return -1;
}

/// The test itself is the sink: it gets the reader's batches in its mailbox.
class SocketReader : public ::testing::Test {
protected:
  socket_reader_actor read(const datagram_sink_actor& sink) {
    auto reader = system.spawn(socket_reader, &io, group.receiver, sink);
    self->monitor(reader);
    return reader;
  }

  datagram_sink_actor test_as_sink() { return caf::actor_cast<datagram_sink_actor>(self); }

  void send(const bytes& datagram) {
    const std::vector<std::uint16_t> size{static_cast<std::uint16_t>(datagram.size())};
    ASSERT_EQ(sender.send(datagram, size).sent, 1U);
  }

  /// Nothing when no batch comes in time.
  std::optional<io::datagram_batch> next_batch() {
    std::optional<io::datagram_batch> result;
    self->receive([&](const io::datagram_batch& batch) { result = batch; },
                  caf::after(patience) >> [] {});
    return result;
  }

  bool ends(const socket_reader_actor& reader, caf::error* why = nullptr) {
    bool ended = false;
    self->receive(
      [&](const caf::down_msg& down) {
        ended = down.source == reader.address();
        if (why != nullptr)
          *why = down.reason;
      },
      caf::after(patience) >> [] {});
    return ended;
  }

  status_snapshot status(const socket_reader_actor& reader) {
    status_snapshot result;
    self->request(reader, patience, status_atom::value)
      .receive([&](const status_snapshot& answer) { result = answer; },
               [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
    return result;
  }

  /// Everything the I/O thread was given so far is done.
  void finish_io() {
    std::promise<void> done;
    boost::asio::post(io.context(), [&] { done.set_value(); });
    done.get_future().wait();
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  io::io_thread io;
  caf::scoped_actor self{system};
  group_on_loopback group;
  io::batch_sender sender{group.sender, group.lease.endpoint()};
};

TEST_F(SocketReader, PassesOnWhatArrives) {
  const auto reader = read(test_as_sink());
  std::mt19937 random{7};
  bytes sent;
  bytes got;
  for (int i = 0; i < 20; ++i) {
    const auto content = random_bytes(random, 44 * 1448);
    const std::vector<std::uint16_t> sizes(44, 1448);
    ASSERT_EQ(sender.send(content, sizes).sent, 44U);
    sent.insert(sent.end(), content.begin(), content.end());
    while (got.size() < sent.size()) {
      const auto batch = next_batch();
      ASSERT_TRUE(batch);
      EXPECT_EQ(batch->received->kernel_drops, 0U);
      for (const auto datagram : batch->received->datagrams)
        got.insert(got.end(), datagram.begin(), datagram.end());
    }
  }
  EXPECT_EQ(got, sent);
  const auto snapshot = status(reader);
  EXPECT_EQ(snapshot.actor, "socket_reader");
  EXPECT_EQ(snapshot.state, "reading");
  EXPECT_EQ(value_of(snapshot, "datagrams"), std::to_string(20 * 44));
  EXPECT_EQ(value_of(snapshot, "bytes"), std::to_string(sent.size()));
  EXPECT_EQ(value_of(snapshot, "stalls"), "0");
  caf::anon_send(reader, stop_atom::value);
  EXPECT_TRUE(ends(reader));
}

TEST_F(SocketReader, WaitsWhileItsSinkHoldsAllBatchesAndGoesOnWhenOneReturns) {
  const auto reader = read(test_as_sink());
  std::deque<io::datagram_batch> held;
  for (std::size_t i = 0; i < io::limits::reader_batches; ++i) {
    send(bytes(100, static_cast<std::byte>(i)));
    auto batch = next_batch();
    ASSERT_TRUE(batch);
    held.push_back(*std::move(batch));
  }
  send(bytes(100, std::byte{0xaa}));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (status(reader).state != "stalled" && std::chrono::steady_clock::now() < deadline)
    finish_io();
  EXPECT_EQ(value_of(status(reader), "stalls"), "1");
  EXPECT_EQ(longest_gap_of(status(reader)), 0.0) << "nothing was left so far";
  EXPECT_FALSE(self->has_next_message());
  // Not the buffers of the others: each still holds what it held.
  for (std::size_t i = 0; i < held.size(); ++i)
    EXPECT_EQ(held[i].received->datagrams[0][99], static_cast<std::byte>(i));
  held.pop_front();
  const auto late = next_batch();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->received->datagrams[0][0], std::byte{0xaa});
  EXPECT_EQ(status(reader).state, "reading");
  EXPECT_GT(longest_gap_of(status(reader)), 0.0) << "it left one lying";
  caf::anon_send(reader, stop_atom::value);
  EXPECT_TRUE(ends(reader));
}

TEST_F(SocketReader, EndsWithItsSinkAndLetsTheSocketGo) {
  // With no argument at all, CAF's own headers form a reference from a null pointer.
  auto sink = system.spawn(
    [](caf::unit_t) -> datagram_sink_actor::behavior_type {
      return {[](const io::datagram_batch&) {}};
    },
    caf::unit);
  {
    const auto reader = read(sink);
    caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
    EXPECT_TRUE(ends(reader));
  }
  finish_io(); // ends the wait,
  finish_io(); // whose handler comes after that
  EXPECT_EQ(group.receiver.use_count(), 1);
}

TEST_F(SocketReader, SendsNothingAfterItStopped) {
  const auto reader = read(test_as_sink());
  caf::anon_send(reader, stop_atom::value);
  ASSERT_TRUE(ends(reader));
  send(bytes(10));
  finish_io();
  EXPECT_FALSE(self->has_next_message());
}

TEST_F(SocketReader, LeavesItsBatchesReadableAfterItsEnd) {
  const auto reader = read(test_as_sink());
  send(bytes(1000, std::byte{0x5a}));
  auto batch = next_batch();
  ASSERT_TRUE(batch);
  caf::anon_send(reader, stop_atom::value);
  ASSERT_TRUE(ends(reader));
  finish_io();
  io.stop();
  EXPECT_EQ(batch->received->datagrams[0].size(), 1000U);
  EXPECT_EQ(batch->received->datagrams[0][999], std::byte{0x5a});
}

TEST_F(SocketReader, FailsByNameWhenTheSocketAlreadyHasAReader) {
  const auto first = read(test_as_sink());
  status(first); // it has begun
  const auto second = read(test_as_sink());
  caf::error why;
  EXPECT_TRUE(ends(second, &why));
  EXPECT_NE(system.render(why).find("cannot wait for the socket"), std::string::npos)
    << system.render(why);
  caf::anon_send(first, stop_atom::value);
  EXPECT_TRUE(ends(first));
}

} // namespace
} // namespace socket_reader_test
