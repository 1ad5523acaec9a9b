#include "actors/receive/reassembly.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace fleetcast::actors::testing {
namespace reassembly_test {
namespace {

namespace asio = boost::asio;
namespace fixture = protocol::fixture;
namespace wire = protocol::wire;
using fixture::bytes;
using protocol::seconds;

constexpr auto suite = wire::seal_suite::chacha20_poly1305;
constexpr std::uint16_t symbol_size = 64;
constexpr std::uint16_t symbols = 4;

/// What session and writer heard.
struct output_record {
  std::vector<std::string> order; ///< by the writer: "blocks", "finish"
  std::vector<protocol::verified_block> blocks;
  std::vector<receive_summary> finished;
  std::vector<failure> failed;
  std::vector<protocol::reception_health> health;
};

using output = std::shared_ptr<output_record>;

receive_session_actor::behavior_type session_of(receive_session_actor::pointer self,
                                                output record) {
  return {
    [=](cancel_atom, const failure&) { self->quit(); },
    [](const server_accepted&) {},
    [](const server_left&) {},
    [](const receipt_confirmed&) {},
    [](const session_progress&) {},
    [=](const reassembly_finished& m) { record->finished.push_back(m.summary); },
    [=](const reassembly_failed& m) { record->failed.push_back(m.reason); },
    [=](const reception_changed& m) { record->health.push_back(m.health); },
    [](const wire::feedback_state&) {},
    [](const delivery_finished&) {},
    [](const consumption_finished&) {},
    [](const protocol::wire::fetch&) {},
    [](const protocol::wire::fetched&) {},
    [](tick_atom) {},
    [](status_atom) { return status_snapshot{}; },
  };
}

writer_actor::behavior_type writer_of(writer_actor::pointer, output record) {
  return {
    [=](const verified_blocks& blocks) {
      record->order.emplace_back("blocks");
      record->blocks.insert(record->blocks.end(), blocks.begin(), blocks.end());
    },
    [](release_atom, const block_release&) {},
    [](const byte_range&) {},
    [=](finish_atom) { record->order.emplace_back("finish"); },
    [](stop_atom) {},
    [](status_atom) { return status_snapshot{}; },
  };
}

io::datagram_batch batch_of(std::vector<bytes> datagrams, std::uint64_t kernel_drops = 0) {
  struct owner {
    std::vector<bytes> memory;
    io::received_datagrams view;
  };
  auto whole = std::make_shared<owner>();
  whole->memory = std::move(datagrams);
  for (const auto& d : whole->memory)
    whole->view.datagrams.emplace_back(d);
  whole->view.kernel_drops = kernel_drops;
  return {std::shared_ptr<const io::received_datagrams>{whole, &whole->view}};
}

class Reassembly : public ::testing::Test {
protected:
  ~Reassembly() override {
    if (reassembly_)
      world.kill(reassembly_);
    if (session)
      world.kill(session);
    if (writer_)
      world.kill(writer_);
  }

  /// Begins to receive an object of `size` bytes with memory for `blocks` blocks.
  void start(std::size_t size, std::size_t blocks = 16, std::vector<wire::block_range> held = {}) {
    object = std::make_unique<fixture::sample_object>(size, symbol_size, symbols);
    memory = io::block_pool::make(object->layout().block_size(), blocks);
    auto feedback = io::udp_socket::open_feedback_sender(loopback, sender.local_endpoint());
    ASSERT_TRUE(feedback) << feedback.error().text;
    session = world.system().spawn(session_of, record);
    writer_ = world.system().spawn(writer_of, record);
    reassembly_ = world.system().spawn(
      reassembly, reassembly_config{{config_of(object->layout()),
                                     std::make_shared<const io::udp_socket>(std::move(*feedback)),
                                     {}},
                                    memory,
                                    writer_,
                                    session,
                                    std::move(held)});
    world.run();
  }

  protocol::receiver_config config_of(const protocol::geometry& layout) const {
    auto result = fixture::receiver_config_of(layout, server, suite);
    result.keeps_digests = true;
    return result;
  }

  bytes manifest() {
    return voice.say(object->manifest(0, object->layout().block_count(), server));
  }

  /// Source symbols of block `number`, all but the first `lost`.
  void say_block(std::vector<bytes>& to, protocol::block_number number,
                 protocol::symbol_id lost = 0) {
    for (protocol::symbol_id s = 0; s < object->layout().source_symbols_of(number); ++s)
      if (s < lost)
        voice.lose();
      else
        to.push_back(voice.say_symbol(*object, number, s));
  }

  std::vector<bytes> whole_object() {
    std::vector<bytes> result{manifest()};
    for (protocol::block_number b = 0; b < object->layout().block_count(); ++b)
      say_block(result, b);
    return result;
  }

  void expect_content() const {
    bytes whole(object->content().size());
    std::size_t filled = 0;
    for (const auto& block : record->blocks) {
      std::memcpy(whole.data() + block.offset, block.bytes.get(), block.size);
      filled += block.size;
    }
    EXPECT_EQ(filled, whole.size());
    EXPECT_TRUE(whole == object->content());
  }

  /// Feedback that reached the sender so far. On the loopback interface a datagram is there once it
  /// was sent.
  std::vector<wire::feedback> feedback_heard() {
    std::vector<wire::feedback> result;
    bytes datagram(2000);
    while (sender.available() != 0) {
      const auto size = sender.receive(asio::buffer(datagram));
      const auto got = fixture::read_feedback({datagram.data(), size}, suite);
      EXPECT_TRUE(got) << "feedback that cannot be read";
      if (got)
        result.push_back(*got);
    }
    return result;
  }

  const asio::ip::address loopback = asio::ip::address_v4::loopback();
  asio::io_context context;
  asio::ip::udp::socket sender{context, {loopback, 0}};
  scripted_world world;
  output record = std::make_shared<output_record>();
  fixture::identity server;
  fixture::group_voice voice{suite};
  std::unique_ptr<fixture::sample_object> object;
  std::shared_ptr<io::block_pool> memory;
  receive_session_actor session;
  writer_actor writer_;
  reassembly_actor reassembly_;
};

TEST_F(Reassembly, HandsVerifiedBlocksToTheWriterAndFinishesOnce) {
  start(2000);
  world.tell(reassembly_, batch_of(whole_object()));
  expect_content();
  EXPECT_EQ(record->order, (std::vector<std::string>{"blocks", "finish"}));
  ASSERT_EQ(record->finished.size(), 1U);
  EXPECT_EQ(record->finished[0].object_size, 2000U);
  EXPECT_EQ(record->finished[0].completed_blocks, object->layout().block_count());
  // Nothing that comes later makes it finish again.
  world.tell(reassembly_, batch_of(whole_object()));
  world.tell(reassembly_, room_atom::value);
  world.pass(seconds(60));
  EXPECT_EQ(record->finished.size(), 1U);
  EXPECT_TRUE(record->failed.empty());
  EXPECT_EQ(world.status(reassembly_).state, "ended");
}

TEST_F(Reassembly, HandsOutEachBlockAsSoonAsItIsWhole) {
  start(1000);
  world.tell(reassembly_, batch_of({manifest()}));
  std::vector<bytes> first;
  say_block(first, 0);
  world.tell(reassembly_, batch_of(first));
  ASSERT_EQ(record->blocks.size(), 1U);
  EXPECT_EQ(record->blocks[0].number, 0U);
  EXPECT_TRUE(record->finished.empty());
}

TEST_F(Reassembly, GoesOnTellingItsStatusOnceCompleteSoThatTheSenderKeepsIt) {
  start(1000);
  world.tell(reassembly_, batch_of(whole_object()));
  ASSERT_EQ(record->finished.size(), 1U);
  (void)feedback_heard();
  world.pass(protocol::defaults::receiver_silence_limit);
  const auto heard = feedback_heard();
  EXPECT_GE(heard.size(), 10U) << "the sender would take this receiver for dead";
  EXPECT_EQ(heard.back().completed_blocks, object->layout().block_count());
}

TEST_F(Reassembly, OfARangeFinishesWithTheBlocksThatCoverIt) {
  start(4 * symbol_size * symbols);
  constexpr std::uint64_t block = symbol_size * symbols;
  world.tell(reassembly_, byte_range{2 * block - 1, 2}); // the last byte of block 1, the first of 2
  world.tell(reassembly_, batch_of(whole_object()));
  ASSERT_EQ(record->blocks.size(), 2U);
  EXPECT_EQ(record->blocks[0].number, 1U);
  EXPECT_EQ(record->blocks[1].number, 2U);
  EXPECT_EQ(record->finished.size(), 1U);
}

/// What the consumer holds of block `number`.
held_digest digest_held(const fixture::sample_object& object, protocol::block_number number) {
  const auto& layout = object.layout();
  return {number, wire::digest_of(std::span{object.content()}.subspan(layout.offset_of(number),
                                                                      layout.size_of(number)))};
}

TEST_F(Reassembly, HandsProvenBlocksToTheWriterWithoutBytesAndTheRestAsItComes) {
  start(4 * symbol_size * symbols - 10, 16, {{1, 3}});
  world.tell(reassembly_, batch_of({manifest()}));
  world.tell(reassembly_, held_digests{digest_held(*object, 3), {1, wire::digest{}}, {2, {}}});
  ASSERT_EQ(record->blocks.size(), 1U) << "another digest, or none, proves nothing";
  EXPECT_EQ(record->blocks[0].number, 3U);
  EXPECT_EQ(record->blocks[0].offset, 3U * symbol_size * symbols);
  EXPECT_EQ(record->blocks[0].size, symbol_size * symbols - 10U);
  EXPECT_EQ(record->blocks[0].bytes, nullptr);
  world.tell(reassembly_, batch_of(whole_object()));
  ASSERT_EQ(record->blocks.size(), 4U);
  for (std::size_t i = 1; i < 4; ++i)
    EXPECT_NE(record->blocks[i].bytes, nullptr);
  ASSERT_EQ(record->finished.size(), 1U);
  EXPECT_EQ(record->finished[0].statistics.bytes_proven, symbol_size * symbols - 10U);
  EXPECT_EQ(record->finished[0].statistics.blocks_refuted, 2U);
}

TEST_F(Reassembly, GoesOnWithTheNextTransmissionWhereItWas) {
  start(4 * symbol_size * symbols);
  std::vector<bytes> heard{manifest()};
  say_block(heard, 0);
  say_block(heard, 1);
  world.tell(reassembly_, batch_of(heard));
  ASSERT_EQ(record->blocks.size(), 2U);
  world.pass(seconds(60)); // nothing is heard any more
  EXPECT_EQ(record->failed.size(), 1U);

  const fixture::identity other_server;
  auto next = fixture::receiver_config_of(object->layout(), other_server, suite);
  next.keeps_digests = true;
  auto feedback = io::udp_socket::open_feedback_sender(loopback, sender.local_endpoint());
  ASSERT_TRUE(feedback) << feedback.error().text;
  world.tell(
    reassembly_,
    incoming_transmission{next, std::make_shared<const io::udp_socket>(std::move(*feedback)), {}});
  EXPECT_EQ(world.status(reassembly_).state, "receiving");
  fixture::group_voice other_voice{suite};
  std::vector<bytes> rest{other_voice.say(object->manifest(0, 4, other_server))};
  for (protocol::block_number b = 2; b < 4; ++b)
    for (protocol::symbol_id s = 0; s < symbols; ++s)
      rest.push_back(other_voice.say_symbol(*object, b, s));
  world.tell(reassembly_, batch_of(rest));
  expect_content(); // each block once
  ASSERT_EQ(record->finished.size(), 1U);
  EXPECT_EQ(record->finished[0].completed_blocks, 4U);
  EXPECT_EQ(record->finished[0].statistics.bytes, object->content().size())
    << "of both transmissions";
  EXPECT_EQ(record->finished[0].statistics.bytes_proven, 0U);
}

TEST_F(Reassembly, OfAnObjectThatIsHeldFinishesOnceItIsProven) {
  start(2 * symbol_size * symbols, 16, {{0, 2}});
  world.tell(reassembly_, held_digests{digest_held(*object, 0), digest_held(*object, 1)});
  EXPECT_TRUE(record->finished.empty()) << "the server has signed nothing yet";
  world.tell(reassembly_, batch_of({manifest()}));
  EXPECT_EQ(record->order, (std::vector<std::string>{"blocks", "finish"}));
  EXPECT_EQ(record->finished.size(), 1U);
}

TEST_F(Reassembly, OfAnEmptyRangeFinishesAtOnce) {
  start(4 * symbol_size * symbols);
  world.tell(reassembly_, byte_range{64, 0});
  EXPECT_EQ(record->order, (std::vector<std::string>{"finish"}));
}

TEST_F(Reassembly, CompletesAnEmptyObjectWithoutADatagram) {
  start(0);
  EXPECT_EQ(record->order, (std::vector<std::string>{"finish"}));
  EXPECT_EQ(record->finished.size(), 1U);
}

TEST_F(Reassembly, SaysHowItIsDoingAsSoonAsItStarts) {
  start(1000);
  world.pass(protocol::defaults::status_keep_alive);
  const auto heard = feedback_heard();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.front().completed_blocks, 0U);
}

TEST_F(Reassembly, AsksForWhatWasLostAndCompletesWithRepairSymbols) {
  start(1000);
  world.tell(reassembly_, batch_of({manifest()}));
  std::vector<bytes> datagrams;
  for (protocol::block_number b = 0; b < object->layout().block_count(); ++b)
    say_block(datagrams, b, b == 1 ? 2 : 0);
  wire::heartbeat after;
  after.sent_at = 1;
  after.next = {1, 0};
  after.edge = {1, 0};
  after.grtt = protocol::milliseconds(1);
  after.group_size = 1;
  after.status_interval = protocol::milliseconds(10);
  after.scheduled_all = false;
  datagrams.push_back(voice.say(after));
  world.tell(reassembly_, batch_of(datagrams));
  EXPECT_TRUE(record->finished.empty());
  world.pass(seconds(1));
  const auto heard = feedback_heard();
  const auto asked = std::find_if(heard.begin(), heard.end(),
                                  [](const wire::feedback& f) { return !f.repairs.empty(); });
  ASSERT_NE(asked, heard.end()) << "nobody asked for the lost symbols";
  EXPECT_EQ(asked->repairs, (std::vector<wire::block_repair>{{1, 2}}));
  world.tell(reassembly_, batch_of({voice.say_symbol(*object, 1, symbols),
                                    voice.say_symbol(*object, 1, symbols + 1)}));
  EXPECT_EQ(record->finished.size(), 1U);
  expect_content();
}

TEST_F(Reassembly, FailsWhenTheSenderIsSilentForTooLong) {
  start(1000);
  world.pass(protocol::defaults::sender_silence_limit - seconds(1));
  EXPECT_TRUE(record->failed.empty());
  world.pass(seconds(2));
  ASSERT_EQ(record->failed.size(), 1U);
  EXPECT_EQ(record->failed[0].code, failure_code::sender_silent);
  world.pass(seconds(100));
  EXPECT_EQ(record->failed.size(), 1U) << "told more than once";
  EXPECT_TRUE(record->order.empty()) << "the writer was told to finish";
}

TEST_F(Reassembly, TellsItsSessionOfDeafnessAndOfEachTimeToJoinAgain) {
  start(1000);
  world.pass(protocol::milliseconds(1999));
  EXPECT_TRUE(record->health.empty());
  world.pass(protocol::milliseconds(1));
  ASSERT_EQ(record->health.size(), 1U);
  EXPECT_TRUE(record->health[0].is_deaf);
  EXPECT_EQ(record->health[0].joins, 1U);
  world.pass(seconds(4));
  ASSERT_EQ(record->health.size(), 2U);
  EXPECT_EQ(record->health[1].joins, 2U);
  world.tell(reassembly_, batch_of({manifest()}));
  ASSERT_EQ(record->health.size(), 3U);
  EXPECT_FALSE(record->health[2].is_deaf);
  world.tell(reassembly_, batch_of({manifest()}));
  EXPECT_EQ(record->health.size(), 3U) << "that is no news";
}

TEST_F(Reassembly, OnceCompleteIsNeverDeaf) {
  start(1000);
  world.tell(reassembly_, batch_of(whole_object()));
  world.pass(seconds(10));
  EXPECT_TRUE(record->health.empty());
}

TEST_F(Reassembly, AnnouncesRoomOnceTheConsumerGaveBlocksBack) {
  start(16 * symbol_size * symbols, 4);
  world.tell(reassembly_, batch_of(whole_object()));
  ASSERT_EQ(record->blocks.size(), 4U);
  wire::heartbeat heartbeat;
  heartbeat.sent_at = 1;
  heartbeat.edge = {0, 16};
  heartbeat.status_interval = protocol::milliseconds(20);
  world.tell(reassembly_, batch_of({voice.say(heartbeat)}));
  world.pass(protocol::defaults::status_keep_alive);
  EXPECT_EQ(feedback_heard().back().free_blocks, 0U);
  record->blocks.clear();
  ASSERT_EQ(memory->available(), 4U);
  world.tell(reassembly_, room_atom::value);
  // Far less than until the next status that would come anyway.
  world.pass(protocol::milliseconds(100));
  const auto heard = feedback_heard();
  ASSERT_FALSE(heard.empty()) << "nobody told the sender that there is room";
  EXPECT_EQ(heard.back().free_blocks, 4U);
}

TEST_F(Reassembly, ReportsAtOnceWhenEveryBlockIsReleasedSoThatItsReceiptIsNoClaim) {
  start(16 * symbol_size * symbols, 16);
  world.tell(reassembly_, batch_of(whole_object()));
  ASSERT_EQ(record->finished.size(), 1U);
  feedback_heard();
  record->blocks.resize(8);
  world.tell(reassembly_, room_atom::value);
  EXPECT_TRUE(feedback_heard().empty()) << "the consumer still has half of them";
  record->blocks.clear();
  world.tell(reassembly_, room_atom::value);
  const auto heard = feedback_heard();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard.front().completed_blocks, object->layout().block_count());
}

TEST_F(Reassembly, CountsHostileDatagramsByReason) {
  start(1000);
  auto forged = voice.say_symbol(*object, 0, 0);
  forged.back() ^= std::byte{1};
  auto cut = voice.say_symbol(*object, 0, 1);
  cut.resize(cut.size() - 1);
  const auto twice = manifest();
  world.tell(reassembly_, batch_of({forged, cut, twice, twice}, 5));
  const auto status = world.status(reassembly_);
  EXPECT_EQ(fact(status, "dropped: forged"), "1");
  EXPECT_EQ(fact(status, "dropped: truncated"), "1");
  EXPECT_EQ(fact(status, "dropped: replayed"), "1");
  EXPECT_EQ(fact(status, "kernel drops"), "5");
}

TEST_F(Reassembly, EndsWithItsSessionHoweverThatEnds) {
  start(1000);
  world.kill(session);
  EXPECT_TRUE(has_ended(reassembly_));
}

} // namespace
} // namespace reassembly_test
} // namespace fleetcast::actors::testing
