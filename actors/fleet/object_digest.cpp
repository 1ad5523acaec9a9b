#include "actors/fleet/object_digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>
#include <vector>

namespace fleetcast::actors::fleet {

namespace {

/// Large enough to be quick, small enough to stay in a cache.
constexpr std::uint64_t chunk_bytes = 256 * 1024;

} // namespace

void object_digest::free_context::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

object_digest::object_digest() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc{};
}

void object_digest::note(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (offset != hashed_)
    return;
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  hashed_ += bytes.size();
}

target_file::result<std::string> object_digest::finish(target_file& file, std::uint64_t size) {
  std::vector<std::byte> chunk(std::min(chunk_bytes, size - std::min(size, hashed_)));
  while (hashed_ < size) {
    const auto part = std::span{chunk}.first(std::min<std::uint64_t>(chunk.size(), size - hashed_));
    if (auto read = file.read(hashed_, part); !read)
      return tl::unexpected{std::move(read.error())};
    note(hashed_, part);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_.get(), raw.data(), &length);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : std::span{raw}.first(length)) {
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 0xfU]);
  }
  return text;
}

} // namespace fleetcast::actors::fleet
