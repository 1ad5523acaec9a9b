/// A list of hosts: whatever the text, hosts within bounds or a short sentence.
#include "actors/fleet/host_list.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fleetcast::actors::fleet;
  constexpr std::size_t longest_story = 300;
  const auto all = parse_hosts({reinterpret_cast<const char*>(data), size});
  if (!all && (all.error().empty() || all.error().size() > longest_story))
    std::abort();
  if (!all)
    return 0;
  if (all->size() > max_hosts)
    std::abort();
  for (const auto& one : *all)
    // It becomes part of paths: {host}.
    if (one.name.empty() || one.name.size() > 255 || one.name.front() == '.'
        || one.name.find('/') != std::string::npos)
      std::abort();
  return 0;
}
