#include "actors/console/console_server.hpp"
#include "actors/console/socket_directory.hpp"
#include "actors/trust/private_files.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <sys/inotify.h>
#include <unistd.h>

namespace fleetcast::actors::testing {
namespace console_server_test {
namespace {

namespace fs = std::filesystem;
using boost::asio::local::stream_protocol;

/// What came and went in a directory, in its order.
class directory_watch {
public:
  explicit directory_watch(const fs::path& directory) : file_(::inotify_init1(IN_NONBLOCK)) {
    EXPECT_GE(::inotify_add_watch(file_.get(), directory.c_str(), IN_CREATE | IN_DELETE), 0);
  }

  /// "+name", "-name"
  std::vector<std::string> events() const {
    std::vector<std::string> result;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    const auto size = ::read(file_.get(), buffer.data(), buffer.size());
    for (ssize_t at = 0; at < size;) {
      const auto* one = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      result.push_back(((one->mask & IN_CREATE) != 0 ? "+" : "-") + std::string{one->name});
      at += static_cast<ssize_t>(sizeof(inotify_event) + one->len);
    }
    return result;
  }

private:
  io::file_descriptor file_;
};

class ConsoleServer : public ::testing::Test {
protected:
  std::ptrdiff_t names() const { return std::distance(fs::directory_iterator{root_.path()}, {}); }

  temporary_directory root_;
  fs::path path_ = own_socket_path(root_.path(), "serve");
  io::io_thread io_;
};

TEST_F(ConsoleServer, HasItsNameOnlyOnceItListens) {
  const directory_watch watch{root_.path()};
  const auto server = console_server::listen(io_, path_);
  ASSERT_TRUE(server) << server.error().text;
  const auto events = watch.events();
  ASSERT_EQ(events.size(), 3U) << "a hidden name, the name, and the hidden one away";
  EXPECT_EQ(events[0].substr(0, 2), "+.");
  EXPECT_EQ(events[1], "+" + path_.filename().string());
  EXPECT_EQ(events[2], "-" + events[0].substr(1));
  EXPECT_FALSE(is_deserted(path_));
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  (*server)->stop();
  EXPECT_EQ(names(), 0);
}

TEST_F(ConsoleServer, TakesTheNameOfADeadOne) {
  stream_protocol::acceptor{io_.context(), stream_protocol::endpoint{path_.native()}}.close();
  ASSERT_TRUE(is_deserted(path_));
  const auto server = console_server::listen(io_, path_);
  ASSERT_TRUE(server) << server.error().text;
  EXPECT_FALSE(is_deserted(path_));
  EXPECT_EQ(names(), 1);
  (*server)->stop();
}

TEST_F(ConsoleServer, DoesNotTakeTheNameOfOneThatLives) {
  // Of another container, where its process has our pid.
  stream_protocol::acceptor other{io_.context(), stream_protocol::endpoint{path_.native()}};
  const auto server = console_server::listen(io_, path_);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().text.find("in use"), std::string::npos) << server.error().text;
  EXPECT_FALSE(is_deserted(path_));
  EXPECT_EQ(names(), 1);
}

} // namespace
} // namespace console_server_test
} // namespace fleetcast::actors::testing
