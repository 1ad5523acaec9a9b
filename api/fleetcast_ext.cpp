#include "api/fleetcast_ext.h"

#include "api/api_call.hpp"
#include "api/error_codes.hpp"
#include "api/session_record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

using fleetcast::api::configuration;
using fleetcast::api::guarded;
using fleetcast::api::library;
using fleetcast::api::session_call;
using fleetcast::api::session_record;

namespace {

constexpr ULONG max_worker_threads = 256;

/// Sizes of the first release: what every caller has at least.
constexpr std::size_t min_config_length
  = offsetof(FLEETCAST_CONFIG, pszKnownServers) + sizeof(const char*);
constexpr std::size_t min_statistics_length
  = offsetof(FLEETCAST_SESSION_STATISTICS, ullDigestFailures) + sizeof(std::uint64_t);

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

} // namespace

DWORD WDSTCIAPI FleetcastConfigure(const FLEETCAST_CONFIG* pConfig) {
  return guarded([&]() -> DWORD {
    configuration settings;
    if (pConfig != nullptr) {
      if (pConfig->ulLength < min_config_length)
        return ERROR_BAD_LENGTH;
      if (pConfig->ulWorkerThreads > max_worker_threads)
        return ERROR_INVALID_PARAMETER;
      settings.worker_threads = pConfig->ulWorkerThreads;
      settings.interface = text_or_empty(pConfig->pszInterface);
      settings.fingerprint = text_or_empty(pConfig->pszFingerprint);
      settings.known_servers = text_or_empty(pConfig->pszKnownServers);
    }
    library::instance().configure(std::move(settings));
    return ERROR_SUCCESS;
  });
}

DWORD WDSTCIAPI FleetcastGetSessionError(HANDLE hSessionKey, char* pszBuffer, ULONG ulSize,
                                         PULONG pulNeeded) {
  return session_call(hSessionKey,
                      [&](const std::shared_ptr<session_record>& session, library&) -> DWORD {
                        if (auto error = session->check_open(); error != ERROR_SUCCESS)
                          return error; // before its arguments (R-CLS-10)
                        if (pszBuffer == nullptr && ulSize != 0)
                          return ERROR_INVALID_PARAMETER;
                        std::string text;
                        if (auto error = session->error_story(text); error != ERROR_SUCCESS)
                          return error;
                        auto needed = text.size() + 1;
                        if (pulNeeded != nullptr)
                          *pulNeeded = static_cast<ULONG>(needed);
                        if (pszBuffer == nullptr || ulSize < needed)
                          return ERROR_INSUFFICIENT_BUFFER;
                        std::memcpy(pszBuffer, text.c_str(), needed);
                        return ERROR_SUCCESS;
                      });
}

DWORD WDSTCIAPI FleetcastGetSessionStatistics(HANDLE hSessionKey,
                                              FLEETCAST_SESSION_STATISTICS* pStatistics) {
  return session_call(hSessionKey,
                      [&](const std::shared_ptr<session_record>& session, library&) -> DWORD {
                        if (auto error = session->check_open(); error != ERROR_SUCCESS)
                          return error;
                        if (pStatistics == nullptr)
                          return ERROR_INVALID_PARAMETER;
                        if (pStatistics->ulLength < min_statistics_length)
                          return ERROR_BAD_LENGTH;
                        FLEETCAST_SESSION_STATISTICS figures{};
                        if (auto error = session->statistics(figures); error != ERROR_SUCCESS)
                          return error;
                        figures.ulLength = pStatistics->ulLength;
                        std::memcpy(pStatistics, &figures,
                                    std::min<std::size_t>(pStatistics->ulLength, sizeof(figures)));
                        return ERROR_SUCCESS;
                      });
}

const char* WDSTCIAPI FleetcastErrorText(DWORD dwError) {
  return fleetcast::api::error_text(dwError);
}

const char* WDSTCIAPI FleetcastVersion(void) {
  return FLEETCAST_VERSION;
}
