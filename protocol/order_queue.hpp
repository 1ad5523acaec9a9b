/// What a pure machine wants done: an actor takes the orders out, oldest first, and carries them out.
#pragma once

#include <deque>
#include <optional>
#include <utility>

namespace fleetcast::protocol {

template <class Order>
class order_queue {
public:
  void push(Order one) { orders_.push_back(std::move(one)); }

  /// None: everything was taken.
  std::optional<Order> next() {
    if (orders_.empty())
      return std::nullopt;
    auto result = std::move(orders_.front());
    orders_.pop_front();
    return result;
  }

private:
  std::deque<Order> orders_;
};

} // namespace fleetcast::protocol
