/// One rate for all transmissions of a server, shared among them.
///
/// Max-min fair: what a transmission does not take goes to those that would take more, in equal parts; what nobody takes
/// is spread over all, so that one that wants more may begin at once; one that wants nothing keeps an eighth of an equal
/// part. At every moment the shares sum up to no more than
/// the whole. Pure; work: O(n log n) a change, n transmissions.
#pragma once

#include "protocol/send/bit_rate.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace fleetcast::protocol {

class rate_budget {
public:
  using id = std::uint64_t;

  explicit rate_budget(bit_rate whole) noexcept : whole_(whole) {}

  bit_rate whole() const noexcept { return whole_; }
  std::size_t size() const noexcept { return parts_.size(); }

  /// One more transmission, which would take all until it says otherwise.
  id add();

  void remove(id which);

  /// So much would it take. Nothing happens if there is no such transmission.
  void demand(id which, bit_rate wanted);

  /// Of a transmission that there is: the rate it may send at. 0 only where there are more of them than bits.
  [[nodiscard]] bit_rate share(id which) const;

  /// Checks the invariants; for tests.
  [[nodiscard]] bool validate() const;

private:
  struct part {
    bit_rate wanted = 0;
    bit_rate given = 0;
  };

  void divide();

  bit_rate whole_;
  id last_ = 0;
  std::map<id, part> parts_;
};

} // namespace fleetcast::protocol
