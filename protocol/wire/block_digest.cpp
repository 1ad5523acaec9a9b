#include "protocol/wire/block_digest.hpp"

#include "protocol/wire/ipsec_mb.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace fleetcast::protocol::wire {

namespace {

static_assert(digest_leaf <= ipsec_mb::max_message);

/// What the root hashes is for. The terminating zero belongs to it.
constexpr char block_purpose[] = "fleetcast block v1";

constexpr std::size_t prefix_size = sizeof(block_purpose) + sizeof(std::uint64_t);

/// Looked up once and kept for the life of the process: each look-up takes a lock that all threads
/// share.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

digest hash(std::span<const std::byte> message) {
  digest result;
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  if (EVP_Digest(message.data(), message.size(), out, nullptr, sha256(), nullptr) != 1)
    throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
  return result;
}

} // namespace

std::vector<digest> leaf_digests_of(std::span<const std::byte> block, crypto_library library) {
  std::vector<digest> leaves((block.size() + digest_leaf - 1) / digest_leaf);
  if (library == crypto_library::fastest && ipsec_mb::sha256(block, digest_leaf, leaves))
    return leaves;
  for (auto& leaf : leaves) {
    const auto size = std::min(digest_leaf, block.size());
    leaf = hash(block.first(size));
    block = block.subspan(size);
  }
  return leaves;
}

digest digest_of_leaves(std::uint64_t size, std::span<const digest> leaves) {
  std::vector<std::byte> root(prefix_size + leaves.size() * sizeof(digest));
  auto* out = root.data();
  std::memcpy(out, block_purpose, sizeof(block_purpose));
  out += sizeof(block_purpose);
  for (unsigned shift = 0; shift < 64; shift += 8)
    *out++ = static_cast<std::byte>(size >> shift);
  if (!leaves.empty())
    std::memcpy(out, leaves.data(), leaves.size() * sizeof(digest));
  return hash(root);
}

digest digest_of(std::span<const std::byte> block, crypto_library library) {
  return digest_of_leaves(block.size(), leaf_digests_of(block, library));
}

} // namespace fleetcast::protocol::wire
