/// The library, initialised, over a scripted world.
#pragma once

#include "api/fleetcast_ext.h"
#include "api/library.hpp"
#include "api/wdstci.h"
#include "consumer.hpp"
#include "scripted_engine.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fleetcast::conformance {

inline WDS_TRANSPORTCLIENT_REQUEST good_request() {
  WDS_TRANSPORTCLIENT_REQUEST request{};
  request.ulLength = sizeof(request);
  request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  request.pwszServer = L"server";
  request.pwszNamespace = L"lab";
  request.pwszObjectName = L"images/disk.img";
  request.ulCacheSize = 1 << 20;
  request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  return request;
}

inline ULARGE_INTEGER large(std::uint64_t value) {
  ULARGE_INTEGER result;
  result.QuadPart = value;
  return result;
}

inline DWORD complete_receive(HANDLE key, ULONG size, std::uint64_t offset) {
  auto at = large(offset);
  return WdsTransportClientCompleteReceive(key, size, &at);
}

struct session_status {
  ULONG status = 0;
  ULONG error = 0;

  friend bool operator==(const session_status&, const session_status&) = default;
};

inline session_status query(HANDLE key) {
  session_status result{99, 99}; // to be overwritten, with 0 where nothing failed
  auto error = WdsTransportClientQueryStatus(key, &result.status, &result.error);
  return error == ERROR_SUCCESS ? result : session_status{0, error};
}

constexpr session_status in_progress{WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS, 0};
constexpr session_status succeeded{WDS_TRANSPORTCLIENT_STATUS_SUCCESS, 0};
constexpr session_status failed(ULONG error) {
  return {WDS_TRANSPORTCLIENT_STATUS_FAILURE, error};
}

/// What a consumer wrote down.
using events = std::vector<std::string>;

/// The scripted world is in place; nothing is initialised.
class scripted_test : public ::testing::Test {
protected:
  void SetUp() override {
    api::library::instance().replace_engine(
      [play = play_](std::size_t) { return std::make_unique<scripted_engine>(play); });
  }

  void TearDown() override {
    while (WdsTransportClientShutdown() == ERROR_SUCCESS) {}
    EXPECT_EQ(FleetcastConfigure(nullptr), DWORD{ERROR_SUCCESS});
    api::library::instance().replace_engine(nullptr);
    EXPECT_EQ(play_->buffers_alive(), 0U) << "the library kept block memory";
  }

  std::shared_ptr<script> play_ = std::make_shared<script>();
};

/// And the library is initialised.
class api_test : public scripted_test {
protected:
  void SetUp() override {
    scripted_test::SetUp();
    ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  }

  /// Lives until the library is down: callbacks of a closed session may come until then.
  consumer& make_consumer() { return consumers_.emplace_back(); }

  /// A session with all callbacks, not started.
  void prepare(consumer& program, bool all_callbacks = false) {
    auto request = good_request();
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program, &program.key),
              DWORD{ERROR_SUCCESS});
    ASSERT_EQ(program.register_callbacks(all_callbacks), DWORD{ERROR_SUCCESS});
  }

  void prepare_and_start(consumer& program, bool all_callbacks = false) {
    prepare(program, all_callbacks);
    ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
  }

  static DWORD wait(const consumer& program) {
    return WdsTransportClientWaitForCompletion(program.key, INFINITE);
  }

  /// For sessions whose end is what is tested: fails instead of hanging.
  static DWORD wait_patiently(const consumer& program) {
    auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
    return WdsTransportClientWaitForCompletion(program.key, static_cast<ULONG>(limit.count()));
  }

  /// Until a Shutdown on another thread is under way. It tells nobody, hence the asking.
  static void await_shutdown() {
    auto request = good_request();
    HANDLE key = nullptr;
    while (WdsTransportClientInitializeSession(&request, nullptr, &key) == ERROR_SUCCESS) {
      WdsTransportClientCloseSession(key);
      std::this_thread::yield();
    }
  }

  static std::size_t sessions_known() { return api::library::instance().sessions().size(); }
  static std::size_t buffers_known() { return api::library::instance().buffers().size(); }

private:
  std::deque<consumer> consumers_;
};

} // namespace fleetcast::conformance
