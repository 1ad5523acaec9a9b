#include "actors/trust/fleet_certificates.hpp"

#include "actors/trust/certificate_names.hpp"
#include "actors/trust/no_password.hpp"
#include "actors/trust/private_files.hpp"
#include "actors/trust/trust_file.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::actors::fleet {

namespace fs = std::filesystem;

using protocol::failure;
using protocol::failure_code;

namespace {

using key_ptr = std::shared_ptr<EVP_PKEY>;
using certificate_ptr = std::shared_ptr<X509>;
using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr std::size_t max_pem = 64 * 1024;

/// A clock that is a day behind must not stop a lab.
constexpr long backdated_seconds = 24L * 3600;

enum class purpose : std::uint8_t { authority, coordinator, host };

struct pair {
  key_ptr key;
  certificate_ptr certificate;
};

failure defect(const std::string& step) {
  return {failure_code::internal, 0, "OpenSSL failed to " + step + ": " + tls_complaint()};
}

failure disk_failure(int error, const std::string& what, const fs::path& path) {
  return io::system_failure(error, failure_code::write_fault, what, path);
}

bool add_extension(X509* to, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
    X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free};
  return extension && X509_add_ext(to, extension.get(), -1) == 1;
}

bool add_extensions(X509* to, X509* issuer, purpose use, const std::string& names) {
  const bool marked = add_extension(to, issuer, NID_subject_key_identifier, "hash")
                      && add_extension(to, issuer, NID_authority_key_identifier, "keyid:always");
  if (use == purpose::authority)
    return marked && add_extension(to, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
           && add_extension(to, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  // A coordinator is a client and an agent a server, and TLS refuses one in the place of the other.
  return marked && add_extension(to, issuer, NID_basic_constraints, "critical,CA:FALSE")
         && add_extension(to, issuer, NID_key_usage, "critical,digitalSignature")
         && add_extension(to, issuer, NID_ext_key_usage,
                          use == purpose::host ? "serverAuth" : "clientAuth")
         && (names.empty() || add_extension(to, issuer, NID_subject_alt_name, names));
}

/// "DNS:node1,IP:10.0.0.1"
std::string alternative_names(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names) {
    boost::system::error_code no_address;
    boost::asio::ip::make_address(name, no_address);
    result += (result.empty() ? "" : ",") + std::string{no_address ? "DNS:" : "IP:"} + name;
  }
  return result;
}

tl::expected<pair, failure> make_pair(const std::string& name, purpose use,
                                      std::chrono::hours validity, const pair* issuer,
                                      const std::string& names = {}) {
  pair result{{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free},
              {X509_new(), X509_free}};
  std::uint64_t serial = 0;
  if (!result.key || !result.certificate
      || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1)
    return tl::unexpected{defect("make a key")};
  auto* x = result.certificate.get();
  auto* signer = issuer != nullptr ? issuer->certificate.get() : x;
  auto* subject = X509_get_subject_name(x);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(validity).count();
  const bool ok
    = X509_set_version(x, X509_VERSION_3) == 1
      && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1U) == 1
      && X509_gmtime_adj(X509_getm_notBefore(x), -backdated_seconds) != nullptr
      && X509_gmtime_adj(X509_getm_notAfter(x), seconds) != nullptr
      && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1
      && X509_set_issuer_name(x, X509_get_subject_name(signer)) == 1
      && X509_set_pubkey(x, result.key.get()) == 1 && add_extensions(x, signer, use, names)
      && X509_sign(x, issuer != nullptr ? issuer->key.get() : result.key.get(), nullptr) != 0;
  if (!ok)
    return tl::unexpected{defect("make the certificate of " + name)};
  return result;
}

std::string text_in(BIO* bio) {
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(const X509* certificate) {
  const bio_ptr out{BIO_new(BIO_s_mem()), BIO_free};
  return out && PEM_write_bio_X509(out.get(), certificate) == 1 ? text_in(out.get()) : "";
}

std::string pem_of(const EVP_PKEY* key) {
  const bio_ptr out{BIO_new(BIO_s_secmem()), BIO_free};
  return out
             && PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
                  == 1
           ? text_in(out.get())
           : "";
}

/// The key first: a certificate says that the pair is whole.
failure store(const pair& made, const fs::path& key_file, const fs::path& certificate_file) {
  auto key = pem_of(made.key.get());
  const int key_error = io::create_private_file(key_file, key);
  io::wipe(key);
  if (key_error != 0)
    return disk_failure(key_error, "could not write a private key", key_file);
  if (const int error = io::create_private_file(certificate_file, pem_of(made.certificate.get()));
      error != 0)
    return disk_failure(error, "could not write a certificate", certificate_file);
  return {};
}

/// `secret`: a private key.
tl::expected<std::string, failure> read(const fs::path& file, bool secret) {
  // Not blocking: it may be the name of a pipe.
  const io::file_descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!opened)
    return tl::unexpected{
      io::system_failure(errno, failure_code::read_fault, "could not open", file)};
  struct stat info {};
  if (::fstat(opened.get(), &info) != 0)
    return tl::unexpected{
      io::system_failure(errno, failure_code::read_fault, "could not look at", file)};
  if (auto exposed = io::refuse_exposed(
        {file, "will not sign with what others could have changed",
         secret ? "others could have read this private key" : "others could have replaced it",
         secret},
        info))
    return tl::unexpected{std::move(exposed)};
  auto text = io::read_all(opened.get(), max_pem);
  if (!text)
    return tl::unexpected{
      io::system_failure(text.error(), failure_code::read_fault, "could not read", file)};
  return std::move(*text);
}

tl::expected<certificate_ptr, failure> read_certificate(const fs::path& file) {
  const auto text = read(file, false);
  if (!text)
    return tl::unexpected{text.error()};
  const bio_ptr in{BIO_new_mem_buf(text->data(), static_cast<int>(text->size())), BIO_free};
  certificate_ptr result{
    in ? PEM_read_bio_X509(in.get(), nullptr, io::no_password, nullptr) : nullptr, X509_free};
  if (!result)
    return tl::unexpected{
      failure{failure_code::read_fault, 0, file.string() + " holds no certificate in PEM"}};
  return result;
}

tl::expected<pair, failure> read_pair(const fs::path& key_file, const fs::path& certificate_file) {
  auto certificate = read_certificate(certificate_file);
  if (!certificate)
    return tl::unexpected{std::move(certificate.error())};
  auto text = read(key_file, true);
  if (!text)
    return tl::unexpected{std::move(text.error())};
  const auto& pem = *text;
  const bio_ptr in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
  key_ptr key{in ? PEM_read_bio_PrivateKey(in.get(), nullptr, io::no_password, nullptr) : nullptr,
              EVP_PKEY_free};
  io::wipe(*text);
  if (!key || X509_check_private_key(certificate->get(), key.get()) != 1)
    return tl::unexpected{
      failure{failure_code::read_fault, 0,
              key_file.string() + " holds no key that fits " + certificate_file.string()}};
  return pair{std::move(key), std::move(*certificate)};
}

tl::expected<pair, failure> read_authority(const fs::path& directory) {
  auto result = read_pair(directory / "ca.key", directory / "ca.pem");
  if (!result)
    return tl::unexpected{std::move(result.error())
                            .in_context("there is no authority to sign with; `fleetcast fleet cert "
                                        "init` makes it")};
  return result;
}

certificate_facts facts_of(const std::string& name, const fs::path& file, const X509* certificate) {
  certificate_facts result{name, file, 0, false, names_in(certificate)};
  const auto* until = X509_get0_notAfter(certificate);
  std::tm broken{};
  if (ASN1_TIME_to_tm(until, &broken) == 1)
    result.expires = timegm(&broken);
  result.expired = X509_cmp_current_time(until) <= 0;
  return result;
}

/// It becomes a directory's name and goes into a certificate.
bool is_plain_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.'
           || c == '-' || c == '_' || c == ':';
  };
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-'
         && std::all_of(name.begin(), name.end(), allowed);
}

} // namespace

fs::path certificate_store::default_directory() {
  return io::user_directory("XDG_CONFIG_HOME", ".config") / "fleetcast" / "fleet";
}

fs::path certificate_store::host_directory(const std::string& name) const {
  return directory_ / "hosts" / name;
}

credential_files certificate_store::coordinator() const {
  return {directory_ / "coordinator.pem", directory_ / "coordinator.key", directory_ / "ca.pem"};
}

failure certificate_store::init(std::chrono::hours validity) {
  if (const int error = io::make_private_directories(directory_); error != 0)
    return disk_failure(error, "could not make the directory", directory_);
  std::error_code ignored;
  if (fs::exists(directory_ / "ca.pem", ignored))
    return {failure_code::invalid_argument, 0,
            "there is a fleet's authority in " + directory_.string()
              + " already; to begin anew, which shuts out every host of today, move it away"};
  const auto authority = make_pair("Fleetcast fleet", purpose::authority, validity, nullptr);
  if (!authority)
    return authority.error();
  // Left by a run that was cut short: its certificate is not there.
  fs::remove(directory_ / "ca.key", ignored);
  if (auto failed = store(*authority, directory_ / "ca.key", directory_ / "ca.pem"))
    return failed;
  return renew_coordinator(validity);
}

failure certificate_store::renew_coordinator(std::chrono::hours validity) {
  const auto authority = read_authority(directory_);
  if (!authority)
    return authority.error();
  const auto made = make_pair("coordinator", purpose::coordinator, validity, &authority.value());
  if (!made)
    return made.error();
  const auto files = coordinator();
  std::error_code ignored;
  for (const auto& old : {files.certificate, files.key})
    fs::remove(old, ignored);
  return store(*made, files.key, files.certificate);
}

failure certificate_store::add_host(const std::vector<std::string>& names,
                                    std::chrono::hours validity, bool renew) {
  if (names.empty() || !std::all_of(names.begin(), names.end(), is_plain_name))
    return {failure_code::invalid_argument, 0,
            "a host's name is made of letters, digits, dots, dashes, underscores and colons"};
  const auto authority = read_authority(directory_);
  if (!authority)
    return authority.error();
  const auto place = host_directory(names.front());
  std::error_code ignored;
  if (fs::exists(place / "host.pem", ignored) && !renew)
    return {failure_code::invalid_argument, 0,
            place.string() + " has a certificate already; --renew makes another"};
  if (const int error = io::make_private_directories(place); error != 0)
    return disk_failure(error, "could not make the directory", place);
  auto all = names;
  if (renew && names.size() == 1)
    if (const auto old = read_certificate(place / "host.pem"))
      for (auto& name : names_in(old->get()))
        if (name != names.front())
          all.push_back(std::move(name));
  const auto made
    = make_pair(names.front(), purpose::host, validity, &authority.value(), alternative_names(all));
  if (!made)
    return made.error();
  for (const auto* old : {"host.pem", "host.key", "ca.pem"})
    fs::remove(place / old, ignored);
  if (const int error
      = io::create_private_file(place / "ca.pem", pem_of(authority->certificate.get()));
      error != 0)
    return disk_failure(error, "could not write a certificate", place / "ca.pem");
  return store(*made, place / "host.key", place / "host.pem");
}

tl::expected<std::vector<certificate_facts>, failure> certificate_store::list() const {
  std::vector<std::pair<std::string, fs::path>> all{
    {"ca", directory_ / "ca.pem"}, {"coordinator", directory_ / "coordinator.pem"}};
  std::error_code error;
  std::vector<std::string> hosts;
  for (const auto& each : fs::directory_iterator{directory_ / "hosts", error})
    hosts.push_back(each.path().filename().string());
  std::sort(hosts.begin(), hosts.end());
  for (const auto& host : hosts)
    all.emplace_back(host, host_directory(host) / "host.pem");
  std::vector<certificate_facts> result;
  for (const auto& [name, file] : all) {
    const auto certificate = read_certificate(file);
    if (!certificate)
      return tl::unexpected{certificate.error()};
    result.push_back(facts_of(name, file, certificate->get()));
  }
  return result;
}

} // namespace fleetcast::actors::fleet
