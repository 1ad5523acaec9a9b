/// Digests of blocks and the signature that vouches for them (docs/protocol.md, section 6).
///
/// Whoever holds the group key could forge a datagram; a manifest is signed with the server's Ed25519
/// identity, which the control plane pinned, so a block that matches its digest came from the server.
#pragma once

#include "protocol/wire/control_messages.hpp"
#include "protocol/wire/data_messages.hpp"

#include <memory>
#include <span>

struct evp_pkey_st;

namespace fleetcast::protocol::wire {

struct pkey_deleter {
  void operator()(evp_pkey_st* key) const noexcept;
};

/// Signs manifests and anchors of one transmission.
class manifest_signer {
public:
  /// `private_key` is an Ed25519 key; the signer takes a reference of its own.
  manifest_signer(evp_pkey_st* private_key, const transmission_id& transmission);

  /// Sets `signed_by`.
  void sign(manifest& m) const;
  void sign(anchor& a) const;

private:
  signature sign(std::span<const unsigned char> message) const;

  std::unique_ptr<evp_pkey_st, pkey_deleter> key_;
  transmission_id transmission_;
};

/// Checks manifests and anchors of one transmission.
class manifest_verifier {
public:
  manifest_verifier(const public_key& key, const transmission_id& transmission);

  [[nodiscard]] bool verify(const manifest& m) const;
  [[nodiscard]] bool verify(const anchor& a) const;

private:
  bool verify(std::span<const unsigned char> message, const signature& signed_by) const;

  std::unique_ptr<evp_pkey_st, pkey_deleter> key_;
  transmission_id transmission_;
};

} // namespace fleetcast::protocol::wire
