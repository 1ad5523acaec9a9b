#include "actors/trust/identity.hpp"

#include "actors/trust/no_password.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

constexpr std::string_view file_name = "identity.pem";
constexpr std::string_view fingerprint_prefix = "SHA256:";
constexpr std::size_t fingerprint_digits = 43; // 32 bytes in base64, without padding

/// A key and a certificate take about 600 bytes.
constexpr std::size_t max_identity_file = 64 * 1024;

/// Where an identity is kept, and how texts speak of it.
struct keeping {
  std::filesystem::path file;
  const char* whose;
  const char* elsewhere;    ///< how to choose another place
  const char* when_renewed; ///< what follows when it is made anew
  const char* refusal;
};

keeping of_server(const std::filesystem::path& state_dir) {
  return {state_dir / file_name, "the server's identity", "choose another place with --state-dir",
          "which clients that pinned the old one refuse until they are given the new one with "
          "--fingerprint",
          "will not use the server's identity"};
}

keeping of_client(const std::filesystem::path& file) {
  return {file, "this client's identity", "choose another file with FLEETCAST_IDENTITY",
          "which servers that know the old one refuse until their operator lists the new one",
          "will not use this client's identity"};
}

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

trust_file trust_file_of(const keeping& place) {
  return {place.file, place.refusal, "others could have read the private key", true};
}

failure defect_of_openssl(std::string_view step) {
  return {failure_code::internal, 0,
          "could not make an identity: OpenSSL failed to " + std::string{step}
            + ". Is OpenSSL 3.0 with Ed25519 installed?"};
}

std::string fingerprint_of_der(const unsigned char* der, std::size_t size) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(der, size, hash.data());
  std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> base64{};
  EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(hash.size()));
  return std::string{fingerprint_prefix}
         + std::string{reinterpret_cast<const char*>(base64.data()), fingerprint_digits};
}

std::shared_ptr<X509> make_certificate(EVP_PKEY* key) {
  std::shared_ptr<X509> certificate{X509_new(), X509_free};
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1)
    return nullptr;
  auto* name = X509_get_subject_name(certificate.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>("fleetcast");
  // Its dates say "always" (RFC 5280, section 4.1.2.5): the pinned key is what is trusted, and a
  // clock that is wrong on either side must not stop a lab.
  const bool ok
    = X509_set_version(certificate.get(), X509_VERSION_3) == 1
      && ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1
      && ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), "19700101000000Z") == 1
      && ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), "99991231235959Z") == 1
      && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1
      && X509_set_issuer_name(certificate.get(), name) == 1
      && X509_set_pubkey(certificate.get(), key) == 1
      && X509_sign(certificate.get(), key, nullptr) != 0; // Ed25519 brings its own digest
  return ok ? certificate : nullptr;
}

tl::expected<std::string, failure> make_pem() {
  const std::shared_ptr<EVP_PKEY> key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                      EVP_PKEY_free};
  if (!key)
    return tl::make_unexpected(defect_of_openssl("make a key"));
  const auto certificate = make_certificate(key.get());
  if (!certificate)
    return tl::make_unexpected(defect_of_openssl("make a certificate"));
  // In the secure heap or not, BIO_s_secmem wipes its memory when freed.
  const bio_ptr out{BIO_new(BIO_s_secmem()), BIO_free};
  if (!out
      || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)
           != 1
      || PEM_write_bio_X509(out.get(), certificate.get()) != 1)
    return tl::make_unexpected(defect_of_openssl("write it as PEM"));
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return std::string{text, static_cast<std::size_t>(size)};
}

} // namespace

/// Fills in an identity; apart so that the header needs no OpenSSL.
class identity_maker {
public:
  static std::optional<identity> from_pem(std::string_view pem) {
    identity result;
    if (!read(pem, result.key_, result.certificate_)
        || EVP_PKEY_get_base_id(result.key_.get()) != EVP_PKEY_ED25519
        || X509_check_private_key(result.certificate_.get(), result.key_.get()) != 1)
      return std::nullopt;
    auto size = result.public_key_.size();
    auto* raw = reinterpret_cast<unsigned char*>(result.public_key_.data());
    if (EVP_PKEY_get_raw_public_key(result.key_.get(), raw, &size) != 1
        || size != result.public_key_.size())
      return std::nullopt;
    result.fingerprint_ = fingerprint_of(result.key_.get());
    return result;
  }

private:
  static bool read(std::string_view pem, std::shared_ptr<EVP_PKEY>& key,
                   std::shared_ptr<X509>& certificate) {
    const bio_ptr in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
    if (!in)
      return false;
    key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr), EVP_PKEY_free);
    certificate.reset(PEM_read_bio_X509(in.get(), nullptr, no_password, nullptr), X509_free);
    return key != nullptr && certificate != nullptr;
  }
};

namespace {

failure fault_of(int error, failure_code otherwise, const char* step, const keeping& place) {
  return system_failure(error, otherwise, std::string{step} + " " + place.whose, place.file);
}

/// Nothing when there is no such file.
tl::expected<std::optional<identity>, failure> load(const keeping& place) {
  // Not blocking: it may be the name of a pipe.
  const file_descriptor descriptor{
    ::open(place.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!descriptor) {
    if (errno == ENOENT)
      return std::optional<identity>{};
    return tl::make_unexpected(fault_of(errno, failure_code::read_fault, "could not open", place));
  }
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0)
    return tl::make_unexpected(
      fault_of(errno, failure_code::read_fault, "could not look at", place));
  if (auto refused = refuse_exposed(trust_file_of(place), info)) {
    refused.text += "; else remove the file, and a new identity is made";
    return tl::make_unexpected(std::move(refused));
  }
  auto text = read_all(descriptor.get(), max_identity_file);
  if (!text)
    return tl::make_unexpected(
      fault_of(text.error(), failure_code::read_fault, "could not read", place));
  auto result = identity_maker::from_pem(*text);
  wipe(*text);
  if (!result)
    return tl::make_unexpected(
      failure{failure_code::read_fault, 0,
              std::string{"could not read "} + place.whose + ": " + place.file.string()
                + " does not hold an Ed25519 private key and its certificate in PEM. Restore the "
                  "file from a backup; or remove it to have a new identity made, "
                + place.when_renewed});
  return result;
}

std::filesystem::path directory_of(const keeping& place) {
  return place.file.has_parent_path() ? place.file.parent_path() : std::filesystem::path{"."};
}

failure check_directory(const keeping& place) {
  const auto directory = directory_of(place);
  if (const int error = make_private_directories(directory); error != 0)
    return system_failure(error, failure_code::write_fault,
                          std::string{"could not make the directory for "} + place.whose, directory)
      .in_context(place.elsewhere);
  return refuse_exposed_directory(trust_file_of(place));
}

tl::expected<identity, failure> load_or_create(const keeping& place) {
  if (auto refused = check_directory(place))
    return tl::make_unexpected(std::move(refused));
  auto loaded = load(place);
  if (!loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  if (loaded->has_value())
    return std::move(**loaded);
  auto pem = make_pem();
  if (!pem)
    return tl::make_unexpected(std::move(pem.error()));
  const int error = create_private_file(place.file, *pem);
  wipe(*pem);
  // Another process that was quicker has made the identity: it is the one to use.
  if (error != 0 && error != EEXIST)
    return tl::make_unexpected(
      fault_of(error, failure_code::write_fault, "could not write", place));
  loaded = load(place);
  if (!loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  if (!loaded->has_value())
    return tl::make_unexpected(
      fault_of(ENOENT, failure_code::read_fault, "could not read, just after it was made,", place));
  return std::move(**loaded);
}

} // namespace

std::filesystem::path default_state_dir() {
  if (::geteuid() == 0)
    return "/var/lib/fleetcast";
  return user_directory("XDG_STATE_HOME", ".local/state") / "fleetcast";
}

std::filesystem::path default_client_identity() {
  return user_directory("XDG_CONFIG_HOME", ".config") / "fleetcast" / "identity";
}

tl::expected<identity, failure> load_or_create_identity(const std::filesystem::path& state_dir) {
  return load_or_create(of_server(state_dir));
}

tl::expected<identity, failure> load_or_create_client_identity(const std::filesystem::path& file) {
  auto result = load_or_create(of_client(file));
  // Whatever it was: not the server's word, and not about the object.
  if (!result)
    result.error().code = failure_code::trust_store_fault;
  return result;
}

std::string fingerprint_of(evp_pkey_st* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0)
    return {};
  auto result = fingerprint_of_der(der, static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return result;
}

bool is_fingerprint(std::string_view text) noexcept {
  if (!text.starts_with(fingerprint_prefix))
    return false;
  text.remove_prefix(fingerprint_prefix.size());
  const auto base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return text.size() == fingerprint_digits
         && text.find_first_not_of(base64) == std::string_view::npos;
}

} // namespace fleetcast::actors::io
