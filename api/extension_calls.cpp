#include "actors/trust/identity.hpp"
#include "api/api_call.hpp"
#include "api/error_codes.hpp"
#include "api/fleetcast_ext.h"
#include "api/session_record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using fleetcast::actors::io::default_client_identity;
using fleetcast::actors::io::load_or_create_client_identity;
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
constexpr std::size_t min_identity_length
  = offsetof(FLEETCAST_IDENTITY, szFile) + sizeof(FLEETCAST_IDENTITY::szFile);
constexpr std::size_t min_statistics_length
  = offsetof(FLEETCAST_SESSION_STATISTICS, ullDigestFailures) + sizeof(std::uint64_t);

constexpr std::size_t min_held_length
  = offsetof(FLEETCAST_HELD, pfnProven) + sizeof(PFN_FleetcastHeldProven);

/// Nothing: one of them ends beyond 64 bits.
std::optional<std::vector<fleetcast::actors::byte_range>>
held_ranges(std::span<const FLEETCAST_BYTE_RANGE> given) {
  std::vector<fleetcast::actors::byte_range> result;
  for (const auto& range : given) {
    if (range.ullSize > std::numeric_limits<std::uint64_t>::max() - range.ullFirst)
      return std::nullopt;
    result.push_back({range.ullFirst, range.ullSize});
  }
  return result;
}

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

/// The caller's structure, as far as it reaches; a field that it holds in part only is as good as absent.
FLEETCAST_CONFIG known_part(const FLEETCAST_CONFIG& config) {
  FLEETCAST_CONFIG result{};
  auto copy = [&](std::size_t offset, std::size_t size) {
    if (config.ulLength >= offset + size)
      std::memcpy(reinterpret_cast<char*>(&result) + offset,
                  reinterpret_cast<const char*>(&config) + offset, size);
  };
  copy(0, min_config_length);
  copy(offsetof(FLEETCAST_CONFIG, pszIdentity), sizeof(result.pszIdentity));
  copy(offsetof(FLEETCAST_CONFIG, pszLogFile), sizeof(result.pszLogFile));
  copy(offsetof(FLEETCAST_CONFIG, pfnLog), sizeof(result.pfnLog));
  copy(offsetof(FLEETCAST_CONFIG, pvLogContext), sizeof(result.pvLogContext));
  copy(offsetof(FLEETCAST_CONFIG, ulLogLevel), sizeof(result.ulLogLevel));
  copy(offsetof(FLEETCAST_CONFIG, ulConsole), sizeof(result.ulConsole));
  return result;
}

/// Gives `text` to a caller who may only ask for its size.
DWORD give_text(const std::string& text, char* buffer, ULONG size, PULONG needed) {
  if (needed != nullptr)
    *needed = static_cast<ULONG>(text.size() + 1);
  if (buffer == nullptr || size <= text.size())
    return ERROR_INSUFFICIENT_BUFFER;
  std::memcpy(buffer, text.c_str(), text.size() + 1);
  return ERROR_SUCCESS;
}

/// False: no room for all of it and a zero byte.
template <std::size_t Size>
bool copy_text(const std::string& text, char (&to)[Size]) {
  if (text.size() >= Size)
    return false;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return true;
}

} // namespace

DWORD WDSTCIAPI FleetcastConfigure(const FLEETCAST_CONFIG* pConfig) {
  return guarded([&]() -> DWORD {
    configuration settings;
    if (pConfig != nullptr) {
      if (pConfig->ulLength < min_config_length)
        return ERROR_BAD_LENGTH;
      const auto given = known_part(*pConfig);
      if (given.ulWorkerThreads > max_worker_threads || given.ulLogLevel > FLEETCAST_LOG_DEBUG
          || given.ulConsole > FLEETCAST_CONSOLE_ON)
        return ERROR_INVALID_PARAMETER;
      settings.worker_threads = given.ulWorkerThreads;
      settings.interface = text_or_empty(given.pszInterface);
      settings.fingerprint = text_or_empty(given.pszFingerprint);
      settings.known_servers = text_or_empty(given.pszKnownServers);
      settings.identity = text_or_empty(given.pszIdentity);
      settings.log_file = text_or_empty(given.pszLogFile);
      settings.log_level = given.ulLogLevel;
      settings.console = given.ulConsole;
      settings.log = given.pfnLog;
      settings.log_context = given.pvLogContext;
    }
    library::instance().configure(std::move(settings));
    return ERROR_SUCCESS;
  });
}

DWORD WDSTCIAPI FleetcastGetConfigurationError(char* pszBuffer, ULONG ulSize, PULONG pulNeeded) {
  return guarded([&]() -> DWORD {
    if (pszBuffer == nullptr && ulSize != 0)
      return ERROR_INVALID_PARAMETER;
    return give_text(library::instance().configuration_error(), pszBuffer, ulSize, pulNeeded);
  });
}

DWORD WDSTCIAPI FleetcastGetIdentity(FLEETCAST_IDENTITY* pIdentity) {
  return guarded([&]() -> DWORD {
    if (pIdentity == nullptr)
      return ERROR_INVALID_PARAMETER;
    if (pIdentity->ulLength < min_identity_length)
      return ERROR_BAD_LENGTH;
    auto& library = library::instance();
    const auto settings = library.current_settings();
    if (!settings)
      return settings.error();
    const auto file = settings->identity.empty() ? default_client_identity()
                                                 : std::filesystem::path{settings->identity};
    const auto who = load_or_create_client_identity(file);
    if (!who) {
      library.note_configuration_error(who.error().text);
      return ERROR_OPEN_FAILED;
    }
    pIdentity->ulReserved = 0;
    const bool fits = copy_text(who->fingerprint(), pIdentity->szFingerprint)
                      && copy_text(file.string(), pIdentity->szFile);
    return fits ? DWORD{ERROR_SUCCESS} : DWORD{ERROR_OPEN_FAILED};
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
                        return give_text(text, pszBuffer, ulSize, pulNeeded);
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

DWORD WDSTCIAPI FleetcastHold(HANDLE hSessionKey, const FLEETCAST_HELD* pHeld) {
  return session_call(
    hSessionKey, [&](const std::shared_ptr<session_record>& session, library&) -> DWORD {
      if (auto error = session->check_open(); error != ERROR_SUCCESS)
        return error; // before its arguments (R-CLS-10)
      if (pHeld == nullptr)
        return session->hold({}, {});
      if (pHeld->ulLength < min_held_length)
        return ERROR_BAD_LENGTH;
      if (pHeld->ulRanges == 0)
        return session->hold({}, {});
      if (pHeld->pRanges == nullptr || pHeld->pfnRead == nullptr || pHeld->pfnProven == nullptr)
        return ERROR_INVALID_PARAMETER;
      const auto ranges = held_ranges({pHeld->pRanges, pHeld->ulRanges});
      if (!ranges)
        return ERROR_INVALID_PARAMETER;
      return session->hold(*ranges, {pHeld->pfnRead, pHeld->pfnProven});
    });
}

DWORD WDSTCIAPI FleetcastSetPatience(HANDLE hSessionKey, ULONG ulMilliseconds) {
  return session_call(hSessionKey,
                      [&](const std::shared_ptr<session_record>& session, library&) -> DWORD {
                        return session->set_patience(std::chrono::milliseconds{ulMilliseconds});
                      });
}

const char* WDSTCIAPI FleetcastErrorText(DWORD dwError) {
  return fleetcast::api::error_text(dwError);
}

const char* WDSTCIAPI FleetcastVersion(void) {
  return FLEETCAST_VERSION;
}
