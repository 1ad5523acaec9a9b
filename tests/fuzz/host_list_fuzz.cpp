/// A list of hosts: whatever the text, hosts within bounds or a short sentence.
#include "actors/fleet/host_list.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace fleetcast::actors::fleet;

namespace {

constexpr std::uint16_t default_port = 5045;

/// It becomes part of paths: {host}.
bool is_harmless(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '/' && c != '\\' && c != '[' && c != ']';
  });
  return plain && !name.empty() && name.size() <= 255 && name.front() != '.' && name.front() != '-';
}

/// What was taken for a host is taken for the same host when it stands alone.
bool is_stable(const listed_host& one) {
  const bool brackets = one.name.find(':') != std::string::npos;
  const auto again = parse_hosts(brackets ? "[" + one.name + "]" : one.name, default_port);
  return again && again->size() == 1 && again->front().name == one.name;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t longest_story = 300;
  constexpr std::size_t looked_at = 64; // of thousands that one range stands for
  const auto all = parse_hosts({reinterpret_cast<const char*>(data), size}, default_port);
  if (!all && (all.error().empty() || all.error().size() > longest_story))
    std::abort();
  if (!all)
    return 0;
  if (all->size() > max_hosts)
    std::abort();
  for (std::size_t i = 0; i < all->size(); ++i)
    if (!is_harmless(all->at(i).name) || (i < looked_at && !is_stable(all->at(i))))
      std::abort();
  return 0;
}
