/// Headers of datagrams, and opening what has a good one. Where a header is read, writing it gives
/// the same bytes again.
#include "protocol/wire/datagram.hpp"
#include "protocol/wire/seal.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

namespace {

using namespace fleetcast::protocol::wire;

void check_header(std::span<const std::byte> datagram, const header& h) {
  std::array<std::byte, header_size> again;
  encode(h, again);
  if (!std::ranges::equal(again, datagram.first<header_size>()))
    std::abort();
}

void open(std::span<const std::byte> datagram, seal_suite suite, opener& with) {
  const auto h = decode(datagram, seal_size(suite));
  if (!h)
    return;
  check_header(datagram, *h);
  std::vector<std::byte> payload(h->payload_size);
  if (!with.open(*h, datagram, payload) && suite == seal_suite::none)
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const direction_key key;
  static opener plain{seal_suite::none, key};
  static opener chacha{seal_suite::chacha20_poly1305, key};
  static opener aes{seal_suite::aes_256_gcm, key};
  const auto datagram = std::as_bytes(std::span{data, size});
  open(datagram, seal_suite::none, plain);
  open(datagram, seal_suite::chacha20_poly1305, chacha);
  open(datagram, seal_suite::aes_256_gcm, aes);
  return 0;
}
