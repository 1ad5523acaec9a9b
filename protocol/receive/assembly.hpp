/// A block that a receiver holds something of, and what it knows about it beside its symbols.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/receive/block_assembler.hpp"
#include "protocol/receive/block_mend.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/block_digest.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace fleetcast::protocol {

struct assembly {
  block_assembler symbols;
  std::uint32_t pass = 0;      ///< of the sender when its last symbol came
  timestamp asked_at = -never; ///< of the last request for it
  std::uint32_t requests = 0;  ///< that named it
  std::uint16_t announced = 0; ///< symbols that the last heartbeat said will come
  bool restored = false;       ///< whole and decoded, waiting for its digest
  std::optional<wire::digest>
    own{}; ///< of a restored block whose digest is not known, once computed
  std::optional<block_mend> mend{}; ///< it fails its digest

  /// Forgets what came, and that it was asked for, and keeps the memory. What is known of the sender stays, since nothing
  /// of that came with the symbols: where it was, and how many symbols it announced, some of which may be on their way.
  void empty_out() noexcept {
    symbols.reset();
    restored = false;
    own.reset();
    mend.reset();
    asked_at = -never;
    requests = 0;
  }

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const noexcept { return symbols.validate() && (!mend || restored); }
};

using assemblies = std::map<block_number, assembly>;

} // namespace fleetcast::protocol
