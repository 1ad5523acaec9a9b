/// Authentication as a program sees it: the public API, from the request to SESSION_COMPLETE, against a
/// server in the same process.
#include "actors/runtime.hpp"
#include "actors/serve/control_listener.hpp"
#include "actors/serve/directory_provider.hpp"
#include "actors/serve/group_allocator.hpp"
#include "actors/serve/transmissions.hpp"
#include "actors/trust/identity.hpp"
#include "api/fleetcast_ext.h"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/proves.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

namespace fleetcast::actors::testing {
namespace authentication_test {
namespace {

using ::testing::HasSubstr;

constexpr ULONG patience_ms = 60'000;

struct outcome {
  DWORD error = 0;
  std::size_t bytes = 0;
  std::string story;
};

VOID CALLBACK on_start(HANDLE, PVOID, PULARGE_INTEGER) {}

VOID CALLBACK on_contents(HANDLE key, PVOID data, PVOID, ULONG size, PULARGE_INTEGER offset) {
  static_cast<outcome*>(data)->bytes += size;
  WdsTransportClientCompleteReceive(key, size, offset);
}

VOID CALLBACK on_complete(HANDLE, PVOID data, DWORD error) {
  static_cast<outcome*>(data)->error = error;
}

class Authentication : public ::testing::Test {
protected:
  Authentication() {
    std::ofstream{files_.path() / "image"} << std::string(3000, 'x');
    list_ = (state_.path() / "authorized").string();
    identity_ = (state_.path() / "client" / "identity").string();
    known_ = (state_.path() / "known_servers").string();
    fingerprint_ = io::load_or_create_client_identity(identity_).value().fingerprint();
  }

  ~Authentication() override {
    FleetcastConfigure(nullptr);
    caf::anon_send(listener_, stop_atom::value);
    listener_ = nullptr;
  }

  void write_list(const std::string& lines) { std::ofstream{list_, std::ios::trunc} << lines; }

  void serve(const std::string& lines) {
    write_list(lines);
    const auto sending = small_block_options(state_.path() / "server");
    runtime_options with;
    with.serving = serving(sending);
    runtime_ = std::make_unique<runtime>(with);
    const auto sockets = listen_on(
      runtime_->io(), boost::asio::ip::tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0});
    ASSERT_TRUE(sockets) << sockets.error().text;
    const auto catalog = directory_provider::make({{"lab", files_.path().string()}});
    ASSERT_TRUE(catalog) << catalog.error().text;
    auto lists = authorization::make({list_}, {"lab"});
    ASSERT_TRUE(lists) << lists.error().text;
    port_ = sockets->port();
    listener_ = runtime_->system().spawn(
      [&io = runtime_->io(), on = *sockets, who = sending.identity,
       lists = std::make_shared<authorization>(std::move(*lists)), manager = runtime_->manager()](
        control_listening_actor::stateful_pointer<control_listener_state> self,
        std::shared_ptr<content_catalog> objects) {
        return control_listener(self, io, on, who,
                                std::make_shared<offer>(offer_terms{objects, lists}), manager, {});
      },
      std::shared_ptr<content_catalog>{*catalog});
  }

  /// One session of the library.
  outcome get(ULONG auth_level) {
    outcome result;
    FLEETCAST_CONFIG config{};
    config.ulLength = sizeof(config);
    config.pszInterface = "lo";
    config.pszKnownServers = known_.c_str();
    config.pszIdentity = identity_.c_str();
    EXPECT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
    const auto server = L"127.0.0.1:" + std::to_wstring(port_);
    WDS_TRANSPORTCLIENT_REQUEST request{};
    request.ulLength = sizeof(request);
    request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
    request.ulAuthLevel = auth_level;
    request.pwszServer = server.c_str();
    request.pwszNamespace = L"lab";
    request.pwszObjectName = L"image";
    request.ulCacheSize = 1 << 20;
    request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
    HANDLE key = nullptr;
    EXPECT_EQ(WdsTransportClientInitializeSession(&request, &result, &key), DWORD{ERROR_SUCCESS});
    run(key);
    char story[2048] = {};
    EXPECT_EQ(FleetcastGetSessionError(key, story, sizeof(story), nullptr), DWORD{ERROR_SUCCESS});
    result.story = story;
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    return result;
  }

  std::string fingerprint_;

private:
  static void run(HANDLE key) {
    auto add = [key](TRANSPORTCLIENT_CALLBACK_ID id, auto* function) {
      EXPECT_EQ(WdsTransportClientRegisterCallback(key, id, reinterpret_cast<PVOID>(function)),
                DWORD{ERROR_SUCCESS});
    };
    add(WDS_TRANSPORTCLIENT_SESSION_START, on_start);
    add(WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, on_contents);
    add(WDS_TRANSPORTCLIENT_SESSION_COMPLETE, on_complete);
    // Network and server answer in SESSION_COMPLETE, never here (R-START-7).
    EXPECT_EQ(WdsTransportClientStartSession(key), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientWaitForCompletion(key, patience_ms), DWORD{ERROR_SUCCESS});
  }

  temporary_directory state_;
  temporary_directory files_;
  std::string list_;
  std::string identity_;
  std::string known_;
  std::unique_ptr<runtime> runtime_;
  control_listener_actor listener_;
  std::uint16_t port_ = 0;
};

TEST_F(Authentication, AKnownClientGetsTheObject) {
  proves("W-ISES-7");
  serve(fingerprint_ + " this test\n");
  const auto end = get(WDS_TRANSPORTCLIENT_AUTH);
  EXPECT_EQ(end.error, DWORD{ERROR_SUCCESS}) << end.story;
  EXPECT_EQ(end.bytes, 3000U);
}

TEST_F(Authentication, AnUnknownClientIsDeniedAccessByName) {
  proves("W-ISES-7 R-START-7");
  serve("# nobody\n");
  const auto end = get(WDS_TRANSPORTCLIENT_AUTH);
  EXPECT_EQ(end.error, DWORD{ERROR_ACCESS_DENIED});
  EXPECT_THAT(end.story, HasSubstr(fingerprint_));
  EXPECT_EQ(end.bytes, 0U);
}

TEST_F(Authentication, NoAuthIsRefusedByAServerThatWantsToKnow) {
  proves("W-ISES-8 R-START-7");
  serve(fingerprint_ + "\n");
  const auto end = get(WDS_TRANSPORTCLIENT_NO_AUTH);
  EXPECT_EQ(end.error, DWORD{ERROR_NOT_AUTHENTICATED});
  EXPECT_THAT(end.story, HasSubstr("WDS_TRANSPORTCLIENT_AUTH"));
}

} // namespace
} // namespace authentication_test
} // namespace fleetcast::actors::testing
