#include "actors/trust/fleet_tls_context.hpp"

#include "actors/trust/no_password.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <ctime>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::actors::fleet {

using protocol::failure;
using protocol::failure_code;

namespace {

failure fault(const std::filesystem::path& file, const std::string& what) {
  auto complaint = tls_complaint();
  return {failure_code::trust_store_fault, 0,
          "cannot use " + file.string() + ": " + what
            + (complaint.empty() ? "" : " (" + complaint + ")")};
}

/// OpenSSL would only say "system lib" of a file that cannot be read.
failure check(const char* what, const io::trust_file& rule) {
  // Not blocking: it may be the name of a pipe.
  const io::file_descriptor opened{::open(rule.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0) {
    const int error = errno;
    auto result = io::system_failure(error, failure_code::trust_store_fault,
                                     std::string{"cannot read the "} + what, rule.path);
    if (error == ENOENT)
      result.text += "; `fleetcast fleet cert` makes these files";
    return result;
  }
  auto exposed = io::refuse_exposed(rule, info);
  if (exposed)
    exposed.code = failure_code::trust_store_fault;
  return exposed;
}

/// Write access to the CA certificate is power over the fleet: it decides whose commands this host obeys, and whom it commands.
failure check(const credential_files& files) {
  constexpr auto refusal = "will not use these credentials";
  constexpr auto replaced = "others could have put a certificate of theirs into it";
  constexpr auto read = "others could have read this private key";
  for (auto wrong : {check("certificate", {files.certificate, refusal, replaced}),
                     check("private key", {files.key, refusal, read, true}),
                     check("CA certificate", {files.ca, refusal, replaced})})
    if (wrong)
      return wrong;
  return {};
}

failure load(SSL_CTX* context, const credential_files& files, link_role role) {
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    return fault(files.certificate, "it holds no certificate in PEM");
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fault(files.key,
                 "it holds no private key in PEM that fits " + files.certificate.string());
  if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1)
    return fault(files.ca, "it holds no CA certificate in PEM");
  if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(context))) <= 0)
    return fault(files.certificate, std::string{"it has expired; "} + renewal_of(role));
  return {};
}

} // namespace

const char* renewal_of(link_role role) {
  return role == link_role::coordinator ? "`fleetcast fleet cert init --renew` makes another one"
                                        : "`fleetcast fleet cert host NAME --renew`, where the "
                                          "fleet's authority is, makes another one to copy here";
}

std::chrono::sys_seconds expiry_of(const link_context& context) {
  std::tm broken{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context.get())), &broken) != 1)
    return {}; // cannot fail: make_link_context has read it
  return std::chrono::sys_seconds{std::chrono::seconds{timegm(&broken)}};
}

std::string tls_complaint() {
  std::string result;
  while (const auto error = ERR_get_error())
    if (const char* reason = ERR_reason_error_string(error))
      result = reason;
  return result;
}

tl::expected<link_context, failure> make_link_context(const credential_files& files,
                                                      link_role role) {
  if (auto wrong = check(files))
    return tl::unexpected{std::move(wrong)};
  ERR_clear_error();
  const auto* method = role == link_role::agent ? TLS_server_method() : TLS_client_method();
  link_context context{SSL_CTX_new(method), SSL_CTX_free};
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1)
    return tl::unexpected{failure{failure_code::internal, 0, "OpenSSL offers no TLS 1.3"}};
  SSL_CTX_set_default_passwd_cb(context.get(), io::no_password);
  // OpenSSL also asks that the peer's certificate is for its role.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // CAF keeps what was not written yet and may move it.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  if (auto wrong = load(context.get(), files, role))
    return tl::unexpected{std::move(wrong)};
  return context;
}

} // namespace fleetcast::actors::fleet
