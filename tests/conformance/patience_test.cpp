// How long a session waits for its server: what reaches it of the call, and what the figures say meanwhile.
#include "api_test.hpp"

namespace fleetcast::conformance {
namespace patience_test {
namespace {

class Patience : public api_test {
protected:
  consumer program;
};

TEST_F(Patience, ReachesTheSession) {
  prepare(program);
  ASSERT_EQ(FleetcastSetPatience(program.key, 1), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(FleetcastSetPatience(program.key, 0xFFFFFFFF), DWORD{ERROR_SUCCESS})
    << "the last word counts";
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->request().patience, std::chrono::milliseconds{0xFFFFFFFF});
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(Patience, NobodyHasAnyUnlessHeSaysSo) {
  prepare(program);
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(play_->request().patience.count(), 0) << "WDS documents that a session ends then";
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

TEST_F(Patience, IsSettledBeforeTheStart) {
  EXPECT_EQ(FleetcastSetPatience(nullptr, 1), DWORD{ERROR_INVALID_HANDLE});
  prepare(program);
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(FleetcastSetPatience(program.key, 1), DWORD{ERROR_INVALID_STATE});
  play_->finish();
  ASSERT_EQ(wait(program), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientCloseSession(program.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(FleetcastSetPatience(program.key, 1), DWORD{ERROR_INVALID_HANDLE});
}

TEST_F(Patience, TheFiguresTellOfTheWaitAndOfTheReturn) {
  prepare(program);
  ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  play_->start(8, 4);
  const auto figures = [&] {
    FLEETCAST_SESSION_STATISTICS result{};
    result.ulLength = sizeof(result);
    EXPECT_EQ(FleetcastGetSessionStatistics(program.key, &result), DWORD{ERROR_SUCCESS});
    return result;
  };
  actors::session_progress progress;
  progress.summary.waits_for_server = true;
  play_->send(progress);
  play_->deliver(0, "0123");
  program.await_event("contents 0+4");
  EXPECT_EQ(figures().ulWaitsForServer, 1U);
  EXPECT_EQ(figures().ulReconnections, 0U);
  progress.summary.waits_for_server = false;
  progress.summary.reconnections = 1;
  play_->send(progress);
  play_->deliver(4, "4567");
  program.await_event("contents 4+4");
  EXPECT_EQ(figures().ulWaitsForServer, 0U);
  EXPECT_EQ(figures().ulReconnections, 1U);
  play_->finish();
  EXPECT_EQ(wait(program), DWORD{ERROR_SUCCESS});
}

} // namespace
} // namespace patience_test
} // namespace fleetcast::conformance
