#include "apps/fleetcast/daemon/page_server.hpp"

#include "actors/kit/fair_places.hpp"
#include "actors/kit/waiting_room.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <future>
#include <map>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace fleetcast::apps {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using actors::entrance;
using asio::ip::tcp;
using error_code = boost::system::error_code;

/// After the system refused a socket: nothing but others' closing mends that.
constexpr std::chrono::milliseconds accept_pause{200};

using response = http::response<http::string_body>;

response answer_of(http::status status, const std::string& type, std::string text) {
  response result{status, 11};
  result.set(http::field::content_type, type);
  result.keep_alive(false);
  result.body() = std::move(text);
  return result;
}

response refusal(http::status status, std::string text) {
  return answer_of(status, "text/plain; charset=utf-8", std::move(text));
}

} // namespace

/// Everything but the counters belongs to the I/O thread.
class page_server::implementation : public std::enable_shared_from_this<implementation> {
public:
  implementation(asio::io_context& io, page what, const limits& bounds)
    : io_(io),
      page_(std::move(what)),
      limits_(bounds),
      listener_(io),
      pause_(io),
      page_due_(io),
      room_(std::make_shared<actors::waiting_room>(
        io, entrance::rules{bounds.reading, bounds.reading_per_source, bounds.grace,
                            bounds.shortest_grace})),
      places_(bounds.answering) {}

  error_code listen(const tcp::endpoint& where) {
    error_code error;
    listener_.open(where.protocol(), error);
    if (error)
      return error;
    ::fcntl(listener_.native_handle(), F_SETFD, FD_CLOEXEC);
    listener_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error)
      listener_.bind(where, error);
    if (!error)
      listener_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error)
      where_ = listener_.local_endpoint(error);
    return error;
  }

  void start() {
    asio::post(io_, [me = shared_from_this()] {
      me->room_->open(me->weak_from_this(), &implementation::read, &implementation::make_room);
      me->accept();
    });
  }

  void stop() {
    is_stopped_ = true;
    error_code ignored;
    listener_.close(ignored);
    pause_.cancel();
    page_due_.cancel();
    room_->close();
    waiting_.clear();
    for (const auto& [ticket, one] : connections_)
      one->stream.close();
    connections_.clear();
  }

  asio::io_context& io() const noexcept { return io_; }
  const tcp::endpoint& where() const noexcept { return where_; }

  counters count() const { return {served_, refused_, too_slow_, made_room_, turned_away_}; }

private:
  struct connection {
    connection(entrance::ticket number, tcp::socket socket, const limits& bounds)
      : ticket(number),
        source(source_of(socket)),
        stream(std::move(socket)),
        buffer(bounds.header) {
      request.header_limit(bounds.header);
      request.body_limit(0);
    }

    static entrance::address source_of(const tcp::socket& socket) {
      error_code ignored;
      return actors::source_of(socket.remote_endpoint(ignored).address());
    }

    entrance::ticket ticket;
    entrance::address source;
    bool has_place = false; ///< among those that are answered
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    http::request_parser<http::empty_body> request;
    response answer;
  };

  using connection_ptr = std::shared_ptr<connection>;

  void accept() {
    if (is_stopped_)
      return;
    listener_.async_accept([me = shared_from_this()](error_code error, tcp::socket socket) {
      if (me->is_stopped_)
        return;
      if (error)
        return me->accept_later();
      me->begin(std::move(socket));
      me->accept();
    });
  }

  void accept_later() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([me = shared_from_this()](error_code) { me->accept(); });
  }

  void begin(tcp::socket socket) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!room_->arrive(std::move(socket), limits_.waiting))
      ++turned_away_;
  }

  void read(entrance::ticket ticket, tcp::socket socket) {
    const auto who = std::make_shared<connection>(ticket, std::move(socket), limits_);
    connections_.emplace(ticket, who);
    // One deadline for the whole request, however many pieces it comes in.
    who->stream.expires_after(limits_.request);
    http::async_read(who->stream, who->buffer, who->request,
                     [me = shared_from_this(), who](error_code error, std::size_t) {
                       me->room_->leave(who->ticket);
                       me->on_request(who, error);
                     });
    room_->began(ticket);
  }

  /// Its reading ends with an error.
  void make_room(entrance::ticket ticket) {
    ++made_room_;
    connections_.at(ticket)->stream.close();
  }

  void on_request(const connection_ptr& who, error_code error) {
    if (is_stopped_)
      return;
    if (error == beast::error::timeout) {
      ++too_slow_;
      return end(who);
    }
    const auto is_gone = error && error.category() == asio::error::get_system_category();
    if (is_gone || error == http::error::end_of_stream)
      return end(who);
    if (error)
      return refuse(who, http::status::bad_request, "this is no request for a page\n");
    const auto& request = who->request.get();
    if (request.method() != http::verb::get && request.method() != http::verb::head)
      return refuse(who, http::status::method_not_allowed, "only GET and HEAD are served here\n");
    const auto target = request.target();
    if (target.substr(0, target.find('?')) != page_.path)
      return refuse(who, http::status::not_found, "the only page here is " + page_.path + "\n");
    who->has_place = places_.take(who->source);
    if (!who->has_place)
      return refuse(who, http::status::service_unavailable,
                    "too many requests at once; try again\n");
    who->stream.expires_never();
    waiting_.push_back(who);
    if (waiting_.size() == 1)
      make_page();
  }

  void make_page() {
    const auto number = ++page_number_;
    page_due_.expires_after(limits_.page);
    page_due_.async_wait([me = shared_from_this(), number](error_code error) {
      if (!error)
        me->on_page(number, std::nullopt);
    });
    page_.make([weak = weak_from_this(), number, &io = io_](std::optional<std::string> text) {
      asio::post(io, [weak, number, text = std::move(text)]() mutable {
        if (const auto me = weak.lock())
          me->on_page(number, std::move(text));
      });
    });
  }

  void on_page(std::uint64_t number, std::optional<std::string> text) {
    if (is_stopped_ || number != page_number_)
      return; // it came too late
    ++page_number_;
    page_due_.cancel();
    for (const auto& who : std::exchange(waiting_, {})) {
      if (!text) {
        refuse(who, http::status::service_unavailable, "no answer in time; try again\n");
        continue;
      }
      ++served_;
      send(who, answer_of(http::status::ok, page_.type, *text));
    }
  }

  void refuse(const connection_ptr& who, http::status status, std::string text) {
    ++refused_;
    send(who, refusal(status, std::move(text)));
  }

  void send(const connection_ptr& who, response answer) {
    who->answer = std::move(answer);
    if (who->request.get().method() == http::verb::head) {
      const auto size = who->answer.body().size();
      who->answer.body().clear();
      who->answer.content_length(size);
    } else {
      who->answer.prepare_payload();
    }
    who->stream.expires_after(limits_.answer);
    http::async_write(who->stream, who->answer,
                      [me = shared_from_this(), who](error_code, std::size_t) {
                        error_code ignored;
                        who->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
                        me->end(who);
                      });
  }

  void end(const connection_ptr& who) {
    who->stream.close();
    if (connections_.erase(who->ticket) == 0)
      return; // the server has stopped
    if (who->has_place)
      places_.give_back(who->source);
  }

  asio::io_context& io_;
  page page_;
  limits limits_;
  tcp::acceptor listener_;
  tcp::endpoint where_;
  asio::steady_timer pause_;
  asio::steady_timer page_due_;
  std::shared_ptr<actors::waiting_room> room_;
  actors::fair_places places_; ///< to be answered
  std::map<entrance::ticket, connection_ptr> connections_;
  std::vector<connection_ptr> waiting_; ///< for the page
  std::uint64_t page_number_ = 0;
  bool is_stopped_ = false;

  std::atomic<std::uint64_t> served_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> too_slow_{0};
  std::atomic<std::uint64_t> made_room_{0};
  std::atomic<std::uint64_t> turned_away_{0};
};

tl::expected<std::unique_ptr<page_server>, protocol::failure>
page_server::open(actors::io::io_thread& io, const tcp::endpoint& where, page what,
                  const limits& bounds) {
  auto made = std::make_shared<implementation>(io.context(), std::move(what), bounds);
  if (const auto error = made->listen(where))
    return tl::unexpected{protocol::failure{protocol::failure_code::network_fault,
                                            static_cast<std::uint32_t>(error.value()),
                                            error.message()}};
  made->start();
  return std::unique_ptr<page_server>{new page_server{std::move(made)}};
}

page_server::page_server(std::shared_ptr<implementation> made) : implementation_(std::move(made)) {}

page_server::~page_server() {
  std::promise<void> stopped;
  asio::post(implementation_->io(), [&] {
    implementation_->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

tcp::endpoint page_server::where() const {
  return implementation_->where();
}

page_server::counters page_server::count() const {
  return implementation_->count();
}

} // namespace fleetcast::apps
