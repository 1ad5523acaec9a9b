/// What OpenSSL does for us: every suite, on every host.
#pragma once

#include "protocol/wire/aead.hpp"

#include <memory>

namespace fleetcast::protocol::wire {

/// Null for `none`. Throws std::runtime_error when OpenSSL lacks the suite.
[[nodiscard]] std::unique_ptr<aead> make_openssl_aead(seal_suite suite, aead::key key);

} // namespace fleetcast::protocol::wire
