#include "actors/console/console_connection.hpp"

#include "actors/console/rendering.hpp"
#include "actors/observe/event_log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <string_view>
#include <utility>

namespace fleetcast::actors {

console_connection::console_connection(socket_type socket, const limits& bounds, callbacks tell)
  : socket_(std::move(socket)),
    limits_(bounds),
    tell_(std::move(tell)) {}

void console_connection::close() {
  if (!socket_.is_open())
    return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  // They hold the server, which must not be kept by a connection that somebody still holds.
  const auto last = std::exchange(tell_, callbacks{});
  last.closed(shared_from_this());
}

// -- lines in -------------------------------------------------------------------------------------

void console_connection::read() {
  if (is_reading_ || is_ending_ || !socket_.is_open())
    return;
  is_reading_ = true;
  socket_.async_read_some(
    boost::asio::buffer(incoming_),
    [me = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
      me->is_reading_ = false;
      if (error)
        return me->close();
      me->unread_from_ = 0;
      me->unread_to_ = size;
      me->take_in();
    });
}

void console_connection::take_in() {
  if (!socket_.is_open())
    return; // what was read or written just before
  unread_from_ += lines_.put({incoming_.data() + unread_from_, unread_to_ - unread_from_});
  if (lines_.refused() == line_buffer::refusal::too_long)
    return refuse("a command has at most " + std::to_string(line_buffer::max_line) + " bytes");
  if (lines_.refused() == line_buffer::refusal::not_text)
    return refuse("a command is UTF-8 text without control characters");
  next_command();
  // With as many lines waiting as there may be nothing is read until one was answered.
  if (unread_from_ == unread_to_)
    read();
}

void console_connection::refuse(const std::string& why) {
  tell_.bad_line();
  is_ending_ = true;
  follows_ = false;
  queue({frame_kind::usage, "not understood: " + why + "; the connection is closed\n"});
}

void console_connection::next_command() {
  if (is_busy_ || is_ending_ || lines_.empty())
    return;
  is_busy_ = true;
  follows_ = false;
  tell_.command(lines_.take(), [weak = weak_from_this(),
                                executor = socket_.get_executor()](console_answer answer) {
    boost::asio::post(executor, [weak, answer = std::move(answer)] {
      if (const auto me = weak.lock())
        me->on_answer(answer);
    });
  });
}

// -- frames out -----------------------------------------------------------------------------------

void console_connection::on_answer(const console_answer& answer) {
  if (!socket_.is_open())
    return;
  is_answered_ = true;
  queue(answer.what);
  follows_ = answer.follow;
  if (!follows_)
    return;
  follows_in_json_ = answer.json;
  last_event_ = events().count();
}

bool console_connection::has_room_for_events() const noexcept {
  return out_.size() + waiting_.size() <= limits_.max_event_bytes;
}

void console_connection::follow_events() {
  if (!follows_ || !has_room_for_events())
    return;
  for (const auto& one : events().after(last_event_)) {
    if (const auto missed = one.number - last_event_ - 1; missed != 0) {
      tell_.lost(missed);
      queue({frame_kind::lost, std::to_string(missed)
                                 + " events were not shown: this console did not read in time\n"});
    }
    last_event_ = one.number;
    const auto document = report::of_event(one);
    queue({frame_kind::event,
           follows_in_json_
             ? document.dump(-1, ' ', true, report::json::error_handler_t::replace) + "\n"
             : render_event(document)});
    if (!has_room_for_events())
      return;
  }
}

void console_connection::tick(time_point now) {
  if (!out_.empty() && !follows_ && now - writing_since_ > limits_.patience)
    return close();
  follow_events();
}

void console_connection::queue(const frame& what) {
  waiting_ += encode(what);
  write();
}

void console_connection::write() {
  if (!out_.empty() || waiting_.empty() || !socket_.is_open())
    return;
  out_.swap(waiting_);
  writing_since_ = std::chrono::steady_clock::now();
  boost::asio::async_write(
    socket_, boost::asio::buffer(out_),
    [me = shared_from_this()](const boost::system::error_code& error, std::size_t) {
      me->out_.clear();
      if (error || (me->is_ending_ && me->waiting_.empty()))
        return me->close();
      me->write();
      if (!me->out_.empty() || !std::exchange(me->is_answered_, false))
        return;
      me->is_busy_ = false;
      me->take_in();
    });
}

} // namespace fleetcast::actors
