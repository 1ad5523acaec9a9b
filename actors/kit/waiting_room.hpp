/// Accepted connections that wait for their turn at an entrance. No actor; lives on the I/O thread.
///
/// Overflow policy: no more may wait than `arrive` is told. Beyond, the last one of the source with the longest line is
/// closed.
#pragma once

#include "actors/kit/entrance.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace fleetcast::actors {

class waiting_room : public std::enable_shared_from_this<waiting_room> {
public:
  using socket = boost::asio::ip::tcp::socket;
  using ticket = entrance::ticket;

  waiting_room(boost::asio::io_context& io, entrance::rules rules) : timer_(io), entrance_(rules) {}

  /// Once, before anybody comes. Both are called on the I/O thread, as long as `owner` lives: `enters` for one that has a
  /// place, to be started or left at once; `leaves` for one that has lost its place to another.
  template <class Owner>
  void open(std::weak_ptr<Owner> owner, void (Owner::*enters)(ticket, socket),
            void (Owner::*leaves)(ticket)) {
    owner_.begin = [owner, enters](ticket who, socket its) {
      if (const auto alive = owner.lock())
        ((*alive).*enters)(who, std::move(its));
    };
    owner_.close = [owner, leaves](ticket who) {
      if (const auto alive = owner.lock())
        ((*alive).*leaves)(who);
    };
  }

  /// Closes those that wait; the owner is not called any more.
  void close();

  /// Somebody came. False: of those that wait one was closed, since there may be no more than `most`.
  bool arrive(socket who, std::size_t most);

  /// Its grace begins.
  void began(ticket who);

  /// Its place is free. Nothing happens if it has none.
  void leave(ticket who);

  /// How many wait. Any thread.
  std::size_t size() const noexcept { return size_; }

private:
  struct owner_calls {
    std::function<void(ticket, socket)> begin;
    std::function<void(ticket)> close;
  };

  void let_in();
  void await_turn();

  boost::asio::steady_timer timer_;
  entrance entrance_;
  owner_calls owner_;
  std::map<ticket, socket> waiting_;
  std::atomic<std::size_t> size_{0};
  bool is_letting_in_ = false;
  bool is_closed_ = false;
};

} // namespace fleetcast::actors
