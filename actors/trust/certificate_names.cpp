#include "actors/trust/certificate_names.hpp"

#include "actors/io/address_bytes.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <span>

namespace fleetcast::actors::fleet {

namespace {

std::span<const std::byte> text_bytes(const ASN1_STRING* text) {
  return std::as_bytes(
    std::span{ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))});
}

} // namespace

std::vector<std::string> names_in(const X509* certificate) {
  std::vector<std::string> result;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all{
    static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
    GENERAL_NAMES_free};
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const auto* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type == GEN_DNS) {
      const auto text = text_bytes(one->d.dNSName);
      result.emplace_back(reinterpret_cast<const char*>(text.data()), text.size());
    } else if (one->type == GEN_IPADD) {
      if (const auto address = io::address_of(text_bytes(one->d.iPAddress)))
        result.push_back(address->to_string());
    }
  }
  return result;
}

} // namespace fleetcast::actors::fleet
