// Promises that only a whole transfer shows: the library as programs get it, with a server on the loopback
// interface.
#include "api_test.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/proves.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <set>

namespace fleetcast::conformance {

class WholeTransfer : public api_test {
protected:
  void SetUp() override {
    api::library::instance().replace_engine(nullptr);
    FLEETCAST_CONFIG config{};
    config.ulLength = sizeof(config);
    config.pszInterface = "lo";
    config.pszFingerprint = options_.identity->fingerprint().c_str();
    ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  }

  void TearDown() override {
    api_test::TearDown();
    server_.reset();
  }

  /// Serves one object of `size` bytes, and prepares a session that asks for it.
  void offer(std::size_t size, ULONG cache_bytes) {
    const auto bytes = actors::testing::sample_bytes(size, 1);
    object_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::ofstream{files_.path() / "image", std::ios::binary} << object_;
    server_.emplace(options_, files_.path());
    const auto address = L"127.0.0.1:" + std::to_wstring(server_->port());
    auto request = good_request();
    request.pwszServer = address.c_str();
    request.pwszObjectName = L"image";
    request.ulCacheSize = cache_bytes;
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program_, &program_.key),
              DWORD{ERROR_SUCCESS});
    ASSERT_EQ(program_.register_callbacks(true), DWORD{ERROR_SUCCESS});
  }

  void run() {
    ASSERT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(wait_patiently(program_), DWORD{ERROR_SUCCESS});
  }

  std::uint64_t outstanding() const {
    FLEETCAST_SESSION_STATISTICS figures{};
    figures.ulLength = sizeof(figures);
    EXPECT_EQ(FleetcastGetSessionStatistics(program_.key, &figures), DWORD{ERROR_SUCCESS});
    return figures.ullOutstandingBytes;
  }

  actors::testing::temporary_directory state_;
  actors::testing::temporary_directory files_;
  actors::send_options options_ = actors::testing::small_block_options(state_.path());
  std::string object_;
  std::optional<actors::testing::loopback_server> server_;
  consumer program_;
};

/// Of small_block_options.
constexpr std::uint64_t block_size = 512 * 16;

TEST_F(WholeTransfer, BlocksCoverTheObjectOnceAlignedAndTrue) {
  proves("C-RC-2 C-RC-3 R-RC-7 C-ST-2");
  constexpr std::size_t size = 40 * block_size + 77;
  program_.on_contents = [this](const contents& block) {
    EXPECT_EQ(complete_receive(program_.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  offer(size, 1 << 20);
  run();
  EXPECT_EQ(program_.events().front(), "start " + std::to_string(size));
  EXPECT_EQ(query(program_.key), succeeded);
  std::set<std::uint64_t> offsets;
  std::uint64_t sum = 0;
  for (const auto& block : program_.blocks()) {
    EXPECT_EQ(block.offset % block_size, 0U);
    EXPECT_EQ(block.size, std::min<std::uint64_t>(block_size, size - block.offset));
    EXPECT_TRUE(offsets.insert(block.offset).second) << "twice: " << block.offset;
    EXPECT_TRUE(object_.compare(block.offset, block.size, block.text) == 0);
    sum += block.size;
  }
  EXPECT_EQ(sum, size);
}

TEST_F(WholeTransfer, NeverMoreIsOutThanTheCacheHolds) {
  proves("W-ISES-12 W-CR-5");
  std::vector<contents> held;
  std::uint64_t most = 0;
  program_.on_contents = [&](const contents& block) {
    held.push_back(block);
    most = std::max(most, outstanding());
    if (held.size() < 3) // what the cache holds
      return;
    EXPECT_EQ(complete_receive(program_.key, held.front().size, held.front().offset),
              DWORD{ERROR_SUCCESS});
    held.erase(held.begin());
  };
  offer(40 * block_size, 3 * block_size);
  run();
  EXPECT_EQ(most, 3 * block_size);
  EXPECT_EQ(program_.blocks().size(), 40U);
}

TEST_F(WholeTransfer, ACallbackThatBlocksLetsAnotherSessionArriveWhole) {
  proves("R-TH-8");
  gate hold;
  program_.on_start = [&] { hold.pass(); };
  program_.on_contents = [this](const contents& block) {
    EXPECT_EQ(complete_receive(program_.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  offer(20 * block_size, 1 << 20);
  ASSERT_EQ(WdsTransportClientStartSession(program_.key), DWORD{ERROR_SUCCESS});
  hold.await_arrival();

  consumer other;
  other.on_contents = [&other](const contents& block) {
    EXPECT_EQ(complete_receive(other.key, block.size, block.offset), DWORD{ERROR_SUCCESS});
  };
  const auto address = L"127.0.0.1:" + std::to_wstring(server_->port());
  auto request = good_request();
  request.pwszServer = address.c_str();
  request.pwszObjectName = L"image";
  ASSERT_EQ(WdsTransportClientInitializeSession(&request, &other, &other.key),
            DWORD{ERROR_SUCCESS});
  ASSERT_EQ(other.register_callbacks(), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientStartSession(other.key), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(wait_patiently(other), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(other.key), succeeded);

  hold.open();
  EXPECT_EQ(wait_patiently(program_), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(query(program_.key), succeeded);
}

} // namespace fleetcast::conformance
