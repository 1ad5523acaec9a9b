/// TLS between a fleet's coordinator and its agents: version 1.3, both sides with a certificate of the
/// fleet's own CA.
///
/// An agent's certificate is for servers and a coordinator's for clients, and names count: a coordinator
/// takes an agent only under the name it was asked for. So a host that was broken into can neither
/// command others nor pass for another.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct ssl_ctx_st;

namespace fleetcast::actors::fleet {

struct credential_files {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path ca;
};

enum class link_role : std::uint8_t { agent, coordinator };

using link_context = std::shared_ptr<ssl_ctx_st>;

/// Reads the files; refuses a key that others can read, a key that does not fit its certificate, and a
/// certificate that has expired.
[[nodiscard]] tl::expected<link_context, protocol::failure>
make_link_context(const credential_files& files, link_role role);

/// When the certificate of `context`, which is not null, expires.
[[nodiscard]] std::chrono::sys_seconds expiry_of(const link_context& context);

/// Which command makes another certificate, as the end of a sentence.
[[nodiscard]] const char* renewal_of(link_role role);

/// Takes OpenSSL's errors off this thread's queue; the last one in words, empty if there was none.
[[nodiscard]] std::string tls_complaint();

} // namespace fleetcast::actors::fleet
