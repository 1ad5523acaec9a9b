#include "actors/receive/told_sources.hpp"

#include <algorithm>
#include <cstring>

namespace fleetcast::actors {

namespace {

/// Zones are this host's own numbers: an address is one without.
bool is_same(const boost::asio::ip::address& one, const boost::asio::ip::address& other) {
  if (one.is_v4() || other.is_v4())
    return one == other;
  return one.to_v6().to_bytes() == other.to_v6().to_bytes();
}

} // namespace

protocol::datagram_origin told_sources::origin_of(const io::udp_endpoint* from) {
  if (from == nullptr || addresses_.empty())
    return protocol::datagram_origin::unknown;
  if (!is_remembered(*from)) {
    last_ = *from;
    last_origin_ = contains(from->address()) ? protocol::datagram_origin::server
                                             : protocol::datagram_origin::elsewhere;
  }
  return last_origin_;
}

bool told_sources::is_remembered(const io::udp_endpoint& from) const noexcept {
  return last_ && last_->size() == from.size()
         && std::memcmp(last_->data(), from.data(), from.size()) == 0;
}

bool told_sources::contains(const boost::asio::ip::address& address) const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [&](const auto& one) { return is_same(one, address); });
}

} // namespace fleetcast::actors
