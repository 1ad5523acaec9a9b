#include "actors/serve/socket_writer.hpp"
#include "tests/unit/io/loopback.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace socket_writer_test {
namespace {

using namespace fleetcast::actors;
using namespace fleetcast::actors::testing;
using bytes = std::vector<std::byte>;
namespace protocol = fleetcast::protocol;
namespace wire = fleetcast::protocol::wire;

/// The test itself is the session.
class SocketWriter : public ::testing::TestWithParam<io::offloads> {
protected:
  SocketWriter() {
    key.key.fill(std::byte{7});
    key.salt.fill(std::byte{9});
  }

  socket_writer_actor write() {
    auto writer = system.spawn<caf::detached>(socket_writer, group.sender, group.lease.endpoint(),
                                              wire::seal_suite::chacha20_poly1305, key,
                                              caf::actor_cast<send_session_actor>(self));
    self->monitor(writer);
    return writer;
  }

  /// `count` datagrams with payloads of `size` bytes, numbered on.
  void add(send_batch& batch, std::size_t count, std::size_t size) {
    for (std::size_t i = 0; i < count; ++i) {
      auto content = std::make_shared<const bytes>(random_bytes(random, size));
      payloads.push_back(*content);
      protocol::outgoing_datagram datagram;
      datagram.header.type = wire::datagram_type::source;
      datagram.header.packet_number = payloads.size();
      datagram.payload = *content;
      datagram.owner = protocol::const_block_buffer{content, content->data()};
      batch.push_back(datagram);
    }
  }

  batch_sent answer() {
    batch_sent result;
    self->receive([&](const batch_sent& sent) { result = sent; },
                  caf::after(patience) >> [] { ADD_FAILURE() << "no batch_sent came"; });
    return result;
  }

  void expect_payloads_arrive() {
    wire::opener opener{wire::seal_suite::chacha20_poly1305, key};
    io::batch_receiver receiver{group.receiver};
    const auto datagrams = receive(receiver, *group.receiver, payloads.size());
    ASSERT_EQ(datagrams.size(), payloads.size());
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      const auto header = wire::decode(datagrams[i], opener.overhead());
      ASSERT_TRUE(header) << i;
      EXPECT_EQ(header->packet_number, i + 1);
      bytes opened(header->payload_size);
      ASSERT_TRUE(opener.open(*header, datagrams[i], opened)) << i;
      EXPECT_EQ(opened, payloads[i]) << i;
    }
  }

  std::mt19937 random{11};
  std::vector<bytes> payloads;
  wire::direction_key key;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  group_on_loopback group{{GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Offloads, SocketWriter,
                         ::testing::Values(io::offloads{true, true}, io::offloads{false, false}));

TEST_P(SocketWriter, SealsAndSendsWhatItIsGivenAndSaysSo) {
  const auto writer = write();
  send_batch batch;
  add(batch, 40, 1408);
  add(batch, 1, 77);
  add(batch, 3, 1408);
  add(batch, 1, 0);
  self->send(writer, batch);
  const auto sent = answer();
  EXPECT_EQ(sent.datagrams, 45U);
  EXPECT_EQ(sent.refused, 0U);
  EXPECT_EQ(sent.error, 0);
  expect_payloads_arrive();
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
}

TEST_P(SocketWriter, AnswersOnceForABatchOfManyBuffers) {
  const auto writer = write();
  send_batch batch;
  add(batch, 150, 1408);
  self->send(writer, batch);
  EXPECT_EQ(answer().datagrams, 150U);
  expect_payloads_arrive();
  EXPECT_FALSE(self->has_next_message());
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
}

TEST_P(SocketWriter, AnswersSmallBatchesTogether) {
  const auto writer = write();
  for (const std::size_t count : {20, 23, 1, 5}) {
    send_batch batch;
    add(batch, count, 1408);
    self->send(writer, std::move(batch));
  }
  EXPECT_EQ(answer().datagrams, 44U);
  expect_payloads_arrive();
  EXPECT_FALSE(self->has_next_message()) << "five are not worth an answer";
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
}

TEST_P(SocketWriter, TellsWhatTheKernelRefusedAndWhy) {
  const auto writer = write();
  send_batch batch;
  add(batch, 1, 65'480); // with header and seal more than UDP carries
  payloads.clear();
  add(batch, 2, 1408);
  self->send(writer, batch);
  const auto sent = answer();
  EXPECT_EQ(sent.datagrams, 3U);
  EXPECT_EQ(sent.refused, 1U);
  EXPECT_EQ(sent.error, EMSGSIZE);
  expect_payloads_arrive();
  status_snapshot snapshot;
  self->request(writer, patience, status_atom::value)
    .receive([&](const status_snapshot& now) { snapshot = now; },
             [&](const caf::error& error) { ADD_FAILURE() << system.render(error); });
  EXPECT_EQ(snapshot.actor, "socket_writer");
  EXPECT_EQ(snapshot.state, "sending, some refused");
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
}

TEST_P(SocketWriter, LetsTheDatagramsMemoryGoOnceSent) {
  const auto writer = write();
  send_batch batch;
  add(batch, 44, 1408);
  const std::weak_ptr<const std::byte> watch = batch[0].owner;
  self->send(writer, std::move(batch));
  batch.clear();
  answer();
  // The message goes after its handler; the next answer comes after that.
  add(batch, 44, 1408);
  self->send(writer, std::move(batch));
  answer();
  EXPECT_TRUE(watch.expired());
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
}

} // namespace
} // namespace socket_writer_test
