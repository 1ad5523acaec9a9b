#include "protocol/wire/ipsec_mb.hpp"

#include "protocol/require.hpp"

#if defined(FLEETCAST_HAS_IPSEC_MB)

#define NO_COMPAT_IMB_API_053 // the old names are macros such as SHA1, which break other headers
#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <intel-ipsec-mb.h>

namespace fleetcast::protocol::wire::ipsec_mb {

namespace {

struct manager_deleter {
  void operator()(IMB_MGR* manager) const noexcept { free_mb_mgr(manager); }
};

using manager_ptr = std::unique_ptr<IMB_MGR, manager_deleter>;

bool has(const manager_ptr& manager, std::uint64_t feature) noexcept {
  return manager && (manager->features & feature) == feature;
}

/// The best that the library has for this processor, of what `flags` leave it; null: without AES instructions, when
/// its self-test fails, or anything else is wrong with it.
manager_ptr make_manager(std::uint64_t flags = 0) {
  manager_ptr manager{alloc_mb_mgr(flags)};
  if (!manager)
    return nullptr;
  init_mb_mgr_auto(manager.get(), nullptr);
  const auto usable
    = imb_get_errno(manager.get()) == 0 && has(manager, IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ);
  return usable ? std::move(manager) : nullptr;
}

/// The same for hashing. Sixteen messages at a time by vectors of 512 bits are as fast as two by SHA instructions, or
/// twice as fast (decision 0012); where there are no such vectors, two are faster than eight by shorter ones, and the
/// SSE implementation is the one that always takes the SHA instructions.
manager_ptr make_hashing_manager() {
  auto manager = make_manager(IMB_FLAG_SHANI_OFF);
  if (!manager || has(manager, IMB_FEATURE_AVX512_SKX))
    return manager;
  manager = make_manager();
  if (has(manager, IMB_FEATURE_SHANI)) {
    init_mb_mgr_sse(manager.get());
    if (imb_get_errno(manager.get()) != 0)
      return nullptr;
  }
  return manager;
}

const std::uint8_t* raw(const std::byte* data) noexcept {
  return reinterpret_cast<const std::uint8_t*>(data);
}

std::uint8_t* raw(std::byte* data) noexcept {
  return reinterpret_cast<std::uint8_t*>(data);
}

class aes_256_gcm final : public aead {
public:
  /// `functions` outlives it.
  aes_256_gcm(const IMB_MGR& functions, key secret) : functions_(functions) {
    IMB_AES256_GCM_PRE(&functions_, secret.data(), &schedule_);
  }

  ~aes_256_gcm() override { OPENSSL_cleanse(&schedule_, sizeof schedule_); }

  aes_256_gcm(const aes_256_gcm&) = delete;
  aes_256_gcm& operator=(const aes_256_gcm&) = delete;

  void seal(nonce number, bytes associated, bytes plain, std::byte* out) override {
    gcm_context_data context;
    IMB_AES256_GCM_ENC(&functions_, &schedule_, &context, raw(out), raw(plain.data()), plain.size(),
                       raw(number.data()), raw(associated.data()), associated.size(),
                       raw(out + plain.size()), tag_size);
  }

  bool open(nonce number, bytes associated, bytes sealed, std::byte* out) override {
    const auto body = sealed.first(sealed.size() - tag_size);
    std::array<std::byte, tag_size> tag{};
    gcm_context_data context;
    IMB_AES256_GCM_DEC(&functions_, &schedule_, &context, raw(out), raw(body.data()), body.size(),
                       raw(number.data()), raw(associated.data()), associated.size(),
                       raw(tag.data()), tag_size);
    return CRYPTO_memcmp(tag.data(), sealed.data() + body.size(), tag_size) == 0;
  }

private:
  const IMB_MGR& functions_;
  alignas(64) gcm_key_data schedule_;
};

void submit(IMB_MGR& manager, std::span<const std::byte> message, std::byte* digest) {
  auto& job = *IMB_GET_NEXT_JOB(&manager);
  job = {};
  job.cipher_mode = IMB_CIPHER_NULL;
  job.cipher_direction = IMB_DIR_ENCRYPT;
  job.chain_order = IMB_ORDER_HASH_CIPHER;
  job.hash_alg = IMB_AUTH_SHA_256;
  job.src = raw(message.data());
  job.msg_len_to_hash_in_bytes = message.size();
  job.auth_tag_output = raw(digest);
  job.auth_tag_output_len_in_bytes = IMB_SHA256_DIGEST_SIZE_IN_BYTES;
}

/// Hashes all; false when the library fails, and then jobs may still lie in its queue.
bool hash(IMB_MGR& manager, std::span<const std::byte> data, std::size_t size,
          std::span<std::array<std::byte, 32>> digests) {
  std::size_t done = 0;
  const auto succeeded = [&done](const IMB_JOB* job) {
    done += job == nullptr ? 0 : 1;
    return job == nullptr || job->status == IMB_STATUS_COMPLETED;
  };
  for (auto& digest : digests) {
    const auto message = data.first(std::min(size, data.size()));
    data = data.subspan(message.size());
    submit(manager, message, digest.data());
    if (!succeeded(IMB_SUBMIT_JOB(&manager)))
      return false;
  }
  while (done < digests.size()) {
    const auto* job = IMB_FLUSH_JOB(&manager);
    if (job == nullptr || !succeeded(job))
      return false;
  }
  return true;
}

} // namespace

std::unique_ptr<aead> make_aes_256_gcm(aead::key key) {
  // Its functions for GCM only read it, so that all threads may share it. Never destroyed: a thread may seal
  // until the process ends.
  static const auto* const functions = make_manager().release();
  return functions ? std::make_unique<aes_256_gcm>(*functions, key) : nullptr;
}

bool sha256(std::span<const std::byte> data, std::size_t size,
            std::span<std::array<std::byte, 32>> digests) {
  REQUIRE(size > 0 && size <= max_message && digests.size() == (data.size() + size - 1) / size,
          size, data.size(), digests.size());
  // It queues messages: one each for the few threads that hash.
  thread_local auto manager = make_hashing_manager();
  if (!manager)
    return false;
  if (!hash(*manager, data, size, digests)) {
    manager.reset(); // with what is left in its queue; OpenSSL from now on
    return false;
  }
  return true;
}

} // namespace fleetcast::protocol::wire::ipsec_mb

#else

namespace fleetcast::protocol::wire::ipsec_mb {

std::unique_ptr<aead> make_aes_256_gcm(aead::key) {
  return nullptr;
}

bool sha256(std::span<const std::byte>, std::size_t, std::span<std::array<std::byte, 32>>) {
  return false;
}

} // namespace fleetcast::protocol::wire::ipsec_mb

#endif
