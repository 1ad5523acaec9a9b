#include "actors/kit/waiting_room.hpp"

#include <utility>

namespace fleetcast::actors {

void waiting_room::close() {
  is_closed_ = true;
  timer_.cancel();
  waiting_.clear();
  size_ = 0;
}

bool waiting_room::arrive(socket who, std::size_t most) {
  boost::system::error_code ignored;
  const auto from = source_of(who.remote_endpoint(ignored).address());
  waiting_.emplace(entrance_.arrive(from), std::move(who));
  const auto is_room = waiting_.size() <= most;
  // Closing is what the socket's destruction does.
  if (!is_room)
    waiting_.erase(entrance_.turn_away());
  let_in();
  return is_room;
}

void waiting_room::began(ticket who) {
  entrance_.began(who, entrance::clock::now());
  await_turn();
}

void waiting_room::leave(ticket who) {
  entrance_.leave(who);
  let_in();
}

void waiting_room::let_in() {
  // What an owner does meanwhile is seen by the loop that has called it.
  if (is_closed_ || std::exchange(is_letting_in_, true))
    return;
  while (const auto step = entrance_.next(entrance::clock::now())) {
    if (step->leaves)
      owner_.close(*step->leaves);
    auto who = std::move(waiting_.extract(step->enters).mapped());
    owner_.begin(step->enters, std::move(who));
  }
  is_letting_in_ = false;
  size_ = waiting_.size();
  await_turn();
}

void waiting_room::await_turn() {
  const auto due = is_closed_ || is_letting_in_ ? std::nullopt : entrance_.due();
  if (!due)
    return;
  timer_.expires_at(*due);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto me = weak.lock(); me && !error)
      me->let_in();
  });
}

} // namespace fleetcast::actors
