// What ulCacheSize promises, with the writer that keeps the promise between the session and the callbacks.
#include "api_test.hpp"
#include "tests/support/proves.hpp"

namespace fleetcast::conformance {

/// A session that runs, told of twelve bytes in blocks of four.
class Credit : public api_test {
protected:
  void run_with_cache(ULONG bytes) {
    auto request = good_request();
    request.ulCacheSize = bytes;
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program_, &program_.key),
              DWORD{ERROR_SUCCESS});
    ASSERT_EQ(program_.register_callbacks(), DWORD{ERROR_SUCCESS});
    play_->has_real_writer = true;
    ASSERT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
    play_->id(); // it is there
    play_->start(12, 4);
  }

  void give_three_blocks() {
    for (std::uint64_t offset : {0U, 4U, 8U})
      play_->give_writer(offset, "data");
  }

  /// The blocks the consumer got before everything that the writer has was offered to it.
  events delivered() {
    play_->await_writer();
    play_->deliver(marker, "!"); // past the writer, behind all that it delivered
    program_.await_event("contents 1000+1");
    auto seen = program_.events();
    seen.pop_back();
    seen.erase(seen.begin());
    return seen;
  }

  void complete(std::uint64_t offset) {
    EXPECT_EQ(complete_receive(program_.key, 4, offset), DWORD{ERROR_SUCCESS});
  }

  void finish() {
    play_->finish();
    ASSERT_EQ(wait(program_), DWORD{ERROR_SUCCESS});
  }

  static constexpr std::uint64_t marker = 1000;

  consumer& program_ = make_consumer();
};

TEST_F(Credit, DeliveryStandsStillAtTheCacheSize) {
  proves("W-ISES-12 W-CR-4 W-CR-5");
  run_with_cache(8);
  give_three_blocks();
  EXPECT_EQ(delivered(), (events{"contents 0+4", "contents 4+4"}));
  finish();
}

TEST_F(Credit, DeliveryGoesOnAsSoonAsABlockIsCompleted) {
  proves("W-CR-1 W-CR-5 R-CR-8");
  run_with_cache(8);
  give_three_blocks();
  program_.await_event("contents 4+4");
  complete(4); // not the one that came first
  program_.await_event("contents 8+4");
  finish();
}

TEST_F(Credit, InsideTheCallbackToo) {
  proves("R-CR-8");
  program_.on_contents = [this](const contents& block) { complete(block.offset); };
  run_with_cache(4);
  give_three_blocks();
  program_.await_event("contents 8+4");
  finish();
}

TEST_F(Credit, ABlockLargerThanTheCacheComesAllTheSame) {
  proves("R-CR-11");
  run_with_cache(3);
  give_three_blocks();
  EXPECT_EQ(delivered(), events{"contents 0+4"});
  finish();
}

TEST_F(Credit, NoCacheMeansOneBlockAtATime) {
  run_with_cache(WDS_TRANSPORTCLIENT_NO_CACHE);
  give_three_blocks();
  program_.await_event("contents 0+4");
  complete(0);
  EXPECT_EQ(delivered(), (events{"contents 0+4", "contents 4+4"}));
  finish();
}

TEST_F(Credit, ARefusedCompletionGivesNoCredit) {
  proves("W-CR-3 R-CR-9");
  run_with_cache(4);
  give_three_blocks();
  program_.await_event("contents 0+4");
  EXPECT_EQ(complete_receive(program_.key, 3, 0), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(complete_receive(program_.key, 4, 8), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(delivered(), events{"contents 0+4"});
  finish();
}

TEST_F(Credit, AReferenceHoldsMemoryButNoCredit) {
  proves("R-BUF-8");
  PVOID kept = nullptr;
  program_.on_contents = [&](const contents& block) {
    if (block.offset == 0) {
      kept = block.bytes;
      EXPECT_EQ(WdsTransportClientAddRefBuffer(kept), DWORD{ERROR_SUCCESS});
      complete(0);
    }
  };
  run_with_cache(4);
  give_three_blocks();
  program_.await_event("contents 4+4"); // though the first buffer is kept
  EXPECT_EQ(WdsTransportClientReleaseBuffer(kept), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(delivered(), (events{"contents 0+4", "contents 4+4"})); // a release is no credit
  finish();
}

} // namespace fleetcast::conformance
