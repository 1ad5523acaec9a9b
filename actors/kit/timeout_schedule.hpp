/// The timeouts of an actor system, in order, and how they change.
#pragma once

#include <caf/detail/simple_actor_clock.hpp>

#include <memory>
#include <variant>

namespace fleetcast::actors {

/// One thread at a time. What it fires or forgets may end actors, and so run code of theirs.
class timeout_schedule final : private caf::detail::simple_actor_clock {
public:
  using simple_actor_clock::time_point;

  using simple_actor_clock::actor_msg;
  using simple_actor_clock::drop_all;
  using simple_actor_clock::group_msg;
  using simple_actor_clock::multi_timeout;
  using simple_actor_clock::ordinary_timeout;
  using simple_actor_clock::ordinary_timeout_cancellation;
  using simple_actor_clock::request_timeout;
  using simple_actor_clock::request_timeout_cancellation;
  using simple_actor_clock::timeouts_cancellation;

  /// Cancellations name their actor by its number, since it may be at its end, where nothing can hold it any more.
  using change = std::variant<std::unique_ptr<actor_msg>, std::unique_ptr<group_msg>,
                              std::unique_ptr<ordinary_timeout>, std::unique_ptr<multi_timeout>,
                              std::unique_ptr<request_timeout>, ordinary_timeout_cancellation,
                              request_timeout_cancellation, timeouts_cancellation, drop_all>;

  static constexpr time_point never = time_point::max();

  /// When the timeout that `what` adds is due. `never`: it adds none.
  [[nodiscard]] static time_point due_of(const change& what);

  void apply(change what);

  /// When the first one is due. `never`: there is none.
  [[nodiscard]] time_point first_due() const noexcept;

  [[nodiscard]] bool is_due() const;
  void fire_due();
  void clear();

private:
  template <class Timeout>
  void carry_out(std::unique_ptr<Timeout> fresh) {
    add_schedule_entry(std::move(fresh));
  }

  template <class Cancellation>
  void carry_out(const Cancellation& what) {
    handle(what);
  }

  void carry_out(const drop_all&) { clear(); }
};

} // namespace fleetcast::actors
