#include "protocol/receive/nack_timer.hpp"

#include <algorithm>
#include <cmath>

namespace fleetcast::protocol {

duration nack_timer::max_backoff(duration grtt, std::size_t group_size) {
  const auto size = std::max<double>(2.0, static_cast<double>(group_size));
  const auto factor = std::min<double>(defaults::nack_backoff_factor, std::log2(size));
  return duration{static_cast<std::int64_t>(factor * static_cast<double>(grtt.count()))};
}

duration nack_timer::backoff(duration grtt, std::size_t group_size) {
  // RFC 5740: x uniform in [L/(T(e^L - 1)), L/(T(e^L - 1)) + L/T], L = ln(R) + 1;
  // the back-off is (T/L) ln(x (e^L - 1)(T/L)). With u uniform in [0, 1) that is
  // (T/L) ln(1 + u (e^L - 1)).
  const auto t = static_cast<double>(max_backoff(grtt, group_size).count());
  const auto l = std::log(std::max<double>(1.0, static_cast<double>(group_size))) + 1.0;
  const auto u = uniform();
  return duration{static_cast<std::int64_t>(t / l * std::log1p(u * std::expm1(l)))};
}

} // namespace fleetcast::protocol
