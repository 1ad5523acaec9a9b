/// Which library does the bulk cryptography (decision 0012). The bytes are the same by each.
#pragma once

namespace fleetcast::protocol::wire {

enum class crypto_library {
  fastest, ///< of those that this host can use
  openssl,
};

} // namespace fleetcast::protocol::wire
