/// SHA-256 over an object whose blocks come in any order: hashed on the way while they come in order,
/// read back for the rest.
#pragma once

#include "actors/fleet/target_file.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace fleetcast::actors::fleet {

class object_digest {
public:
  object_digest();

  /// These bytes were written at `offset`.
  void note(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Reads what is missing up to `size` and gives the digest in hexadecimal. Once.
  [[nodiscard]] target_file::result<std::string> finish(target_file& file, std::uint64_t size);

private:
  struct free_context {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };

  std::unique_ptr<evp_md_ctx_st, free_context> context_;
  std::uint64_t hashed_ = 0; ///< bytes from the start
};

} // namespace fleetcast::actors::fleet
