#include "actors/io/way.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace fleetcast::actors::io {

namespace {

using boost::asio::ip::address;
using protocol::failure;
using protocol::failure_code;

failure fault(std::string text, const inventory& here) {
  return {failure_code::network_fault, 0, std::move(text) + "; there are: " + here.describe()};
}

template <class Bytes>
bool share_bits(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const auto compared = std::min(bits, 8U);
    if ((a[i] ^ b[i]) >> (8 - compared) != 0)
      return false;
    bits -= compared;
  }
  return true;
}

bool is_neighbour(const address& far, const held_address& ours) {
  if (far.is_v4() != ours.network.is_v4())
    return false;
  if (far.is_v4())
    return share_bits(far.to_v4().to_bytes(), ours.network.to_v4().to_bytes(), ours.prefix);
  return share_bits(far.to_v6().to_bytes(), ours.network.to_v6().to_bytes(), ours.prefix);
}

tl::expected<named_interface, failure> wished_for(const inventory& here, const std::string& wish) {
  auto found = find_interface(here, wish);
  if (found && !here.find(found->interface.index)->is_up)
    return tl::unexpected{fault("network interface " + found->interface.name + " is down", here)};
  return found;
}

/// 0: none.
unsigned leading_to(const inventory& here, const way_request& request) {
  if (const auto& far = request.far; far.is_v6() && far.to_v6().is_link_local())
    if (const auto zone = static_cast<unsigned>(far.to_v6().scope_id()); zone != 0)
      return zone;
  // Routes call every address of ours a matter of the loopback interface, which groups need not be sent on.
  if (const auto* ours = here.find(request.far))
    return ours->interface;
  if (request.to_far)
    return request.to_far->interface;
  const auto* near = here.find(request.near);
  return near != nullptr ? near->interface : 0;
}

tl::expected<named_interface, failure> interface_for(const inventory& here,
                                                     const way_request& request) {
  if (!request.wish.empty())
    return wished_for(here, request.wish);
  if (const auto* found = here.find(leading_to(here, request)))
    return named_interface{found->interface, {}};
  const auto why = request.to_far ? std::string{} : " (" + request.to_far.error().text + ")";
  return tl::unexpected{fault("no network interface leads to " + request.far.to_string() + why
                                + ": check `ip route get " + request.far.to_string()
                                + "`, or name one with --interface",
                              here)};
}

/// The lower, the better.
unsigned rank(const held_address& ours, const named_interface& chosen, const way_request& request) {
  const auto is = [&](const std::optional<address>& one) { return one && *one == ours.value; };
  const bool is_source = request.to_far && is(request.to_far->source);
  if (is(chosen.address))
    return 0;
  if (is(request.near))
    return 1;
  if (is_neighbour(request.far, ours))
    return is_source ? 2 : 3;
  if (is_source)
    return 4;
  return is_link_local(ours.value) ? 6 : 5;
}

std::optional<address> address_on(const inventory& here, const named_interface& chosen,
                                  const way_request& request) {
  const held_address* best = nullptr;
  for (const auto& ours : here.addresses) {
    if (ours.interface != chosen.interface.index || ours.value.is_v6() != request.far.is_v6())
      continue;
    if (best == nullptr || rank(ours, chosen, request) < rank(*best, chosen, request))
      best = &ours;
  }
  if (best != nullptr)
    return best->value;
  return request.wish.empty() ? std::optional{request.near} : std::nullopt;
}

} // namespace

tl::expected<route, failure> route_for_groups(const tl::expected<route, failure>& of_answers,
                                              const tl::expected<route, failure>& any) {
  if (!of_answers)
    return any;
  return of_answers->through_gateway && any && !any->through_gateway ? any : of_answers;
}

tl::expected<way, failure> choose_way(const inventory& here, const way_request& request) {
  const auto chosen = interface_for(here, request);
  if (!chosen)
    return tl::unexpected{chosen.error()};
  const auto local = address_on(here, *chosen, request);
  if (!local && request.use == way_use::send)
    return tl::unexpected{fault("network interface " + chosen->interface.name + " has no IPv"
                                  + (request.far.is_v6() ? "6" : "4") + " address to send to "
                                  + request.far.to_string() + " from",
                                here)};
  return way{chosen->interface, local, chosen->address && local == chosen->address};
}

} // namespace fleetcast::actors::io
