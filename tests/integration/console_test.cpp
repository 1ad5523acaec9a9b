/// The console of a program that embeds the library: what it can do to a session, and what it shows of an
/// actor that is stuck.
#include "actors/console/frame.hpp"
#include "actors/console/socket_directory.hpp"
#include "api/fleetcast_ext.h"
#include "api/wdstci.h"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fleetcast::actors::testing {
namespace console_test {
namespace {

using boost::asio::local::stream_protocol;
using json = nlohmann::json;

/// One connection to this process's own console.
class console_user {
public:
  explicit console_user(const std::filesystem::path& path)
    : number_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << path << ": " << std::strerror(errno);
  }
  ~console_user() { ::close(number_); }

  console_user(const console_user&) = delete;
  console_user& operator=(const console_user&) = delete;

  frame ask(const std::string& line) {
    const auto whole = line + "\n";
    EXPECT_EQ(::send(number_, whole.data(), whole.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(whole.size()));
    std::string head;
    for (char c = 0; ::recv(number_, &c, 1, 0) == 1 && c != '\n';)
      head.push_back(c);
    const auto header = decode_frame_header(head);
    EXPECT_TRUE(header) << head;
    if (!header)
      return {};
    std::string text(header->size, ' ');
    EXPECT_EQ(::recv(number_, text.data(), text.size(), MSG_WAITALL),
              static_cast<ssize_t>(text.size()));
    return {header->kind, text};
  }

  json ask_json(const std::string& line) {
    const auto answer = ask("--json " + line);
    EXPECT_EQ(answer.kind, frame_kind::ok) << answer.text;
    return json::parse(answer.text);
  }

private:
  int number_;
};

const json* find_actor(const json& actors, const std::string& kind) {
  for (const auto& one : actors) {
    if (one["actor"] == kind)
      return &one;
    if (const auto* found = find_actor(one["children"], kind))
      return found;
  }
  return nullptr;
}

std::size_t silent(const json& actors) {
  std::size_t result = 0;
  for (const auto& one : actors)
    result += (one["answered"] == false ? 1 : 0) + silent(one["children"]);
  return result;
}

/// A program that stays in RECEIVE_CONTENTS until it is let go: an actor wedged on purpose.
struct wedged_program {
  std::promise<void> inside;
  std::promise<void> release;
  std::shared_future<void> released{release.get_future()};
  bool is_first = true;
  DWORD outcome = ERROR_SUCCESS;

  static VOID CALLBACK on_start(HANDLE, PVOID, PULARGE_INTEGER) {}

  static VOID CALLBACK on_contents(HANDLE key, PVOID data, PVOID, ULONG size,
                                   PULARGE_INTEGER offset) {
    auto& self = *static_cast<wedged_program*>(data);
    if (std::exchange(self.is_first, false))
      self.inside.set_value();
    self.released.wait();
    WdsTransportClientCompleteReceive(key, size, offset);
  }

  static VOID CALLBACK on_complete(HANDLE, PVOID data, DWORD error) {
    static_cast<wedged_program*>(data)->outcome = error;
  }
};

class ConsoleOfAProgram : public ::testing::Test {
protected:
  ConsoleOfAProgram() {
    const auto bytes = sample_bytes(4 << 20, 1);
    std::ofstream{root_.path() / "image", std::ios::binary}.write(
      reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ::setenv("XDG_RUNTIME_DIR", root_.path().c_str(), 1);
    known_ = (root_.path() / "known").string();
  }

  ~ConsoleOfAProgram() override {
    FleetcastConfigure(nullptr);
    ::unsetenv("XDG_RUNTIME_DIR");
  }

  DWORD configure(ULONG console) const {
    FLEETCAST_CONFIG config{};
    config.ulLength = sizeof config;
    config.pszKnownServers = known_.c_str();
    config.ulConsole = console;
    return FleetcastConfigure(&config);
  }

  std::vector<console_socket> consoles() const { return find_consoles(root_.path() / "fleetcast"); }

  static void add(HANDLE key, TRANSPORTCLIENT_CALLBACK_ID id, auto* function) {
    EXPECT_EQ(WdsTransportClientRegisterCallback(key, id, reinterpret_cast<PVOID>(function)),
              DWORD{ERROR_SUCCESS});
  }

  static HANDLE start(wedged_program& program, std::uint16_t port) {
    const auto server = L"127.0.0.1:" + std::to_wstring(port);
    WDS_TRANSPORTCLIENT_REQUEST request{};
    request.ulLength = sizeof(request);
    request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
    request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
    request.pwszServer = server.c_str();
    request.pwszNamespace = L"lab";
    request.pwszObjectName = L"image";
    request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
    HANDLE key = nullptr;
    EXPECT_EQ(WdsTransportClientInitializeSession(&request, &program, &key), DWORD{ERROR_SUCCESS});
    add(key, WDS_TRANSPORTCLIENT_SESSION_START, wedged_program::on_start);
    add(key, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, wedged_program::on_contents);
    add(key, WDS_TRANSPORTCLIENT_SESSION_COMPLETE, wedged_program::on_complete);
    EXPECT_EQ(WdsTransportClientStartSession(key), DWORD{ERROR_SUCCESS});
    return key;
  }

  temporary_directory root_;
  std::string known_;
};

TEST_F(ConsoleOfAProgram, IsThereWhenItIsAskedForAndGoesWithTheLibrary) {
  ASSERT_EQ(configure(FLEETCAST_CONSOLE_DEFAULT), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(consoles().empty()) << "a library opens nothing of its own accord";
  WdsTransportClientShutdown();
  ASSERT_EQ(configure(FLEETCAST_CONSOLE_ON), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(consoles().size(), 1U);
  EXPECT_EQ(consoles().front().pid, ::getpid());
  console_user user{consoles().front().path};
  EXPECT_NE(user.ask("tree").text.find("session_manager"), std::string::npos);
  WdsTransportClientShutdown();
  EXPECT_TRUE(consoles().empty());
  EXPECT_EQ(configure(FLEETCAST_CONSOLE_ON + 1), DWORD{ERROR_INVALID_PARAMETER});
}

TEST_F(ConsoleOfAProgram, DoesNotDisturbThoseOfOthersWhenItStarts) {
  ASSERT_TRUE(prepare_socket_directory(root_.path() / "fleetcast"));
  const auto path = root_.path() / "fleetcast" / ("serve." + std::to_string(::getpid()) + ".sock");
  boost::asio::io_context context;
  stream_protocol::acceptor other{context, stream_protocol::endpoint{path.native()}};
  ASSERT_EQ(configure(FLEETCAST_CONSOLE_ON), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  other.non_blocking(true);
  boost::system::error_code error;
  (void)other.accept(error);
  EXPECT_EQ(error, boost::asio::error::would_block) << "somebody called";
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ConsoleOfAProgram, ComesWithTheVariable) {
  ::setenv("FLEETCAST_CONSOLE", "1", 1);
  EXPECT_EQ(configure(FLEETCAST_CONSOLE_DEFAULT), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(consoles().size(), 1U);
  WdsTransportClientShutdown();
  EXPECT_EQ(configure(FLEETCAST_CONSOLE_OFF), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_TRUE(consoles().empty()) << "the program has the last word";
  WdsTransportClientShutdown();
  ::unsetenv("FLEETCAST_CONSOLE");
}

TEST_F(ConsoleOfAProgram, ThatCannotBeMadeKeepsNothingFromWorking) {
  ::setenv("XDG_RUNTIME_DIR", (root_.path() / std::string(200, 'x')).c_str(), 1);
  ASSERT_EQ(configure(FLEETCAST_CONSOLE_ON), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  WdsTransportClientShutdown();
}

TEST_F(ConsoleOfAProgram, ShowsAWedgedActorAndCancelsItsSession) {
  loopback_server server{small_block_options(root_.path() / "state"), root_.path()};
  ASSERT_EQ(configure(FLEETCAST_CONSOLE_ON), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  wedged_program program;
  const auto key = start(program, server.port());
  program.inside.get_future().wait();

  const auto found = consoles();
  EXPECT_EQ(found.size(), 1U);
  if (found.size() == 1) {
    console_user user{found.front().path};
    const auto actors = user.ask_json("tree")["actors"];
    EXPECT_EQ(silent(actors), 1U) << actors.dump(1);
    const auto* wedged = find_actor(actors, "callbacks");
    EXPECT_TRUE(wedged != nullptr && (*wedged)["state"] == "no answer in 250 ms") << actors.dump(1);
    for (const auto* kind : {"session_manager", "receive_session", "reassembly", "writer", "api",
                             "control_client", "socket_reader", "console"}) {
      const auto* one = find_actor(actors, kind);
      EXPECT_TRUE(one != nullptr && (*one)["answered"] == true) << kind;
    }
    const auto sessions = user.ask_json("sessions")["sessions"];
    EXPECT_EQ(sessions.size(), 1U);
    const auto answer = user.ask("cancel " + sessions.at(0)["session"].dump());
    EXPECT_EQ(answer.kind, frame_kind::ok) << answer.text;
  }

  program.release.set_value();
  EXPECT_EQ(WdsTransportClientWaitForCompletion(key, INFINITE), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(program.outcome, DWORD{ERROR_CANCELLED}) << "1223";
  EXPECT_EQ(WdsTransportClientCloseSession(key), DWORD{ERROR_SUCCESS});
  WdsTransportClientShutdown();
}

} // namespace
} // namespace console_test
} // namespace fleetcast::actors::testing
