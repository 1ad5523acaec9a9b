/// The library in one process with a server, by its C API alone: many sessions one after another and
/// at a time, and consumers that are slow. Figures are printed; what is asserted of them says why.
#include "api/fleetcast_ext.h"
#include "api/wdstci.h"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/process_state.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fleetcast::actors::testing {
namespace sessions_test {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::size_t mebibyte = 1 << 20;

ULARGE_INTEGER large(std::uint64_t value) {
  ULARGE_INTEGER result;
  result.QuadPart = value;
  return result;
}

/// One session of a program.
class receiver_program {
public:
  /// `content`: what must come.
  explicit receiver_program(const bytes& content) : content_(content) {}
  virtual ~receiver_program() = default;

  receiver_program(const receiver_program&) = delete;
  receiver_program& operator=(const receiver_program&) = delete;

  DWORD start(const std::string& object, std::uint16_t port, ULONG cache) {
    const auto server = L"127.0.0.1:" + std::to_wstring(port);
    const std::wstring name{object.begin(), object.end()};
    WDS_TRANSPORTCLIENT_REQUEST request{};
    request.ulLength = sizeof(request);
    request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
    request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
    request.pwszServer = server.c_str();
    request.pwszNamespace = L"lab";
    request.pwszObjectName = name.c_str();
    request.ulCacheSize = cache;
    request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
    if (const auto error = WdsTransportClientInitializeSession(&request, this, &key_))
      return error;
    add(WDS_TRANSPORTCLIENT_SESSION_START, on_start);
    add(WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, on_contents);
    add(WDS_TRANSPORTCLIENT_SESSION_COMPLETE, on_complete);
    return WdsTransportClientStartSession(key_);
  }

  /// Waits for the end and closes.
  void expect_intact() {
    ASSERT_EQ(WdsTransportClientWaitForCompletion(key_, INFINITE), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(outcome_, DWORD{ERROR_SUCCESS}) << FleetcastErrorText(outcome_);
    EXPECT_TRUE(intact_) << "bytes are not what was sent";
    EXPECT_EQ(received_, content_.size());
    settle();
    EXPECT_EQ(WdsTransportClientCloseSession(key_), DWORD{ERROR_SUCCESS});
  }

protected:
  virtual void take(ULONG size, std::uint64_t offset) { give_back(size, offset); }

  /// Until every block was given back.
  virtual void settle() {}

  void give_back(ULONG size, std::uint64_t offset) {
    auto at = large(offset);
    EXPECT_EQ(WdsTransportClientCompleteReceive(key_, size, &at), DWORD{ERROR_SUCCESS});
  }

private:
  template <class Function>
  void add(TRANSPORTCLIENT_CALLBACK_ID id, Function* function) {
    EXPECT_EQ(WdsTransportClientRegisterCallback(key_, id, reinterpret_cast<PVOID>(function)),
              DWORD{ERROR_SUCCESS});
  }

  static VOID CALLBACK on_start(HANDLE, PVOID, PULARGE_INTEGER) {}

  static VOID CALLBACK on_contents(HANDLE, PVOID data, PVOID contents, ULONG size,
                                   PULARGE_INTEGER offset) {
    auto& self = *static_cast<receiver_program*>(data);
    const auto at = offset->QuadPart;
    self.intact_ = self.intact_ && at + size <= self.content_.size()
                   && std::memcmp(contents, self.content_.data() + at, size) == 0;
    self.received_ += size;
    self.take(size, at);
  }

  static VOID CALLBACK on_complete(HANDLE, PVOID data, DWORD error) {
    static_cast<receiver_program*>(data)->outcome_ = error;
  }

  const bytes& content_;
  HANDLE key_ = nullptr;
  bool intact_ = true;
  std::uint64_t received_ = 0;
  DWORD outcome_ = ERROR_GEN_FAILURE;
};

/// Gives each block back 5 ms after it came, on a thread of its own. The delay is the load that is
/// tested, no means to order anything.
class late_program final : public receiver_program {
public:
  explicit late_program(const bytes& content)
    : receiver_program(content),
      worker_([this] { work(); }) {}

  ~late_program() override { end_worker(); }

  std::uint64_t most_outstanding() const noexcept { return most_outstanding_; }
  std::size_t most_resident() const noexcept { return most_resident_; }
  std::size_t blocks() const noexcept { return blocks_; }

protected:
  void take(ULONG size, std::uint64_t offset) override {
    const auto outstanding = outstanding_ += size;
    most_outstanding_ = std::max(most_outstanding_, outstanding);
    if (++blocks_ % 16 == 0)
      most_resident_ = std::max(most_resident_, process_state::now().resident_bytes);
    std::lock_guard guard{mutex_};
    late_.push_back({clock::now() + std::chrono::milliseconds{5}, size, offset});
    changed_.notify_all();
  }

  void settle() override { end_worker(); }

private:
  using clock = std::chrono::steady_clock;

  struct late_block {
    clock::time_point due;
    ULONG size;
    std::uint64_t offset;
  };

  void end_worker() {
    if (!worker_.joinable())
      return;
    {
      std::lock_guard guard{mutex_};
      over_ = true;
      changed_.notify_all();
    }
    worker_.join();
  }

  void work() {
    std::unique_lock guard{mutex_};
    while (true) {
      changed_.wait(guard, [this] { return over_ || !late_.empty(); });
      if (late_.empty())
        return;
      const auto block = late_.front();
      late_.pop_front();
      guard.unlock();
      std::this_thread::sleep_until(block.due);
      outstanding_ -= block.size; // before the library hears of it, which may deliver at once
      give_back(block.size, block.offset);
      guard.lock();
    }
  }

  std::atomic<std::uint64_t> outstanding_{0};
  std::uint64_t most_outstanding_ = 0;
  std::size_t most_resident_ = 0;
  std::size_t blocks_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<late_block> late_;
  bool over_ = false;
  std::thread worker_;
};

class Sessions : public ::testing::Test {
protected:
  Sessions() : sending{small_block_options(state.path())} {}

  void SetUp() override {
    const auto known_servers = (state.path() / "known_servers").string();
    FLEETCAST_CONFIG config{};
    config.ulLength = sizeof(config);
    config.pszInterface = "lo";
    config.pszKnownServers = known_servers.c_str();
    ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  }

  void TearDown() override {
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(FleetcastConfigure(nullptr), DWORD{ERROR_SUCCESS});
  }

  const bytes& offer(const std::string& name, std::size_t size) {
    auto& content = offered.emplace_back(sample_bytes(size, size));
    std::ofstream file{files.path() / name, std::ios::binary};
    file.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
    EXPECT_TRUE(file.flush()) << "the test's disk is full";
    return content;
  }

  void serve() { serving = std::make_unique<loopback_server>(sending, files.path()); }

  temporary_directory state;
  temporary_directory files;
  send_options sending;
  std::deque<bytes> offered;
  std::unique_ptr<loopback_server> serving;
};

TEST_F(Sessions, AThousandLeaveMemoryThreadsAndDescriptorsWhereTheyWere) {
  // What the C library and its allocator keep for themselves comes with the warm-up; after it a leak of
  // 8 KiB in each session, less than one of its blocks or of its TLS buffers, would be seen.
  constexpr std::size_t bound = 8 * mebibyte;
  const auto& content = offer("image", 20'000);
  serve();
  const auto run = [&](int count) {
    for (int i = 0; i < count && !HasFailure(); ++i) {
      receiver_program program{content};
      ASSERT_EQ(program.start("image", serving->port(), 1 << 20), DWORD{ERROR_SUCCESS});
      program.expect_intact();
    }
  };
  const auto at_rest = process_state::now();
  run(200);
  const auto before = process_state::settled_at(at_rest);
  run(1000);
  const auto after = process_state::settled_at(before);
  std::cout << "before: " << before << "\nafter a thousand: " << after << '\n';
  EXPECT_LE(after.threads, before.threads);
  EXPECT_LE(after.descriptors, before.descriptors);
  if (resident_bytes_mean_something) {
    EXPECT_LE(after.resident_bytes, before.resident_bytes + bound);
  }
}

TEST_F(Sessions, SixtyFourAtATimeAllGetTheRightBytes) {
  const auto& first = offer("image-1", 300'000);
  const auto& second = offer("image-2", 777'777);
  serve();
  std::deque<receiver_program> programs;
  for (int i = 0; i < 64; ++i) {
    auto& program = programs.emplace_back(i % 2 == 0 ? first : second);
    ASSERT_EQ(program.start(i % 2 == 0 ? "image-1" : "image-2", serving->port(), 1 << 16),
              DWORD{ERROR_SUCCESS});
  }
  std::cout << "with 64 sessions: " << process_state::now() << '\n';
  for (auto& program : programs)
    program.expect_intact();
}

/// By ulCacheSize.
class LateConsumer : public Sessions, public ::testing::WithParamInterface<ULONG> {};

TEST_P(LateConsumer, GetsTheWholeFileWithinItsCredit) {
  constexpr std::size_t size = 64 * mebibyte;
  const auto cache = GetParam();
  sending.shape.reset();
  constexpr std::size_t block
    = std::size_t{protocol::defaults::symbol_size} * protocol::defaults::source_symbols;
  // With credit for one block at a time the same load takes far longer for each byte.
  const auto& content = offer("image", cache == WDS_TRANSPORTCLIENT_NO_CACHE ? size / 4 : size);
  serve();
  const auto before = process_state::now();
  late_program program{content};
  ASSERT_EQ(program.start("image", serving->port(), cache), DWORD{ERROR_SUCCESS});
  program.expect_intact();
  std::cout << "cache " << cache << ": " << program.blocks() << " blocks, at most "
            << program.most_outstanding() << " bytes outstanding; resident before "
            << before.resident_bytes / 1024 << " KiB, at most " << program.most_resident() / 1024
            << " KiB\n";
  EXPECT_LE(program.most_outstanding(), std::max<std::size_t>(cache, block));
  // The blocks that receiver and sender keep, and half as much again for everything else.
  constexpr auto kept = protocol::defaults::cache_blocks + protocol::defaults::sender_cache_blocks;
  if (resident_bytes_mean_something) {
    EXPECT_LE(program.most_resident(), before.resident_bytes + kept * block * 3 / 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, LateConsumer,
                         ::testing::Values(ULONG{mebibyte}, ULONG{WDS_TRANSPORTCLIENT_NO_CACHE}));

} // namespace
} // namespace sessions_test
} // namespace fleetcast::actors::testing
