/// Systematic Reed-Solomon erasure code over GF(2^8), one block at a time, computed by ISA-L.
///
/// The generator matrix is the identity on top of a Cauchy matrix: repair symbol `esi` is the sum
/// over all source symbols j of (esi XOR j)^-1 x symbol j. Every square part of a Cauchy matrix is
/// invertible, so any k different symbols of a block restore it, and a sender and a receiver need to
/// agree on k alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fleetcast::protocol {

/// Encoding symbol id of RFC 5052: 0 … k-1 source, k … 254 repair.
using symbol_id = std::uint16_t;

class fec_encoder {
public:
  explicit fec_encoder(std::uint16_t symbol_size) : symbol_size_(symbol_size) {}

  /// Computes repair symbols `first … first + count - 1` of a block of `k` source symbols that lie
  /// one after another in `source` (k x symbol_size bytes, the last one padded with zeros) into
  /// `repair` (count x symbol_size bytes). Requires k <= first and first + count <= 255.
  void encode(std::span<const std::byte> source, std::uint16_t k, symbol_id first,
              std::uint16_t count, std::span<std::byte> repair);

private:
  std::uint16_t symbol_size_;
  std::vector<unsigned char> matrix_;
  std::vector<unsigned char> tables_;
};

class fec_decoder {
public:
  explicit fec_decoder(std::uint16_t symbol_size) : symbol_size_(symbol_size) {}

  /// Restores the missing source symbols of a block in place.
  ///
  /// `slots` holds k symbols one after another, and `ids[i]` says which symbol lies in slot i. A
  /// source symbol must lie in the slot of its own number; repair symbols fill the other slots in
  /// any order. Afterwards every slot i holds source symbol i. Requires distinct ids.
  ///
  /// Cost: with e symbols missing, e x k symbol multiplications and an e x e matrix inversion; the
  /// full k x k inversion that a textbook decoder needs would cost milliseconds at k = 128.
  void decode(std::span<std::byte> slots, std::span<const symbol_id> ids);

private:
  std::uint16_t symbol_size_;
  std::vector<unsigned char> matrix_;
  std::vector<unsigned char> inverse_;
  std::vector<unsigned char> tables_;
  std::vector<std::byte> sums_;
};

} // namespace fleetcast::protocol
