// What a program holds before its session begins: read again on a thread of its own, proven or received.
#include "api_test.hpp"
#include "protocol/wire/block_digest.hpp"
#include "tests/support/proves.hpp"

#include <atomic>
#include <cstring>
#include <limits>

namespace fleetcast::conformance {
namespace held_test {
namespace {

const std::string object = "0123456789"; // in blocks of four

/// A program that holds all of the object but what is absent.
struct holder : consumer {
  std::string absent; ///< first letters of blocks that cannot be read
  std::function<void(std::uint64_t)> on_read;
  std::function<void(std::uint64_t)> on_proven;

  DWORD hold(std::vector<FLEETCAST_BYTE_RANGE> ranges) {
    FLEETCAST_HELD held{};
    held.ulLength = sizeof(held);
    held.ulRanges = static_cast<ULONG>(ranges.size());
    held.pRanges = ranges.data();
    held.pfnRead = read;
    held.pfnProven = proven;
    return FleetcastHold(key, &held);
  }

  std::vector<std::string> reads() const {
    std::lock_guard guard{reading};
    return read_blocks;
  }

  std::vector<std::string> proofs() const {
    std::lock_guard guard{reading};
    return proven_blocks;
  }

private:
  static DWORD CALLBACK read(HANDLE key, PVOID data, PVOID buffer, ULONG size,
                             PULARGE_INTEGER offset) {
    auto& self = *static_cast<holder*>(static_cast<consumer*>(data));
    EXPECT_EQ(key, self.key);
    {
      std::lock_guard guard{self.reading};
      self.read_blocks.push_back(std::to_string(offset->QuadPart) + "+" + std::to_string(size));
    }
    if (self.on_read)
      self.on_read(offset->QuadPart);
    std::memcpy(buffer, object.data() + offset->QuadPart, size);
    const bool is_absent = self.absent.find(object.at(offset->QuadPart)) != std::string::npos;
    return is_absent ? ERROR_READ_FAULT : ERROR_SUCCESS;
  }

  static VOID CALLBACK proven(HANDLE key, PVOID data, ULONG size, PULARGE_INTEGER offset) {
    auto& self = *static_cast<holder*>(static_cast<consumer*>(data));
    EXPECT_EQ(key, self.key);
    {
      std::lock_guard guard{self.reading};
      self.proven_blocks.push_back(std::to_string(offset->QuadPart) + "+" + std::to_string(size));
    }
    if (self.on_proven)
      self.on_proven(offset->QuadPart);
  }

  mutable std::mutex reading;
  std::vector<std::string> read_blocks;
  std::vector<std::string> proven_blocks;
};

class Held : public api_test {
protected:
  void TearDown() override {
    api_test::TearDown();
    EXPECT_TRUE(program.well_called());
  }

  /// A session that holds these blocks, started.
  void start(std::vector<protocol::wire::block_range> blocks) {
    prepare(program, true);
    ASSERT_EQ(program.hold({{0, object.size()}}), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
    play_->held = std::move(blocks);
    play_->start(object.size(), 4);
  }

  static protocol::wire::digest digest_of(std::size_t offset, std::size_t size) {
    return protocol::wire::digest_of(std::as_bytes(std::span{object}.subspan(offset, size)));
  }

  holder program;
};

TEST_F(Held, ReachesTheSessionAsRangesOfBytes) {
  prepare(program);
  ASSERT_EQ(program.hold({{100, 50}, {0, 20}}), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  const auto held = play_->request().held;
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held[0].first, 100U);
  EXPECT_EQ(held[0].size, 50U);
  EXPECT_EQ(held[1].first, 0U);
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(Held, IsWhatWasSaidLast) {
  prepare(program);
  ASSERT_EQ(program.hold({{0, 20}}), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(FleetcastHold(program.key, nullptr), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(play_->request().held.empty());
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(Held, IsRefusedWhenItMakesNoSense) {
  prepare(program);
  const FLEETCAST_BYTE_RANGE range{0, 1};
  FLEETCAST_HELD held{};
  held.ulLength = sizeof(held) - 1;
  EXPECT_EQ(FleetcastHold(program.key, &held), DWORD{ERROR_BAD_LENGTH});
  held.ulLength = sizeof(held);
  EXPECT_EQ(FleetcastHold(program.key, &held), DWORD{ERROR_SUCCESS}) << "nothing is held";
  held.ulRanges = 1;
  held.pRanges = &range;
  EXPECT_EQ(FleetcastHold(program.key, &held), DWORD{ERROR_INVALID_PARAMETER}) << "no functions";
  EXPECT_EQ(program.hold({{1, std::numeric_limits<std::uint64_t>::max()}}),
            DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(FleetcastHold(nullptr, &held), DWORD{ERROR_INVALID_HANDLE});
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.hold({range}), DWORD{ERROR_INVALID_STATE});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.hold({range}), DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(Held, IsReadBlockByBlockAndWhatWasFoundIsTold) {
  program.absent = "4";
  start({{0, 3}});
  const auto found = play_->await_digests(3);
  EXPECT_EQ(program.reads(), (events{"0+4", "4+4", "8+2"}));
  EXPECT_EQ(found[0].block, 0U);
  EXPECT_EQ(found[0].digest, digest_of(0, 4));
  EXPECT_EQ(found[1].digest, std::nullopt) << "it could not be read";
  EXPECT_EQ(found[2].block, 2U);
  EXPECT_EQ(found[2].digest, digest_of(8, 2));
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(Held, BlocksThatAreProvenComeInPlaceOfContentsAndAreCompletedAsThese) {
  start({{0, 2}});
  (void)play_->await_digests(2);
  play_->prove(0, 4);
  play_->deliver(8, "89");
  play_->prove(4, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.proofs(), (events{"0+4", "4+4"}));
  EXPECT_EQ(program.blocks().size(), 1U);
  FLEETCAST_SESSION_STATISTICS figures{};
  figures.ulLength = sizeof(figures);
  ASSERT_EQ(FleetcastGetSessionStatistics(program.key, &figures), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(figures.ullDeliveredBytes, 2U) << "handed to RECEIVE_CONTENTS";
  EXPECT_EQ(figures.ullOutstandingBytes, 10U);
  EXPECT_EQ(complete_receive(program.key, 3, 0), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(complete_receive(program.key, 4, 0), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program.key, 2, 8), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(complete_receive(program.key, 4, 4), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->await_releases(3).size(), 3U);
  EXPECT_EQ(complete_receive(program.key, 4, 0), DWORD{ERROR_INVALID_PARAMETER}) << "only once";
}

TEST_F(Held, OutsideOfANegotiatedRangeIsNotRead) {
  program.on_negotiate = [this](HANDLE negotiate) {
    EXPECT_EQ(
      WdsTransportClientNegotiateRequiredDataRange(program.key, negotiate, large(5), large(2)),
      DWORD{ERROR_SUCCESS});
  };
  start({{0, 3}});
  (void)play_->await_digests(1);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.reads(), events{"4+4"});
}

TEST_F(Held, IsReadBesideTheOtherCallbacksAndTheEndWaitsForTheReadUnderWay) {
  gate in_read;
  std::atomic<bool> has_read{false};
  bool was_read_at_end = false;
  program.on_read = [&](std::uint64_t) {
    in_read.pass();
    has_read = true;
  };
  program.on_complete = [&](DWORD) { was_read_at_end = has_read; };
  start({{0, 3}});
  in_read.await_arrival();
  play_->deliver(8, "89");
  program.await_event("contents 8+2"); // though a read is under way
  ASSERT_EQ(WdsTransportClientCancelSession(program.key), DWORD{ERROR_SUCCESS});
  play_->finish({actors::failure_code::cancelled, 0, "cancelled"});
  in_read.open();
  ASSERT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(was_read_at_end);
  EXPECT_EQ(program.reads(), events{"0+4"}) << "after a cancel none begins";
}

TEST_F(Held, InsideOfAReadNobodyWaitsForTheSession) {
  std::atomic<DWORD> waited{0};
  std::atomic<DWORD> shut_down{0};
  program.on_read = [&](std::uint64_t) {
    waited = WdsTransportClientWaitForCompletion(program.key, INFINITE);
    shut_down = WdsTransportClientShutdown();
  };
  start({{0, 1}});
  (void)play_->await_digests(1);
  play_->finish();
  ASSERT_EQ(wait_patiently(program), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(waited, DWORD{ERROR_POSSIBLE_DEADLOCK});
  EXPECT_EQ(shut_down, DWORD{ERROR_POSSIBLE_DEADLOCK});
}

TEST_F(Held, ABlockThatIsProvenAfterACancelIsNotTold) {
  start({{0, 1}});
  (void)play_->await_digests(1);
  ASSERT_EQ(WdsTransportClientCancelSession(program.key), DWORD{ERROR_SUCCESS});
  play_->prove(0, 4);
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(program.proofs().empty());
}

} // namespace
} // namespace held_test
} // namespace fleetcast::conformance
