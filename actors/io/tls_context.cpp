#include "actors/io/tls_context.hpp"

#include <boost/system/system_error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

namespace ssl = boost::asio::ssl;

failure defect(std::string_view step) {
  return {failure_code::internal, 0,
          "could not set up TLS 1.3: OpenSSL failed to " + std::string{step}
            + ". Is OpenSSL 3.0 installed, and does its configuration allow TLS 1.3 and Ed25519?"};
}

/// Nothing when OpenSSL refuses.
tls_context make_context(ssl::context::method method) {
  tls_context result;
  try {
    result = std::make_shared<ssl::context>(method);
  } catch (const boost::system::system_error&) {
    return nullptr;
  }
  auto* native = result->native_handle();
  // No tickets, no sessions: a connection is made once, and keys that outlive it only leak.
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  // Thousands of connections that idle most of the time: their buffers are given back meanwhile.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  const bool ok = SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) == 1
                  && SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION) == 1
                  && SSL_CTX_set_num_tickets(native, 0) == 1;
  return ok ? result : nullptr;
}

} // namespace

tl::expected<tls_context, failure> make_server_context(const identity& who) {
  auto result = make_context(ssl::context::tls_server);
  if (!result)
    return tl::make_unexpected(defect("make a context"));
  auto* native = result->native_handle();
  if (SSL_CTX_use_certificate(native, who.certificate()) != 1
      || SSL_CTX_use_PrivateKey(native, who.key()) != 1)
    return tl::make_unexpected(defect("use the server's identity"));
  SSL_CTX_set_verify(native, SSL_VERIFY_NONE, nullptr);
  return result;
}

tl::expected<tls_context, failure> make_client_context() {
  auto result = make_context(ssl::context::tls_client);
  if (!result)
    return tl::make_unexpected(defect("make a context"));
  SSL_CTX_set_verify(result->native_handle(), SSL_VERIFY_NONE, nullptr);
  return result;
}

tl::expected<peer_identity, failure> identify_peer(SSL* connection) {
  const auto* certificate = SSL_get0_peer_certificate(connection);
  auto* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
  if (key == nullptr)
    return tl::make_unexpected(failure{failure_code::handshake_failed, 0,
                                       "the server showed no key that could be identified"});
  peer_identity result;
  auto size = result.key.size();
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519
      || EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(result.key.data()),
                                     &size)
           != 1
      || size != result.key.size())
    return tl::make_unexpected(
      failure{failure_code::handshake_failed, 0,
              "the server's key is not an Ed25519 key, so it is no Fleetcast server"});
  result.fingerprint = fingerprint_of(key);
  return result;
}

} // namespace fleetcast::actors::io
