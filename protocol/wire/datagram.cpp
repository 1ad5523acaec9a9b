#include "protocol/wire/datagram.hpp"

#include <boost/endian/conversion.hpp>

namespace fleetcast::protocol::wire {

namespace {

template <class T>
void store(std::span<std::byte, header_size> out, std::size_t offset, T value) noexcept {
  boost::endian::endian_store<T, sizeof(T), boost::endian::order::little>(
    reinterpret_cast<unsigned char*>(out.data() + offset), value);
}

template <class T>
T load(std::span<const std::byte> in, std::size_t offset) noexcept {
  return boost::endian::endian_load<T, sizeof(T), boost::endian::order::little>(
    reinterpret_cast<const unsigned char*>(in.data() + offset));
}

bool is_known(std::uint8_t type) noexcept {
  return type >= static_cast<std::uint8_t>(datagram_type::source)
         && type <= static_cast<std::uint8_t>(datagram_type::control);
}

} // namespace

const char* to_string(drop_reason reason) noexcept {
  switch (reason) {
    case drop_reason::truncated:
      return "truncated";
    case drop_reason::oversized:
      return "oversized";
    case drop_reason::unknown_version:
      return "unknown version";
    case drop_reason::unknown_type:
      return "unknown type";
    case drop_reason::wrong_direction:
      return "wrong direction";
    case drop_reason::wrong_session:
      return "wrong session";
    case drop_reason::wrong_lane:
      return "wrong lane";
    case drop_reason::unknown_receiver:
      return "unknown receiver";
    case drop_reason::out_of_range:
      return "out of range";
    case drop_reason::replayed:
      return "replayed";
    case drop_reason::forged:
      return "forged";
    case drop_reason::malformed:
      return "malformed";
    case drop_reason::duplicate:
      return "duplicate";
    case drop_reason::from_elsewhere:
      return "from elsewhere";
    case drop_reason::no_room:
      return "no room";
  }
  return "unknown";
}

void encode(const header& h, std::span<std::byte, header_size> out) noexcept {
  const auto type = static_cast<std::uint8_t>(h.type);
  store(out, 0, static_cast<std::uint8_t>(protocol_version << 4 | type));
  store(out, 1, std::uint8_t{0});
  store(out, 2, h.lane);
  store(out, 4, h.session_tag);
  store(out, 8, h.packet_number);
  store(out, 16, h.block);
  store(out, 20, h.symbol);
  store(out, 22, h.payload_size);
}

tl::expected<header, drop_reason> decode(std::span<const std::byte> datagram,
                                         std::size_t seal_size) noexcept {
  if (datagram.size() < header_size + seal_size)
    return tl::unexpected{drop_reason::truncated};
  const auto first = load<std::uint8_t>(datagram, 0);
  // Flags that this version does not know change what the datagram means: not ours to guess.
  if (first >> 4 != protocol_version || load<std::uint8_t>(datagram, 1) != 0)
    return tl::unexpected{drop_reason::unknown_version};
  const auto type = static_cast<std::uint8_t>(first & 0x0f);
  if (!is_known(type))
    return tl::unexpected{drop_reason::unknown_type};
  header h;
  h.type = static_cast<datagram_type>(type);
  h.lane = load<std::uint16_t>(datagram, 2);
  h.session_tag = load<std::uint32_t>(datagram, 4);
  h.packet_number = load<std::uint64_t>(datagram, 8);
  h.block = load<std::uint32_t>(datagram, 16);
  h.symbol = load<std::uint16_t>(datagram, 20);
  h.payload_size = load<std::uint16_t>(datagram, 22);
  const auto payload = datagram.size() - header_size - seal_size;
  if (h.payload_size > payload)
    return tl::unexpected{drop_reason::truncated};
  if (h.payload_size < payload)
    return tl::unexpected{drop_reason::oversized};
  return h;
}

} // namespace fleetcast::protocol::wire
