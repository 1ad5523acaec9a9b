/// What tests of the sender and the receiver need: an object cut into symbols, an identity, memory,
/// and both ends of the wire spoken by hand.
///
/// Header only, because fuzz targets use it and link nothing but the protocol.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/fec.hpp"
#include "protocol/geometry.hpp"
#include "protocol/receive/receiver.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/data_codec.hpp"
#include "protocol/wire/manifest.hpp"
#include "protocol/wire/seal.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <span>
#include <vector>

namespace fleetcast::protocol::wire {

// For the messages of failing tests.
inline void PrintTo(const block_range& r, std::ostream* out) {
  *out << "[" << r.first << ", +" << r.count << ")";
}

inline void PrintTo(const block_repair& r, std::ostream* out) {
  *out << r.symbols << " of block " << r.block;
}

} // namespace fleetcast::protocol::wire

namespace fleetcast::protocol::fixture {

using bytes = std::vector<std::byte>;

constexpr std::uint32_t session_tag = 0x5e551017;
constexpr std::uint16_t lane = 3;
constexpr receiver_id first_id = 7;

/// Tests begin here: not at zero, where "never" and "long ago" are easily mistaken.
constexpr timestamp start = seconds(100);

inline bytes random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  bytes result(size);
  std::generate(result.begin(), result.end(), [&] { return static_cast<std::byte>(random()); });
  return result;
}

inline wire::direction_key key_of(std::uint64_t seed) {
  wire::direction_key result;
  const auto secret = random_bytes(wire::key_size + wire::salt_size, seed);
  std::copy_n(secret.begin(), wire::key_size, result.key.begin());
  std::copy_n(secret.begin() + wire::key_size, wire::salt_size, result.salt.begin());
  return result;
}

inline wire::direction_key group_key() {
  return key_of(1);
}
inline wire::direction_key receiver_key(receiver_id id = first_id) {
  return key_of(1000 + id);
}

/// The server's identity: who signs manifests.
class identity {
public:
  explicit identity(unsigned char secret = 0x5e) {
    std::array<unsigned char, 32> raw{};
    raw.fill(secret);
    key_.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
    auto size = public_.size();
    if (!key_
        || EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(public_.data()),
                                       &size)
             != 1)
      std::abort();
    transmission_.fill(std::byte{0x77});
  }

  const wire::public_key& public_half() const noexcept { return public_; }
  const wire::transmission_id& transmission() const noexcept { return transmission_; }
  wire::manifest_signer signer() const { return {key_.get(), transmission_}; }

private:
  std::unique_ptr<evp_pkey_st, wire::pkey_deleter> key_;
  wire::public_key public_{};
  wire::transmission_id transmission_{};
};

/// An object of random bytes and everything that can be said of it.
class sample_object {
public:
  sample_object(std::uint64_t size, std::uint16_t symbol_size, std::uint16_t k,
                std::uint64_t seed = 1)
    : layout_(geometry::make(size, symbol_size, k).value()),
      content_(random_bytes(size, seed)),
      encoder_(symbol_size) {}

  const geometry& layout() const noexcept { return layout_; }
  const bytes& content() const noexcept { return content_; }

  /// The bytes of a block that belong to the object.
  std::span<const std::byte> content_of(block_number block) const {
    return std::span{content_}.subspan(layout_.offset_of(block), layout_.size_of(block));
  }

  /// As a reader hands it to the sender: padded with zeros to whole symbols.
  const_block_buffer block(block_number number) const {
    const auto size = std::size_t{layout_.source_symbols_of(number)} * layout_.symbol_size();
    block_buffer result{new std::byte[size], std::default_delete<std::byte[]>{}};
    const auto own = content_of(number);
    std::memset(result.get(), 0, size);
    std::memcpy(result.get(), own.data(), own.size());
    return result;
  }

  wire::digest digest_of(block_number number) const { return wire::digest_of(content_of(number)); }

  /// A source or repair symbol as it travels.
  bytes symbol(block_number number, symbol_id id) {
    const auto k = layout_.source_symbols_of(number);
    const std::size_t size = layout_.symbol_size();
    const auto source = block(number);
    if (id < k) {
      const auto* from = source.get() + id * size;
      return {from, from + layout_.symbol_bytes(number, id)};
    }
    bytes result(size);
    encoder_.encode({source.get(), k * size}, k, id, 1, result);
    return result;
  }

  wire::manifest manifest(block_number first, block_number count, const identity& by) const {
    wire::manifest m;
    m.first_block = first;
    for (block_number i = 0; i < count; ++i)
      m.digests.push_back(digest_of(first + i));
    by.signer().sign(m);
    return m;
  }

private:
  geometry layout_;
  bytes content_;
  fec_encoder encoder_;
};

/// Block memory with a count.
class counted_memory final : public block_allocator {
public:
  counted_memory(std::size_t block_size, std::size_t capacity)
    : block_size_(block_size),
      capacity_(capacity),
      used_(std::make_shared<std::size_t>(0)) {}

  block_buffer allocate() override {
    if (*used_ == capacity_)
      return nullptr;
    ++*used_;
    return {new std::byte[block_size_], [used = used_](const std::byte* memory) {
              delete[] memory;
              --*used;
            }};
  }

  std::size_t available() const noexcept override { return capacity_ - *used_; }
  std::size_t capacity() const noexcept override { return capacity_; }

private:
  std::size_t block_size_;
  std::size_t capacity_;
  std::shared_ptr<std::size_t> used_;
};

inline bytes seal(wire::sealer& with, const wire::header& h, std::span<const std::byte> payload) {
  bytes out(wire::header_size + payload.size() + with.overhead());
  with.seal(h, payload, out);
  return out;
}

/// The sender's mouth: seals for the group what a test makes it say.
class group_voice {
public:
  explicit group_voice(wire::seal_suite suite) : sealer_(suite, group_key()) {}

  bytes say(wire::datagram_type type, block_number block, symbol_id symbol,
            std::span<const std::byte> payload) {
    header_.type = type;
    header_.packet_number = next_packet_++;
    header_.block = block;
    header_.symbol = symbol;
    header_.payload_size = static_cast<std::uint16_t>(payload.size());
    return seal(sealer_, header_, payload);
  }

  bytes say(const wire::heartbeat& m) {
    return say(wire::datagram_type::control, 0, 0, wire::encode(m));
  }
  bytes say(const wire::manifest& m) {
    return say(wire::datagram_type::control, 0, 0, wire::encode(m));
  }
  bytes say(const wire::anchor& m) {
    return say(wire::datagram_type::control, 0, 0, wire::encode(m));
  }

  /// `m`, signed: nothing was sent after the datagram before.
  bytes say_anchor(const wire::heartbeat& m, const identity& by) {
    wire::anchor a{wire::encode_alone(m), next_packet_ - 1, {}};
    by.signer().sign(a);
    return say(a);
  }

  /// A source symbol, or a repair symbol where `id` is one.
  bytes say_symbol(sample_object& object, block_number block, symbol_id id) {
    const auto source = id < object.layout().source_symbols_of(block);
    return say(source ? wire::datagram_type::source : wire::datagram_type::repair, block, id,
               object.symbol(block, id));
  }

  /// A symbol that is lost on the way: only its packet number is spent.
  void lose(std::uint64_t count = 1) noexcept { next_packet_ += count; }

  std::uint64_t next_packet() const noexcept { return next_packet_; }
  void set_next_packet(std::uint64_t packet) noexcept { next_packet_ = packet; }

  /// For tests that want a wrong lane or tag.
  wire::header& header() noexcept { return header_; }

private:
  wire::sealer sealer_;
  wire::header header_{.lane = lane, .session_tag = session_tag};
  std::uint64_t next_packet_ = 1;
};

/// Reads what a receiver says.
inline std::optional<wire::feedback> read_feedback(std::span<const std::byte> datagram,
                                                   wire::seal_suite suite,
                                                   receiver_id id = first_id) {
  const auto h = wire::decode(datagram, wire::seal_size(suite));
  if (!h || h->type != wire::datagram_type::control || h->session_tag != session_tag
      || h->lane != lane || h->block != id)
    return std::nullopt;
  wire::opener opener{suite, receiver_key(id)};
  bytes body(h->payload_size);
  if (!opener.open(*h, datagram, body))
    return std::nullopt;
  return wire::decode_feedback(body);
}

inline receiver_config receiver_config_of(const geometry& layout, const identity& server,
                                          wire::seal_suite suite, receiver_id id = first_id) {
  receiver_config result{.layout = layout};
  result.session_tag = session_tag;
  result.lane = lane;
  result.receiver_id = id;
  result.transmission = server.transmission();
  result.signing_key = server.public_half();
  result.suite = suite;
  result.group_key = group_key();
  result.receiver_key = receiver_key(id);
  result.seed = id;
  return result;
}

} // namespace fleetcast::protocol::fixture
