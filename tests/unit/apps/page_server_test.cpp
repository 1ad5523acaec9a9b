#include "apps/fleetcast/daemon/page_server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fleetcast::apps {
namespace page_server_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string get = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";

class PageServer : public ::testing::Test {
protected:
  /// Patient by default: no test waits for what it does not mean to.
  PageServer() {
    bounds.request = bounds.page = 10min;
    bounds.grace = bounds.shortest_grace = 10min;
    bounds.reading = 4;
    bounds.reading_per_source = 2;
  }

  void open() {
    auto made = page_server::open(io, {boost::asio::ip::address_v4::loopback(), 0},
                                  {"/metrics", "text/plain", make}, bounds);
    ASSERT_TRUE(made) << made.error().text;
    server = std::move(*made);
  }

  tcp::socket connect(const std::string& text, const char* from = "127.0.0.1") {
    tcp::socket result{context, {boost::asio::ip::make_address(from), 0}};
    result.connect(server->where());
    boost::asio::write(result, boost::asio::buffer(text));
    return result;
  }

  /// Until the server closes.
  static std::string rest_of(tcp::socket& from) {
    std::string result;
    boost::system::error_code end;
    boost::asio::read(from, boost::asio::dynamic_buffer(result), end);
    return result;
  }

  std::string answer_to(const std::string& text) {
    auto socket = connect(text);
    return rest_of(socket);
  }

  std::function<void(page_server::reply)> make
    = [](const page_server::reply& reply) { reply("the page\n"); };
  page_server::limits bounds;
  boost::asio::io_context context;
  actors::io::io_thread io;
  std::unique_ptr<page_server> server;
};

TEST_F(PageServer, ServesItsPageAndCloses) {
  open();
  const auto answer = answer_to(get);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nthe page\n"));
  EXPECT_THAT(answer_to("GET /metrics?x=1 HTTP/1.0\r\n\r\n"), EndsWith("the page\n"));
  EXPECT_EQ(server->count().served, 2U);
}

TEST_F(PageServer, KeepsNoConnectionForAnotherRequest) {
  open();
  const auto answer = answer_to(get + get);
  EXPECT_EQ(answer.find("the page"), answer.rfind("the page"));
}

TEST_F(PageServer, TellsOnlyTheSizeWhenAskedForThat) {
  open();
  const auto answer = answer_to("HEAD /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(PageServer, RefusesEverythingElse) {
  open();
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer_to("POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer_to("\x16\x03\x01 no HTTP\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer_to("GET /metrics HTTP/1.1\r\nHost: " + std::string(9000, 'x') + "\r\n\r\n"),
              Not(HasSubstr("the page")));
  EXPECT_THAT(answer_to("GET /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n"),
              Not(HasSubstr("the page")));
}

TEST_F(PageServer, ServesWhileOthersTrickle) {
  open();
  std::vector<tcp::socket> trickling;
  for (int i = 0; i < 20; ++i)
    trickling.push_back(connect("GET /metrics HT", "127.0.0.2"));
  EXPECT_THAT(answer_to(get), EndsWith("the page\n"));
  boost::asio::write(trickling.front(), boost::asio::buffer("TP/1.1\r\n\r\n", 10));
  EXPECT_THAT(rest_of(trickling.front()), EndsWith("the page\n")) << "it may go on";
}

TEST_F(PageServer, ConnectionsThatTrickleMakeRoomForTheirOwnAddress) {
  bounds.grace = 0ms;
  open();
  std::vector<tcp::socket> trickling;
  for (int i = 0; i < 2; ++i)
    trickling.push_back(connect("GET /metrics HT"));
  EXPECT_THAT(answer_to(get), EndsWith("the page\n"));
  EXPECT_EQ(rest_of(trickling.front()), "") << "it was there first";
  EXPECT_EQ(server->count().made_room, 1U);
  boost::asio::write(trickling.back(), boost::asio::buffer("TP/1.1\r\n\r\n", 10));
  EXPECT_THAT(rest_of(trickling.back()), EndsWith("the page\n")) << "the other may go on";
}

TEST_F(PageServer, AFloodEndsNobodyWhoIsBeingAnswered) {
  bounds.waiting = 8;
  std::promise<page_server::reply> asked;
  make = [&](page_server::reply reply) { asked.set_value(std::move(reply)); };
  open();
  auto scrape = connect(get);
  auto asks = asked.get_future();
  ASSERT_EQ(asks.wait_for(1min), std::future_status::ready) << "nobody asked for the page";
  std::vector<tcp::socket> flood;
  for (int i = 0; i < 100; ++i)
    flood.push_back(connect("", "127.0.0.2"));
  EXPECT_EQ(rest_of(flood.back()), "") << "the line is full";
  asks.get()("the page\n");
  EXPECT_THAT(rest_of(scrape), EndsWith("the page\n"));
  EXPECT_EQ(server->count().turned_away, 90U);
}

TEST_F(PageServer, OneAddressGetsNoMoreAnswersAtOnceThanAreFree) {
  bounds.answering = 2;
  std::promise<page_server::reply> asked;
  make = [&](page_server::reply reply) { asked.set_value(std::move(reply)); };
  open();
  auto first = connect(get);
  auto asks = asked.get_future();
  ASSERT_EQ(asks.wait_for(1min), std::future_status::ready) << "nobody asked for the page";
  EXPECT_THAT(answer_to(get), StartsWith("HTTP/1.1 503 "));
  auto other = connect(get, "127.0.0.2");
  // A refusal shows that its request was read.
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  asks.get()("the page\n");
  EXPECT_THAT(rest_of(first), EndsWith("the page\n"));
  EXPECT_THAT(rest_of(other), EndsWith("the page\n"));
}

TEST_F(PageServer, GivesUpOnARequestThatDoesNotCome) {
  bounds.request = 20ms;
  open();
  auto silent = connect("");
  auto trickling = connect("GET /metrics HT");
  EXPECT_EQ(rest_of(silent), "");
  EXPECT_EQ(rest_of(trickling), "");
  // Connections are closed a moment before they are counted, on the server's thread.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (server->count().too_slow < 2 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(server->count().too_slow, 2U);
}

TEST_F(PageServer, SharesAPageAmongThoseWhoWaitForIt) {
  std::promise<page_server::reply> asked;
  int times = 0;
  make = [&](page_server::reply reply) {
    if (++times == 1)
      asked.set_value(std::move(reply));
    else
      reply("another page\n");
  };
  open();
  auto first = connect(get);
  auto asks = asked.get_future();
  ASSERT_EQ(asks.wait_for(1min), std::future_status::ready) << "nobody asked for the page";
  const auto reply = asks.get();
  auto second = connect(get);
  // A third one's refusal shows that the second one's request was read.
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  reply("the page\n");
  EXPECT_THAT(rest_of(first), EndsWith("\r\n\r\nthe page\n"));
  EXPECT_THAT(rest_of(second), EndsWith("page\n"));
}

TEST_F(PageServer, SaysWhenThereIsNoPage) {
  make = [](const page_server::reply& reply) { reply(std::nullopt); };
  open();
  EXPECT_THAT(answer_to(get), StartsWith("HTTP/1.1 503 "));
}

TEST_F(PageServer, DoesNotWaitForAPageThatNeverComes) {
  page_server::reply kept;
  make = [&](page_server::reply reply) { kept = std::move(reply); };
  bounds.page = 20ms;
  open();
  EXPECT_THAT(answer_to(get), StartsWith("HTTP/1.1 503 "));
  kept("too late"); // nobody waits for it
}

TEST_F(PageServer, SaysWhatTheSystemSaysOfAnAddressInUse) {
  open();
  const auto other = page_server::open(io, server->where(), {"/metrics", "text/plain", make}, {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, protocol::failure_code::network_fault);
  EXPECT_THAT(other.error().text, HasSubstr("in use"));
}

} // namespace
} // namespace page_server_test
} // namespace fleetcast::apps
