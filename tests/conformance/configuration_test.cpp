// What a process sets beyond the WDS structures: three ways, one order; and the log.
#include "actors/messages/receiving.hpp"
#include "api_test.hpp"
#include "tests/support/proves.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

namespace fleetcast::conformance {

using ::testing::AllOf;
using ::testing::HasSubstr;

namespace configuration_test {
namespace {

/// Lines as a program's function got them.
struct log_lines {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> lines;
  std::function<void()> on_line;

  static VOID CALLBACK take(PVOID context, ULONG level, const char* line) {
    auto* self = static_cast<log_lines*>(context);
    if (self->on_line)
      self->on_line();
    std::lock_guard guard{self->mutex};
    self->lines.push_back(std::to_string(level) + " " + line);
    self->changed.notify_all();
  }

  bool await(const std::string& part) {
    std::unique_lock guard{mutex};
    return changed.wait_for(guard, patience, [&] {
      return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
      });
    });
  }

  std::size_t count() {
    std::lock_guard guard{mutex};
    return lines.size();
  }
};

std::string configuration_error() {
  ULONG needed = 0;
  EXPECT_EQ(FleetcastGetConfigurationError(nullptr, 0, &needed), DWORD{ERROR_INSUFFICIENT_BUFFER});
  std::string text(needed, '\0');
  EXPECT_EQ(FleetcastGetConfigurationError(text.data(), needed, nullptr), DWORD{ERROR_SUCCESS});
  text.pop_back();
  return text;
}

FLEETCAST_CONFIG empty_config() {
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  return config;
}

} // namespace

class Settings : public scripted_test {
protected:
  void SetUp() override { scripted_test::SetUp(); }

  void TearDown() override {
    scripted_test::TearDown();
    for (const auto& name : set_)
      ::unsetenv(name.c_str());
    ::setenv("FLEETCAST_CONFIG", "/dev/null", 1);
  }

  void variable(const std::string& name, const std::string& value) {
    set_.push_back(name);
    ASSERT_EQ(::setenv(name.c_str(), value.c_str(), 1), 0);
  }

  void file(const std::string& text) {
    const auto path = directory_ / "config.toml";
    std::ofstream{path, std::ios::trunc} << text;
    variable("FLEETCAST_CONFIG", path.string());
  }

  /// What the session manager is asked for, of a session with an ordinary request.
  actors::receive_request launched() {
    EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS}) << configuration_error();
    auto& program = programs_.emplace_back();
    auto request = good_request();
    EXPECT_EQ(WdsTransportClientInitializeSession(&request, &program, &program.key),
              DWORD{ERROR_SUCCESS});
    EXPECT_EQ(program.register_callbacks(), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
    const auto index = programs_.size() - 1;
    auto result = play_->request(index);
    play_->finish({}, index);
    EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, INFINITE), DWORD{ERROR_SUCCESS});
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    return result;
  }

  actors::testing::temporary_directory own_;
  std::filesystem::path directory_ = own_.path();
  std::deque<consumer> programs_;
  std::vector<std::string> set_;
};

// -- three ways, one order ----------------------------------------------------------------------------

TEST_F(Settings, OfTheProgramComeBeforeTheEnvironmentBeforeTheFile) {
  file("interface = \"file\"\nknown_servers = \"/file\"\nidentity = \"/file\"\n");
  variable("FLEETCAST_KNOWN_SERVERS", "/environment");
  variable("FLEETCAST_IDENTITY", "/environment");
  auto config = empty_config();
  config.pszIdentity = "/program";
  ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
  auto request = launched();
  EXPECT_EQ(request.interface, "file");
  EXPECT_EQ(request.known_servers, "/environment");
  EXPECT_EQ(request.identity, "/program");
  ASSERT_EQ(FleetcastConfigure(nullptr), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(launched().identity, "/environment");
}

TEST_F(Settings, AreReadAnewByEachFirstInitialize) {
  file("interface = \"eth1\"\n");
  EXPECT_EQ(launched().interface, "eth1");
  file("interface = \"eth2\"\n");
  EXPECT_EQ(launched().interface, "eth2");
}

TEST_F(Settings, OfThreadsReachTheEngine) {
  std::size_t asked = 0;
  api::library::instance().replace_engine([&](std::size_t worker_threads) {
    asked = worker_threads;
    return std::make_unique<scripted_engine>(play_);
  });
  variable("FLEETCAST_THREADS", "3");
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(asked, 3U);
}

TEST_F(Settings, ThatAreWrongFailInitializeAndTheStoryIsTold) {
  proves("CODE-1610");
  file("interface = \"eth1\"\nthread = 4\n");
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_BAD_CONFIGURATION});
  EXPECT_THAT(configuration_error(),
              AllOf(HasSubstr("config.toml, line 2"), HasSubstr("'threads'")));
  EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_NOT_READY});
  file("interface = \"eth1\"\n");
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(configuration_error(), "");
}

TEST_F(Settings, WithALogFileThatCannotBeOpenedFailInitialize) {
  variable("FLEETCAST_LOG_FILE", (directory_ / "missing" / "log").string());
  EXPECT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_BAD_CONFIGURATION});
  EXPECT_THAT(configuration_error(), HasSubstr("missing/log"));
}

TEST_F(Settings, ConfigurationErrorChecksItsArguments) {
  // Whatever went wrong before is over.
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  char small = 'x';
  ULONG needed = 0;
  EXPECT_EQ(FleetcastGetConfigurationError(nullptr, 1, &needed), DWORD{ERROR_INVALID_PARAMETER});
  EXPECT_EQ(FleetcastGetConfigurationError(&small, 1, &needed), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(small, '\0');
  EXPECT_EQ(needed, 1U);
}

// -- the structure grows at its end -------------------------------------------------------------------

TEST_F(Settings, OfAProgramOfTheFirstReleaseAreReadAsFarAsTheyReach) {
  auto config = empty_config();
  config.pszInterface = "eth7";
  config.pszIdentity = "/not/there/in/1.0";
  config.pfnLog = &log_lines::take;
  config.ulLogLevel = 77;
  config.ulLength = offsetof(FLEETCAST_CONFIG, pszIdentity);
  ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
  auto request = launched();
  EXPECT_EQ(request.interface, "eth7");
  EXPECT_EQ(request.identity, "");
  config.ulLength = offsetof(FLEETCAST_CONFIG, pszIdentity) + 1; // a part of a field is none
  ASSERT_EQ(FleetcastConfigure(&config), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(launched().identity, "");
}

TEST_F(Settings, OfAProgramOfALaterReleaseAreReadAsFarAsTheyAreKnown) {
  struct {
    FLEETCAST_CONFIG known;
    ULONG later[4];
  } config{};
  config.known.ulLength = sizeof(config);
  config.known.pszIdentity = "/id";
  config.later[0] = 5;
  ASSERT_EQ(FleetcastConfigure(&config.known), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(launched().identity, "/id");
}

// -- the log ------------------------------------------------------------------------------------------

class Log : public Settings {
protected:
  void SetUp() override {
    Settings::SetUp();
    config_ = empty_config();
    config_.pfnLog = &log_lines::take;
    config_.pvLogContext = &log_;
    config_.ulLogLevel = FLEETCAST_LOG_INFO;
  }

  void initialize() {
    ASSERT_EQ(FleetcastConfigure(&config_), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS}) << configuration_error();
  }

  /// A session that fails with `reason`.
  void fail(const std::string& reason) {
    auto& program = programs_.emplace_back();
    auto request = good_request();
    ASSERT_EQ(WdsTransportClientInitializeSession(&request, &program, &program.key),
              DWORD{ERROR_SUCCESS});
    ASSERT_EQ(program.register_callbacks(), DWORD{ERROR_SUCCESS});
    ASSERT_EQ(WdsTransportClientStartSession(program.key), DWORD{ERROR_SUCCESS});
    play_->finish({actors::failure_code::disk_full, 0, reason}, programs_.size() - 1);
    EXPECT_EQ(WdsTransportClientWaitForCompletion(program.key, INFINITE), DWORD{ERROR_SUCCESS});
  }

  log_lines log_;
  FLEETCAST_CONFIG config_{};
};

TEST_F(Log, TellsTheProgramWithLevelAndWithoutControlCharacters) {
  initialize();
  fail("a story\nof two lines");
  ASSERT_TRUE(log_.await("a story?of two lines"));
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(log_.lines.back().substr(0, 2), "2 ");
}

TEST_F(Log, IsSilentAfterShutdownAndBelowItsLevel) {
  config_.ulLogLevel = FLEETCAST_LOG_OFF;
  initialize();
  fail("a story");
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(log_.count(), 0U);
  config_.ulLogLevel = FLEETCAST_LOG_ERROR;
  initialize();
  fail("a story");
  ASSERT_TRUE(log_.await("a story"));
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  const auto count = log_.count();
  ASSERT_EQ(FleetcastConfigure(nullptr), DWORD{ERROR_SUCCESS});
  ASSERT_EQ(WdsTransportClientInitialize(), DWORD{ERROR_SUCCESS});
  fail("another story");
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(log_.count(), count);
}

TEST_F(Log, FunctionMayNotShutDownAndIsWaitedForByShutdown) {
  gate inside;
  DWORD answer = 0;
  bool returned = false;
  log_.on_line = [&] {
    answer = WdsTransportClientShutdown();
    inside.pass();
    returned = true;
  };
  initialize();
  fail("a story");
  inside.await_arrival();
  std::thread other{[&] {
    EXPECT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
    EXPECT_TRUE(returned);
  }};
  inside.open();
  other.join();
  EXPECT_EQ(answer, DWORD{ERROR_POSSIBLE_DEADLOCK});
}

TEST_F(Log, GoesToAFileThatIsWholeAfterShutdown) {
  const auto path = directory_ / "log";
  config_.pfnLog = nullptr;
  variable("FLEETCAST_LOG_FILE", path.string());
  initialize();
  fail("the first story");
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  initialize();
  fail("the second story");
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
  std::ifstream in{path};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_THAT(text, AllOf(HasSubstr("Z error: "), HasSubstr("the first story"),
                          HasSubstr("the second story\n")));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(Log, HoldsUpNoSession) {
  gate inside;
  log_.on_line = [&] { inside.pass(); };
  initialize();
  for (int i = 0; i < 5; ++i)
    fail("a story");
  inside.await_arrival();
  inside.open();
  ASSERT_EQ(WdsTransportClientShutdown(), DWORD{ERROR_SUCCESS});
}

// -- who this client is -------------------------------------------------------------------------------

class OwnIdentity : public Settings {
protected:
  DWORD ask() {
    mine_ = std::make_unique<FLEETCAST_IDENTITY>();
    mine_->ulLength = sizeof(*mine_);
    return FleetcastGetIdentity(mine_.get());
  }

  std::unique_ptr<FLEETCAST_IDENTITY> mine_;
};

TEST_F(OwnIdentity, IsMadeOnceAndTold) {
  const auto path = directory_ / "fleetcast" / "identity";
  variable("FLEETCAST_IDENTITY", path.string());
  ASSERT_EQ(ask(), DWORD{ERROR_SUCCESS}) << configuration_error();
  EXPECT_EQ(mine_->szFile, path.string());
  const std::string first = mine_->szFingerprint;
  EXPECT_EQ(first.substr(0, 7), "SHA256:");
  ASSERT_EQ(ask(), DWORD{ERROR_SUCCESS});
  EXPECT_EQ(mine_->szFingerprint, first);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(OwnIdentity, SaysWhyItCannotBeTold) {
  const auto path = directory_ / "identity";
  std::ofstream{path} << "rubbish";
  std::filesystem::permissions(path, std::filesystem::perms{0600});
  variable("FLEETCAST_IDENTITY", path.string());
  EXPECT_EQ(ask(), DWORD{ERROR_OPEN_FAILED});
  EXPECT_THAT(configuration_error(), HasSubstr(path.string()));
  variable("FLEETCAST_THREADS", "x");
  EXPECT_EQ(ask(), DWORD{ERROR_BAD_CONFIGURATION});
  EXPECT_EQ(FleetcastGetIdentity(nullptr), DWORD{ERROR_INVALID_PARAMETER});
  mine_->ulLength = 8;
  EXPECT_EQ(FleetcastGetIdentity(mine_.get()), DWORD{ERROR_BAD_LENGTH});
}

} // namespace configuration_test
} // namespace fleetcast::conformance
