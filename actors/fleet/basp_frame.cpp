#include "actors/fleet/basp_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fleetcast::actors::fleet::basp {

namespace {

constexpr std::size_t kind_size = 8;

constexpr std::array<std::uint8_t, kind_size> default_kind = [] {
  std::array<std::uint8_t, kind_size> result{};
  auto value = atom("default");
  for (auto byte = result.rbegin(); byte != result.rend(); ++byte, value >>= 8U)
    *byte = static_cast<std::uint8_t>(value & 0xFFU);
  return result;
}();

} // namespace

header read_header(std::span<const std::uint8_t, header_size> bytes) noexcept {
  reader in{bytes};
  header result;
  result.what = static_cast<operation>(in.number<std::uint8_t>());
  result.zero = in.number<std::uint16_t>();
  result.flags = in.number<std::uint8_t>();
  result.length = in.number<std::uint32_t>();
  result.data = in.number<std::uint64_t>();
  result.source = in.number<std::uint64_t>();
  result.destination = in.number<std::uint64_t>();
  return result;
}

std::string to_text(const header& head) {
  return fmt::format("operation {}, flags {}, length {}, data {:x}, source {}, destination {}",
                     static_cast<unsigned>(head.what), head.flags, head.length, head.data,
                     head.source, head.destination);
}

bool is_node_id(const node_id& id) noexcept {
  return std::equal(default_kind.begin(), default_kind.end(), id.begin());
}

node_id make_node_id(std::span<const std::uint8_t, random_node_size> random) noexcept {
  node_id result{};
  std::copy(default_kind.begin(), default_kind.end(), result.begin());
  std::copy(random.begin(), random.end(), result.begin() + kind_size);
  return result;
}

} // namespace fleetcast::actors::fleet::basp
