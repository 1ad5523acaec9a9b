#include "actors/receive/writer.hpp"
#include "tests/support/actor_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::testing {
namespace writer_test {
namespace {

constexpr std::uint32_t block_size = 100;

/// What the writer's session and reassembly heard.
struct neighbours_record {
  std::size_t finished = 0;
  std::vector<bool> consumed;
  std::size_t room = 0;
};

using neighbours = std::shared_ptr<neighbours_record>;

receive_session_actor::behavior_type some_session(receive_session_actor::pointer self,
                                                  neighbours record) {
  return {
    [=](cancel_atom, const failure&) { self->quit(); },
    [](const server_accepted&) {},
    [](const server_left&) {},
    [](const receipt_confirmed&) {},
    [](const session_progress&) {},
    [](const reassembly_finished&) {},
    [](const reassembly_failed&) {},
    [](const reception_changed&) {},
    [](const protocol::wire::feedback_state&) {},
    [=](const delivery_finished&) { ++record->finished; },
    [=](const consumption_finished& m) { record->consumed.push_back(m.complete); },
    [](const protocol::wire::fetch&) {},
    [](const protocol::wire::fetched&) {},
    [](tick_atom) {},
    [](status_atom) { return status_snapshot{}; },
  };
}

/// A reassembly that passes blocks on when it gets a tick.
reassembly_actor::behavior_type some_reassembly(reassembly_actor::pointer self, neighbours record,
                                                writer_actor to, verified_blocks blocks) {
  return {
    [](const io::datagram_batch&) {},
    [](const incoming_transmission&) {},
    [](const byte_range&) {},
    [](const held_digests&) {},
    [=](room_atom) { ++record->room; },
    [](const protocol::wire::fetched&) {},
    [](const protocol::wire::feedback_state&) {},
    [=](tick_atom) { self->send(to, blocks); },
    [](status_atom) { return status_snapshot{}; },
  };
}

protocol::verified_block block(protocol::block_number number, std::uint32_t size = block_size) {
  return {number, std::uint64_t{number} * block_size, size,
          std::shared_ptr<const std::byte>{new std::byte[size],
                                           std::default_delete<const std::byte[]>{}}};
}

class Writer : public ::testing::Test {
protected:
  ~Writer() override {
    for (const auto& actor :
         {caf::actor_cast<caf::actor>(writer_), caf::actor_cast<caf::actor>(session),
          caf::actor_cast<caf::actor>(consumer)})
      if (actor)
        world.kill(actor);
  }

  void start(std::uint64_t credit) {
    consumer = world.system().spawn(recording_consumer, heard);
    session = world.system().spawn(some_session, around);
    writer_ = world.system().spawn(writer, credit, consumer, session);
    world.run();
  }

  void give(std::vector<protocol::verified_block> blocks) {
    world.tell(writer_, std::move(blocks));
  }

  void give_numbers(std::vector<protocol::block_number> numbers) {
    verified_blocks blocks;
    for (const auto n : numbers)
      blocks.push_back(block(n));
    give(std::move(blocks));
  }

  void release(std::uint64_t offset, std::uint32_t size = block_size) {
    world.tell(writer_, release_atom::value, block_release{offset, size});
  }

  std::vector<std::uint64_t> offsets() const {
    std::vector<std::uint64_t> result;
    for (const auto& b : heard->blocks)
      result.push_back(b.offset);
    return result;
  }

  std::string count_of(std::string_view name) {
    return fact(world.status(writer_), name).value_or("no such fact");
  }

  using list = std::vector<std::uint64_t>;

  scripted_world world;
  std::shared_ptr<consumer_record> heard = std::make_shared<consumer_record>();
  neighbours around = std::make_shared<neighbours_record>();
  consumer_actor consumer;
  receive_session_actor session;
  writer_actor writer_;
};

TEST_F(Writer, HandsOutNoMoreThanTheCreditAllows) {
  start(3 * block_size);
  give_numbers({0, 1, 2, 3, 4});
  EXPECT_EQ(offsets(), (list{0, 100, 200}));
  EXPECT_EQ(count_of("waiting blocks"), "2");
  EXPECT_EQ(count_of("outstanding bytes"), "300");
}

TEST_F(Writer, HandsOutOneBlockAtATimeWithoutCredit) {
  start(0);
  give_numbers({0, 1, 2});
  EXPECT_EQ(offsets(), (list{0}));
  release(0);
  EXPECT_EQ(offsets(), (list{0, 100}));
  release(100);
  EXPECT_EQ(offsets(), (list{0, 100, 200}));
}

TEST_F(Writer, HandsOutABlockLargerThanTheCreditAlone) {
  start(block_size / 2);
  give_numbers({0, 1});
  EXPECT_EQ(offsets(), (list{0}));
  release(0);
  EXPECT_EQ(offsets(), (list{0, 100}));
}

TEST_F(Writer, DoesNotLetASmallBlockPassALargeOneThatWaits) {
  start(block_size + 10);
  give({block(0), block(1), block(2, 10)});
  EXPECT_EQ(offsets(), (list{0}));
}

TEST_F(Writer, TakesReleasesInAnyOrder) {
  start(2 * block_size);
  give_numbers({0, 1, 2, 3});
  release(100);
  EXPECT_EQ(offsets(), (list{0, 100, 200}));
  release(200);
  EXPECT_EQ(offsets(), (list{0, 100, 200, 300}));
  release(0);
  release(300);
  EXPECT_EQ(count_of("outstanding bytes"), "0");
  EXPECT_EQ(count_of("delivered bytes"), "400");
}

TEST_F(Writer, RefusesAndCountsReleasesOfWhatIsNotOut) {
  start(block_size);
  give_numbers({0, 1});
  release(100);               // waits here, is not out
  release(0, block_size - 1); // of another size
  release(7);                 // no block begins there
  EXPECT_EQ(offsets(), (list{0}));
  EXPECT_EQ(count_of("refused releases"), "3");
  release(0);
  EXPECT_EQ(count_of("refused releases"), "3");
  release(0); // a second time
  EXPECT_EQ(count_of("refused releases"), "4");
  EXPECT_EQ(count_of("outstanding bytes"), "100");
}

TEST_F(Writer, TellsWhereTheBlocksCameFromThatThereIsRoom) {
  start(block_size);
  const auto source
    = world.system().spawn(some_reassembly, around, writer_, verified_blocks{block(0), block(1)});
  world.tell(source, tick_atom::value);
  EXPECT_EQ(around->room, 0U);
  release(0);
  EXPECT_EQ(around->room, 1U);
  release(7);
  EXPECT_EQ(around->room, 1U) << "a refused release makes no room";
  release(100);
  EXPECT_EQ(around->room, 2U);
  world.kill(source);
}

TEST_F(Writer, FinishesOnceNothingWaitsWhateverIsStillOut) {
  start(block_size);
  give_numbers({0, 1});
  world.tell(writer_, finish_atom::value);
  EXPECT_EQ(around->finished, 0U) << "a block still waits";
  release(0);
  EXPECT_EQ(around->finished, 1U) << "the last block is out; its release is not waited for";
  release(100);
  EXPECT_EQ(around->finished, 1U);
}

TEST_F(Writer, FinishesAtOnceWithNothingToDeliver) {
  start(block_size);
  world.tell(writer_, finish_atom::value);
  EXPECT_EQ(around->finished, 1U);
  EXPECT_TRUE(heard->blocks.empty());
}

using bools = std::vector<bool>;

TEST_F(Writer, ReportsTheConsumptionOnceEveryBlockWasReleased) {
  start(2 * block_size);
  give_numbers({0, 1});
  release(0);
  world.tell(writer_, finish_atom::value);
  EXPECT_EQ(around->consumed, bools{}) << "a block is still with the consumer";
  release(100);
  EXPECT_EQ(around->consumed, bools{true});
  world.tell(writer_, stop_atom::value);
  EXPECT_EQ(around->consumed, bools{true}) << "told more than once";
}

TEST_F(Writer, ReportsTheConsumptionWithTheDeliveryWhenAllCameBackBefore) {
  start(block_size);
  give_numbers({0});
  release(0);
  EXPECT_EQ(around->consumed, bools{}) << "more blocks may come";
  world.tell(writer_, finish_atom::value);
  EXPECT_EQ(around->finished, 1U);
  EXPECT_EQ(around->consumed, bools{true});
}

TEST_F(Writer, ToldToStopSaysThatTheConsumerStillHoldsABlock) {
  start(block_size);
  give_numbers({0});
  world.tell(writer_, finish_atom::value);
  world.tell(writer_, stop_atom::value);
  EXPECT_EQ(around->consumed, bools{false});
  release(0);
  EXPECT_EQ(around->consumed, bools{false}) << "too late, and told already";
}

TEST_F(Writer, AReleaseBeforeTheStopCounts) {
  start(block_size);
  give_numbers({0});
  world.tell(writer_, finish_atom::value);
  // Both in the mailbox before the first is looked at.
  caf::anon_send(writer_, release_atom::value, block_release{0, block_size});
  caf::anon_send(writer_, stop_atom::value);
  world.run();
  EXPECT_EQ(around->consumed, bools{true});
}

TEST_F(Writer, DropsWaitingBlocksBesideTheRangeThatIsWanted) {
  start(0);
  give_numbers({0, 1, 2, 3});
  world.tell(writer_, byte_range{2 * block_size + 50, 1});
  world.tell(writer_, finish_atom::value);
  EXPECT_EQ(offsets(), (list{0}));
  release(0);
  EXPECT_EQ(offsets(), (list{0, 200}));
  EXPECT_EQ(around->finished, 1U) << "the last one is held, and nothing waits behind it";
}

TEST_F(Writer, EndsWithItsSessionHoweverThatEnds) {
  start(block_size);
  world.kill(session);
  EXPECT_TRUE(has_ended(writer_));
}

} // namespace
} // namespace writer_test
} // namespace fleetcast::actors::testing
