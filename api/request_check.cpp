#include "api/request_check.hpp"

#include "api/server_name.hpp"
#include "api/utf8.hpp"

#include <cstddef>
#include <optional>
#include <utility>

namespace fleetcast::api {

namespace {

using tl::unexpected;

/// Everything up to the last field; tail padding may be missing.
constexpr std::size_t min_request_length
  = offsetof(WDS_TRANSPORTCLIENT_REQUEST, ulProtocolDataLength) + sizeof(ULONG);

/// Bytes of UTF-8, as the wire allows them.
constexpr std::size_t max_server_length = 1024;
constexpr std::size_t max_namespace_length = 255;
constexpr std::size_t max_object_length = 4096;

DWORD check_numbers(const WDS_TRANSPORTCLIENT_REQUEST& request) {
  if (request.ulLength < min_request_length)
    return ERROR_BAD_LENGTH; // nothing behind it may be read
  if (request.ulApiVersion != WDS_TRANSPORTCLIENT_CURRENT_API_VERSION)
    return ERROR_REVISION_MISMATCH;
  if (request.ulProtocol != WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST)
    return ERROR_NOT_SUPPORTED;
  if (request.ulAuthLevel != WDS_TRANSPORTCLIENT_AUTH
      && request.ulAuthLevel != WDS_TRANSPORTCLIENT_NO_AUTH)
    return ERROR_INVALID_PARAMETER;
  if (request.pvProtocolData != nullptr || request.ulProtocolDataLength != 0)
    return ERROR_INVALID_PARAMETER;
  return ERROR_SUCCESS;
}

std::optional<std::string> read(LPCWSTR text, std::size_t max_length, text_width width) {
  return width == text_width::utf16 ? to_utf8(reinterpret_cast<const char16_t*>(text), max_length)
                                    : to_utf8(text, max_length);
}

tl::expected<std::string, DWORD> checked_text(LPCWSTR text, std::size_t max_length,
                                              text_width width) {
  if (text == nullptr)
    return unexpected<DWORD>{ERROR_INVALID_PARAMETER};
  auto converted = read(text, max_length, width);
  if (!converted || converted->empty())
    return unexpected<DWORD>{ERROR_INVALID_PARAMETER};
  if (converted->size() > max_length)
    return unexpected<DWORD>{ERROR_INVALID_NAME};
  return *std::move(converted);
}

} // namespace

tl::expected<actors::receive_request, DWORD>
checked_request(const WDS_TRANSPORTCLIENT_REQUEST* request, const configuration& settings,
                text_width width) {
  if (request == nullptr)
    return unexpected<DWORD>{ERROR_INVALID_PARAMETER};
  if (auto error = check_numbers(*request); error != ERROR_SUCCESS)
    return unexpected{error};
  auto server_text = checked_text(request->pwszServer, max_server_length, width);
  auto name_space = checked_text(request->pwszNamespace, max_namespace_length, width);
  auto object = checked_text(request->pwszObjectName, max_object_length, width);
  for (const auto* text : {&server_text, &name_space, &object})
    if (!*text)
      return unexpected{text->error()};
  auto server = parse_server_name(*server_text);
  if (!server)
    return unexpected<DWORD>{ERROR_INVALID_PARAMETER};

  actors::receive_request result;
  result.server = std::move(server->host);
  result.port = server->port;
  result.name_space = *std::move(name_space);
  result.object = *std::move(object);
  result.cache_bytes = request->ulCacheSize;
  result.interface = settings.interface;
  result.fingerprint = settings.fingerprint;
  result.known_servers = settings.known_servers;
  result.authenticate = request->ulAuthLevel == WDS_TRANSPORTCLIENT_AUTH;
  result.identity = settings.identity;
  result.unsealed = settings.security == "none";
  return result;
}

} // namespace fleetcast::api
