#include "actors/fleet/reception.hpp"
#include "tests/support/actor_fixture.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors::fleet::testing {
namespace reception_test {
namespace {

using actors::testing::has_ended;
using actors::testing::scripted_world;

/// What a reception says, and how its file behaves.
struct surroundings {
  std::vector<failure> cancelled;
  std::vector<job_phase> phases;
  std::vector<std::string> limits;
  std::size_t released = 0;
  std::function<void()> in_sync = [] {};
  std::optional<receive_request> asked; ///< of the manager
  std::vector<byte_range> held;         ///< in the file
  std::vector<std::uint64_t> proven;    ///< offsets
  bool is_discarded = false;
  failure verdict; ///< of the host on the whole file
};

using shared_surroundings = std::shared_ptr<surroundings>;

class scripted_file final : public target_file {
public:
  explicit scripted_file(shared_surroundings around) : around_(std::move(around)) {}

  std::vector<byte_range> held() const override { return around_->held; }
  result<void> size(std::uint64_t, std::uint32_t) override { return {}; }
  void proven(std::uint64_t offset, std::uint64_t) override { around_->proven.push_back(offset); }
  void discard() override { around_->is_discarded = true; }
  result<void> write(std::uint64_t, std::span<const std::byte>) override { return {}; }
  result<void> read_held(std::uint64_t, std::span<std::byte>) override { return {}; }
  result<void> read(std::uint64_t, std::span<std::byte>) override { return {}; }
  result<void> sync() override {
    around_->in_sync();
    return {};
  }
  result<void> verify() override {
    return around_->verdict ? result<void>{tl::unexpected{around_->verdict}} : result<void>{};
  }
  result<void> publish() override { return {}; }
  result<void> sync_name() override { return {}; }

private:
  shared_surroundings around_;
};

class scripted_files final : public target_files {
public:
  explicit scripted_files(shared_surroundings around) : around_(std::move(around)) {}

  target_file::result<std::unique_ptr<target_file>> open(const target_request&) override {
    return std::make_unique<scripted_file>(around_);
  }

private:
  shared_surroundings around_;
};

session_manager_actor::behavior_type recording_manager(session_manager_actor::pointer,
                                                       shared_surroundings around) {
  return {
    [around](open_atom, session_id, const receive_request& request, const consumer_actor&) {
      around->asked = request;
    },
    [around](cancel_atom, session_id, const failure& reason) {
      around->cancelled.push_back(reason);
    },
    [](join_atom, const join_request&) { return join_reply{}; },
    [](stop_atom) {},
    [](status_atom) { return status_snapshot{}; },
  };
}

writer_actor::behavior_type recording_writer(writer_actor::pointer, shared_surroundings around) {
  return {
    [](const verified_blocks&) {},
    [around](release_atom, const block_release&) { ++around->released; },
    [](const byte_range&) {},
    [](finish_atom) {},
    [](stop_atom) {},
    [](status_atom) { return status_snapshot{}; },
  };
}

/// An object of two blocks.
class Reception : public ::testing::Test {
protected:
  Reception() {
    manager_ = world_.system().spawn(recording_manager, around_);
    writer_ = world_.system().spawn(recording_writer, around_);
    agent_ = world_.system().spawn(
      [around = around_](reception_host_actor::pointer) -> reception_host_actor::behavior_type {
        return {[around](const reception_news& news) {
          around->phases.push_back(news.phase);
          around->limits.push_back(news.figures.limited_by);
        }};
      });
    start();
  }

  void start() {
    reception_config config;
    config.request.object = "disk.img";
    config.session = 7;
    config.files = std::make_shared<scripted_files>(around_);
    config.manager = manager_;
    config.agent = agent_;
    config.patience = patience;
    reception_ = world_.system().spawn(reception, std::move(config));
    world_.run();
    session_started started;
    started.object_size = 2 * block;
    started.block_size = block;
    started.writer = writer_;
    world_.tell(reception_, started);
  }

  ~Reception() override {
    world_.kill(reception_);
    world_.kill(writer_);
    world_.kill(agent_);
    world_.kill(manager_);
  }

  void deliver(std::uint64_t number) {
    const auto bytes = std::make_shared<std::vector<std::byte>>(block);
    world_.tell(reception_, block_delivery{number * block, block, {bytes, bytes->data()}});
  }

  void deliver_all() {
    deliver(0);
    deliver(1);
  }

  void finish(failure reason = {}) {
    world_.tell(reception_, session_finished{std::move(reason), {}});
  }

  void progress(bool waits_for_server) {
    session_progress progress;
    progress.summary.waits_for_server = waits_for_server;
    world_.tell(reception_, progress);
  }

  void suspend() { world_.tell(reception_, stop_atom::value); }

  static constexpr std::uint32_t block = 1000;
  static constexpr auto patience = protocol::seconds(7);

  scripted_world world_;
  shared_surroundings around_ = std::make_shared<surroundings>();
  session_manager_actor manager_;
  writer_actor writer_;
  reception_host_actor agent_;
  reception_actor reception_;
};

TEST_F(Reception, GivesTheLastBlockBackOnceItIsStoredAndCancelsNothing) {
  deliver_all();
  EXPECT_EQ(around_->released, 1U);
  finish();
  EXPECT_TRUE(has_ended(reception_));
  EXPECT_EQ(around_->phases.back(), job_phase::done);
  EXPECT_EQ(around_->released, 2U);
  EXPECT_TRUE(around_->cancelled.empty());
}

TEST_F(Reception, PassesOnWhatTheSessionSaysLimitsItWhileItReceives) {
  EXPECT_EQ(around_->limits.back(), "unknown");
  session_progress progress;
  progress.summary.limited_by = protocol::limiting_factor::consumer;
  while (around_->limits.back() == "unknown") // until the next report is due
    world_.tell(reception_, progress);
  EXPECT_EQ(around_->limits.back(), "consumer");
  deliver_all();
  finish();
  EXPECT_EQ(around_->limits.back(), "");
}

TEST_F(Reception, CancelsItsSessionWhenItCrashesWhileItStores) {
  around_->in_sync = [] { throw std::runtime_error{"the test wants the reception to crash"}; };
  deliver_all();
  finish();
  EXPECT_TRUE(has_ended(reception_));
  EXPECT_EQ(around_->released, 1U);
  ASSERT_EQ(around_->cancelled.size(), 1U) << "the session waits for its last block for ever";
  EXPECT_EQ(around_->cancelled.front().code, failure_code::internal);
}

TEST_F(Reception, CancelsItsSessionWhenItDiesWithBlocksUnread) {
  deliver(0);
  // The session may have delivered everything by now, and then no longer looks after its consumer.
  world_.kill(reception_);
  EXPECT_EQ(around_->cancelled.size(), 1U);
}

TEST_F(Reception, CancelsItsSessionWhenItsAgentDies) {
  deliver_all();
  world_.kill(agent_);
  EXPECT_TRUE(has_ended(reception_));
  EXPECT_EQ(around_->cancelled.size(), 1U);
}

TEST_F(Reception, CancelsNoSessionThatFailed) {
  deliver(0);
  finish({failure_code::connection_lost, 0, "the server is gone"});
  EXPECT_TRUE(has_ended(reception_));
  EXPECT_EQ(around_->phases.back(), job_phase::failed);
  EXPECT_TRUE(around_->cancelled.empty());
  EXPECT_FALSE(around_->is_discarded) << "the next one goes on with it";
}

// -- what outlives it -----------------------------------------------------------------------------

TEST_F(Reception, WaitsForAServerThatWentAway) {
  EXPECT_EQ(around_->asked->patience, patience);
  progress(true);
  EXPECT_EQ(around_->phases.back(), job_phase::waiting);
  progress(false);
  EXPECT_EQ(around_->phases.back(), job_phase::receiving);
}

TEST_F(Reception, GoesOnWithWhatItsFileHolds) {
  world_.kill(reception_);
  around_->held = {{0, block}};
  start();
  EXPECT_TRUE(around_->asked->resumes);
  ASSERT_EQ(around_->asked->held.size(), 1U);
  world_.tell(reception_, block_delivery{0, block, nullptr});
  deliver(1);
  finish();
  EXPECT_EQ(around_->proven, std::vector<std::uint64_t>{0});
  EXPECT_EQ(around_->phases.back(), job_phase::done);
}

TEST_F(Reception, KeepsWhatArrivedAndSaysNothingWhenItIsSuspended) {
  deliver(0);
  const auto said = around_->phases.size();
  suspend();
  ASSERT_EQ(around_->cancelled.size(), 1U);
  finish(around_->cancelled.front());
  EXPECT_TRUE(has_ended(reception_));
  EXPECT_EQ(around_->phases.size(), said);
  EXPECT_FALSE(around_->is_discarded);
}

TEST_F(Reception, IsDoneIfItWasSuspendedTooLate) {
  deliver_all();
  suspend();
  finish();
  EXPECT_EQ(around_->phases.back(), job_phase::done);
}

TEST_F(Reception, KeepsNothingOfWhatWasCancelled) {
  deliver(0);
  world_.tell(reception_, cancel_atom::value, failure{failure_code::cancelled, 0, "the operator"});
  finish(around_->cancelled.front());
  EXPECT_EQ(around_->phases.back(), job_phase::cancelled);
  EXPECT_TRUE(around_->is_discarded);
}

TEST_F(Reception, KeepsNothingThatTheHostDoesNotAccept) {
  around_->verdict = {failure_code::content_corrupt, 0, "/bin/false ended with 1"};
  deliver_all();
  finish();
  EXPECT_EQ(around_->phases.back(), job_phase::failed);
  EXPECT_TRUE(around_->is_discarded);
}

} // namespace
} // namespace reception_test
} // namespace fleetcast::actors::fleet::testing
