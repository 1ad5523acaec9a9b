#include "actors/console/console_server.hpp"
#include "actors/console/socket_directory.hpp"
#include "actors/trust/private_files.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
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

// -- who is connected -----------------------------------------------------------------------------

/// A console as somebody writes it who need not keep to the rules.
class raw_console {
public:
  raw_console(boost::asio::io_context& context, const fs::path& path) : socket_(context) {
    socket_.connect(stream_protocol::endpoint{path.native()});
    const timeval only_a_defect_waits{20, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &only_a_defect_waits,
                 sizeof only_a_defect_waits);
  }

  void say(const std::string& text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
  void say_no_more() { socket_.shutdown(stream_protocol::socket::shutdown_send); }

  /// The next `most` bytes, or fewer if the connection closes before that.
  std::string hear(std::size_t most) {
    std::string all(most, ' ');
    const auto size = ::recv(socket_.native_handle(), all.data(), most, MSG_WAITALL);
    EXPECT_FALSE(size < 0 && errno == EAGAIN) << "neither a word nor an end";
    all.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return all;
  }

  /// All that it is told until the connection is closed.
  std::string hear() {
    std::string all;
    for (auto more = hear(4096); !more.empty(); more = hear(4096))
      all += more;
    return all;
  }

  /// Without reading.
  bool is_closed() {
    pollfd one{socket_.native_handle(), 0, 0};
    return ::poll(&one, 1, 20'000) == 1 && (one.revents & POLLHUP) != 0;
  }

private:
  stream_protocol::socket socket_;
};

class ConsoleConnection : public ConsoleServer {
protected:
  ~ConsoleConnection() override {
    if (server_)
      server_->stop();
  }

  /// Answers each command with itself, unless a test says something else.
  void start(const console_limits& limits = {}) {
    server_ = console_server::listen(io_, path_, limits).value();
    server_->start([this](const std::string& line, const console_reply& reply) {
      reply({{frame_kind::ok, line.empty() ? long_answer_ : line}});
    });
  }

  raw_console connect() { return {users_, path_}; }

  std::string long_answer_;
  std::shared_ptr<console_server> server_;
  boost::asio::io_context users_;
};

TEST_F(ConsoleConnection, AnswersLinesInTheirOrderHoweverTheyArrive) {
  start();
  auto user = connect();
  user.say("one\ntw");
  user.say("o\nthree\n");
  const std::string expected = "ok 3\noneok 3\ntwook 5\nthree";
  EXPECT_EQ(user.hear(expected.size()), expected);
  EXPECT_EQ(server_->count().commands, 3U);
}

TEST_F(ConsoleConnection, TakesHalfALineForNoCommand) {
  start();
  auto user = connect();
  user.say("shutdo");
  user.say_no_more();
  EXPECT_EQ(user.hear(), "");
  EXPECT_EQ(server_->count().accepted, 1U);
  EXPECT_EQ(server_->count().commands, 0U);
}

TEST_F(ConsoleConnection, ClosesOneThatSendsWhatIsNoCommand) {
  start();
  auto garbage = connect();
  garbage.say("\x1b[2J\nhelp\n");
  EXPECT_NE(garbage.hear().find("UTF-8 text without control characters"), std::string::npos);
  auto endless = connect();
  endless.say(std::string(line_buffer::max_line + 1, 'x'));
  EXPECT_NE(endless.hear().find("at most 1024 bytes"), std::string::npos);
  EXPECT_EQ(server_->count().bad_lines, 2U);
  EXPECT_EQ(server_->count().commands, 0U);
}

TEST_F(ConsoleConnection, TurnsOneTooManyAway) {
  console_limits limits;
  limits.max_connections = 1;
  start(limits);
  const auto first = connect();
  auto second = connect();
  EXPECT_NE(second.hear().find("there are 1 consoles already"), std::string::npos);
  EXPECT_EQ(server_->count().accepted, 1U);
  EXPECT_EQ(server_->count().refused, 1U);
}

TEST_F(ConsoleConnection, ClosesOneThatDoesNotReadItsAnswer) {
  console_limits limits;
  limits.connection.patience = std::chrono::milliseconds{0};
  limits.event_interval = std::chrono::milliseconds{1};
  long_answer_.assign(16 << 20, 'x');
  start(limits);
  auto user = connect();
  user.say("\n");
  EXPECT_TRUE(user.is_closed());
  EXPECT_LT(user.hear().size(), long_answer_.size());
}

TEST_F(ConsoleConnection, StoppedItClosesAllAndAnAnswerComesTooLate) {
  console_reply reply;
  std::promise<void> asked;
  server_ = console_server::listen(io_, path_).value();
  server_->start([&](const std::string&, console_reply later) {
    reply = std::move(later);
    asked.set_value();
  });
  auto user = connect();
  user.say("help\n");
  ASSERT_EQ(asked.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
  server_->stop();
  reply({{frame_kind::ok, "too late"}});
  EXPECT_EQ(user.hear(), "");
  EXPECT_EQ(server_->count().connections, 0U);
  server_ = nullptr;
}

} // namespace
} // namespace console_server_test
} // namespace fleetcast::actors::testing
