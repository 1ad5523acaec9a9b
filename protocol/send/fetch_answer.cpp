#include "protocol/send/fetch_answer.hpp"

#include "protocol/wire/block_digest.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace fleetcast::protocol {

std::vector<wire::fetched> answer_to(const wire::fetch& asked, std::optional<wire::manifest> known,
                                     std::span<const std::byte> block) {
  std::vector<wire::fetched> result;
  if (asked.manifest && known)
    result.push_back({asked.block, *std::move(known)});
  else if (asked.manifest)
    result.push_back({asked.block, wire::fetched_nothing{}});
  if (asked.leaf_digests && !block.empty())
    result.push_back({asked.block, wire::leaf_digests_of(block)});
  for (std::size_t leaf = 0; leaf * wire::digest_leaf < block.size(); ++leaf) {
    if ((asked.leaves >> leaf & 1U) == 0)
      continue;
    const auto rest = block.subspan(leaf * wire::digest_leaf);
    const auto bytes = rest.first(std::min(rest.size(), wire::digest_leaf));
    result.push_back({asked.block, wire::fetched_leaf{static_cast<std::uint8_t>(leaf),
                                                      {bytes.begin(), bytes.end()}}});
  }
  return result;
}

} // namespace fleetcast::protocol
