#include "actors/trust/tls_context.hpp"

#include <boost/system/system_error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

namespace ssl = boost::asio::ssl;

/// Bytes of certificates that a peer may show; ours have some 300.
constexpr long max_certificates = 16 * 1024;

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
  SSL_CTX_set_max_cert_list(native, max_certificates);
  const bool ok = SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) == 1
                  && SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION) == 1
                  && SSL_CTX_set_num_tickets(native, 0) == 1;
  return ok ? result : nullptr;
}

/// No authority signs certificates here; the handshake proves that the peer holds the key.
int take_any_certificate(X509_STORE_CTX*, void*) {
  return 1;
}

// -- who a client says it is ----------------------------------------------------------------------

/// A client's context, and what its callback looks at.
struct authenticating_context {
  tls_context context;
  client_credentials credentials;
};

int credentials_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool is_for(const client_credentials& credentials, SSL* connection) {
  if (credentials.servers.empty())
    return true;
  const auto server = identify_peer(connection);
  return server
         && std::find(credentials.servers.begin(), credentials.servers.end(), server->fingerprint)
              != credentials.servers.end();
}

/// The server has proven who it is and asks the same of us: 1 with our identity, 0 without.
int show_identity(SSL* connection, X509** certificate, EVP_PKEY** key) {
  const auto* found = static_cast<const authenticating_context*>(
    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), credentials_index()));
  if (found == nullptr || !is_for(found->credentials, connection))
    return 0;
  const auto& who = *found->credentials.who;
  if (X509_up_ref(who.certificate()) != 1)
    return 0;
  if (EVP_PKEY_up_ref(who.key()) != 1) {
    X509_free(who.certificate());
    return 0;
  }
  *certificate = who.certificate();
  *key = who.key();
  return 1;
}

tl::expected<peer_identity, failure> identity_of(EVP_PKEY* key) {
  peer_identity result;
  auto size = result.key.size();
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519
      || EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(result.key.data()),
                                     &size)
           != 1
      || size != result.key.size())
    return tl::make_unexpected(
      failure{failure_code::handshake_failed, 0, "its key is not an Ed25519 key"});
  result.fingerprint = fingerprint_of(key);
  return result;
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
  // Asks for the client's certificate; one that shows none is not refused here.
  if (SSL_CTX_set1_client_sigalgs_list(native, "ed25519") != 1)
    return tl::make_unexpected(defect("ask clients for Ed25519 keys"));
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(native, take_any_certificate, nullptr);
  return result;
}

tl::expected<tls_context, failure> make_client_context(client_credentials credentials) {
  auto plain = make_context(ssl::context::tls_client);
  if (!plain)
    return tl::make_unexpected(defect("make a context"));
  auto* native = plain->native_handle();
  SSL_CTX_set_verify(native, SSL_VERIFY_NONE, nullptr);
  if (credentials.who == nullptr)
    return plain;
  auto result = std::make_shared<authenticating_context>();
  result->context = std::move(plain);
  result->credentials = std::move(credentials);
  if (SSL_CTX_set_ex_data(native, credentials_index(), result.get()) != 1)
    return tl::make_unexpected(defect("keep the client's identity"));
  SSL_CTX_set_client_cert_cb(native, show_identity);
  return tls_context{result, result->context.get()};
}

tl::expected<peer_identity, failure> identify_peer(SSL* connection) {
  const auto* certificate = SSL_get0_peer_certificate(connection);
  auto* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
  if (key == nullptr)
    return tl::make_unexpected(failure{failure_code::handshake_failed, 0,
                                       "the server showed no key that could be identified"});
  auto result = identity_of(key);
  if (!result)
    return tl::make_unexpected(
      failure{failure_code::handshake_failed, 0,
              "the server's key is not an Ed25519 key, so it is no Fleetcast server"});
  return result;
}

tl::expected<peer_identity, failure> identify_client(SSL* connection) {
  const auto* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr)
    return peer_identity{};
  auto* key = X509_get0_pubkey(certificate);
  auto result
    = key == nullptr
        ? tl::make_unexpected(failure{failure_code::handshake_failed, 0, "it showed no key"})
        : identity_of(key);
  return result;
}

} // namespace fleetcast::actors::io
