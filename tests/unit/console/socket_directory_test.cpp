#include "actors/console/socket_directory.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fleetcast::actors::testing {
namespace socket_directory_test {
namespace {

namespace fs = std::filesystem;

/// A socket with a name; nobody listens unless told so.
class named_socket {
public:
  named_socket(const fs::path& path, bool listens) : number_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (listens) {
      EXPECT_EQ(::listen(number_, 1), 0);
    }
  }
  ~named_socket() { ::close(number_); }

  /// Whether anybody knocked at the door so far.
  bool was_called() const {
    pollfd calls{number_, POLLIN, 0};
    return ::poll(&calls, 1, 0) != 0;
  }

  named_socket(const named_socket&) = delete;
  named_socket& operator=(const named_socket&) = delete;

private:
  int number_;
};

/// No process has this pid: the kernel gives none above 2^22.
constexpr pid_t nobody = 2'000'000'000;

std::string socket_of(const std::string& program, pid_t pid) {
  return program + "." + std::to_string(pid) + ".sock";
}

using directories = std::vector<fs::path>;

TEST(SocketDirectory, IsRootsOwnBeforeThatOfALogin) {
  const directories expected{"/run/fleetcast", "/run/user/0/fleetcast", "/tmp/fleetcast-0",
                             "/run/fleetcast-serve/fleetcast"};
  EXPECT_EQ(socket_directories(nullptr, 0), expected);
  EXPECT_EQ(socket_directories("/run/user/0", 0), expected) << "what a login sets says nothing";
}

TEST(SocketDirectory, IsThatOfTheLoginForOthers) {
  const directories expected{"/run/user/1000/fleetcast", "/tmp/fleetcast-1000"};
  EXPECT_EQ(socket_directories(nullptr, 1000), expected);
  EXPECT_EQ(socket_directories("here", 1000), expected) << "not absolute";
}

TEST(SocketDirectory, IsOnlyBelowTheVariableWhenThatNamesAPlaceOfItsOwn) {
  EXPECT_EQ(socket_directories("/srv/run", 0), directories{"/srv/run/fleetcast"});
  EXPECT_EQ(socket_directories("/run/user/0", 1000), directories{"/run/user/0/fleetcast"});
}

TEST(SocketDirectory, IsMadeForItsOwnerAlone) {
  const temporary_directory root;
  const auto directory = root.path() / "fleetcast";
  ASSERT_TRUE(prepare_socket_directory(directory));
  struct stat info {};
  ASSERT_EQ(::stat(directory.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
  EXPECT_TRUE(prepare_socket_directory(directory)) << "it may be there already";
}

TEST(SocketDirectory, IsRefusedWhenOthersMayGoThere) {
  const temporary_directory root;
  const auto directory = root.path() / "open";
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(directory.c_str(), 0710), 0);
  const auto prepared = prepare_socket_directory(directory);
  ASSERT_FALSE(prepared);
  EXPECT_NE(prepared.error().text.find("chmod 700"), std::string::npos) << prepared.error().text;
}

TEST(SocketDirectory, IsRefusedWhenItIsALinkOrAFile) {
  const temporary_directory root;
  fs::create_directory_symlink(root.path(), root.path() / "link");
  EXPECT_FALSE(prepare_socket_directory(root.path() / "link"));
  const named_socket file{root.path() / "file", false};
  EXPECT_FALSE(prepare_socket_directory(root.path() / "file"));
}

TEST(SocketDirectory, IsRefusedWhenItIsSomebodyElses) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "takes root";
  const temporary_directory root;
  const auto directory = root.path() / "theirs";
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  ASSERT_EQ(::chown(directory.c_str(), 65534, 65534), 0);
  EXPECT_FALSE(prepare_socket_directory(directory));
}

TEST(SocketDirectory, ShowsThoseWhoListenAndRemovesTheDead) {
  const temporary_directory root;
  const named_socket alive{root.path() / "serve.12.sock", true};
  const named_socket dotted{root.path() / "my.tool.7.sock", true};
  const named_socket dead{root.path() / socket_of("get", nobody), false};
  const named_socket other{root.path() / "else.sock", false};
  const auto found = find_consoles(root.path());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].pid, 7);
  EXPECT_EQ(found[0].program, "my.tool");
  EXPECT_EQ(found[1].pid, 12);
  EXPECT_FALSE(fs::exists(root.path() / socket_of("get", nobody)));
  EXPECT_TRUE(fs::exists(root.path() / "else.sock")) << "it is none of ours";
}

TEST(SocketDirectory, LeavesARunningProcessItsSocketWhetherItListensOrNot) {
  const temporary_directory root;
  const auto path = root.path() / socket_of("serve", ::getpid());
  const named_socket silent{path, false};
  EXPECT_TRUE(find_consoles(root.path()).empty());
  remove_dead_consoles(root.path());
  EXPECT_TRUE(fs::exists(path));
}

TEST(SocketDirectory, LosesWhatTheDeadLeftWithoutAWordToTheLiving) {
  const temporary_directory root;
  const named_socket alive{root.path() / socket_of("serve", ::getpid()), true};
  const named_socket elsewhere{root.path() / socket_of("agent", nobody), true};
  const named_socket dead{root.path() / socket_of("get", nobody), false};
  remove_dead_consoles(root.path());
  EXPECT_FALSE(alive.was_called());
  EXPECT_TRUE(fs::exists(root.path() / socket_of("serve", ::getpid())));
  EXPECT_TRUE(fs::exists(root.path() / socket_of("agent", nobody)))
    << "its pid is that of another container";
  EXPECT_FALSE(fs::exists(root.path() / socket_of("get", nobody)));
}

TEST(SocketDirectory, ShowsNobodyWhereOthersMayPutNames) {
  const temporary_directory root;
  const named_socket alive{root.path() / "serve.12.sock", true};
  ASSERT_EQ(::chmod(root.path().c_str(), 0770), 0);
  EXPECT_TRUE(find_consoles(root.path()).empty());
}

TEST(SocketDirectory, NamesAProcessWhateverItIsCalled) {
  const auto pid = std::to_string(::getpid());
  EXPECT_EQ(own_socket_path("/run", "serve"), "/run/serve." + pid + ".sock");
  EXPECT_EQ(own_socket_path("/run", "../a b"), "/run/___a_b." + pid + ".sock");
  EXPECT_EQ(own_socket_path("/run", ""), "/run/program." + pid + ".sock");
  EXPECT_LT(own_socket_path("/run", std::string(500, 'x')).native().size(), 64U);
}

} // namespace
} // namespace socket_directory_test
} // namespace fleetcast::actors::testing
