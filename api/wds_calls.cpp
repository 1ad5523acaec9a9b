// The fourteen calls: each one checks what it was given and hands on; see wdstci.h for what they
// promise and session_record.hpp for where they are kept.
#include "api/api_call.hpp"
#include "api/request_check.hpp"
#include "api/session_record.hpp"
#include "api/wdstci.h"

#include <cstdint>
#include <memory>
#include <utility>

using fleetcast::api::api_call;
using fleetcast::api::checked_request;
using fleetcast::api::guarded;
using fleetcast::api::library;
using fleetcast::api::session_call;
using fleetcast::api::session_record;
using fleetcast::api::text_width;

using session_pointer = std::shared_ptr<session_record>;

DWORD WDSTCIAPI WdsTransportClientInitialize(void) {
  return guarded([] { return library::instance().initialize(); });
}

namespace {

DWORD initialize_session(const WDS_TRANSPORTCLIENT_REQUEST* request, PVOID caller, PHANDLE key,
                         text_width width) {
  if (key != nullptr)
    *key = nullptr; // R-ISES-16
  return api_call([&](library& library) -> DWORD {
    if (key == nullptr)
      return ERROR_INVALID_PARAMETER;
    auto checked = checked_request(request, library.settings(), width);
    if (!checked)
      return checked.error();
    return library.open_session(*std::move(checked), caller, *key);
  });
}

} // namespace

DWORD WDSTCIAPI WdsTransportClientInitializeSession(PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest,
                                                    PVOID pCallerData, PHANDLE hSessionKey) {
  return initialize_session(pSessionRequest, pCallerData, hSessionKey, text_width::utf32);
}

DWORD WDSTCIAPI WdsTransportClientInitializeSessionUtf16(
  PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest, PVOID pCallerData, PHANDLE hSessionKey) {
  return initialize_session(pSessionRequest, pCallerData, hSessionKey, text_width::utf16);
}

DWORD WDSTCIAPI WdsTransportClientRegisterCallback(HANDLE hSessionKey,
                                                   TRANSPORTCLIENT_CALLBACK_ID CallbackId,
                                                   PVOID pfnCallback) {
  return session_call(hSessionKey, [&](const session_pointer& session, library&) {
    return session->register_callback(static_cast<std::uint32_t>(CallbackId), pfnCallback);
  });
}

DWORD WDSTCIAPI WdsTransportClientStartSession(HANDLE hSessionKey) {
  return session_call(hSessionKey, [](const session_pointer& session, library& library) {
    return library.start_session(session);
  });
}

DWORD WDSTCIAPI WdsTransportClientCompleteReceive(HANDLE hSessionKey, ULONG ulSize,
                                                  PULARGE_INTEGER pullOffset) {
  return session_call(hSessionKey, [&](const session_pointer& session, library&) -> DWORD {
    if (pullOffset == nullptr)
      return ERROR_INVALID_PARAMETER;
    return session->complete_receive(ulSize, pullOffset->QuadPart);
  });
}

DWORD WDSTCIAPI WdsTransportClientCancelSession(HANDLE hSessionKey) {
  return WdsTransportClientCancelSessionEx(hSessionKey, ERROR_CANCELLED);
}

DWORD WDSTCIAPI WdsTransportClientCancelSessionEx(HANDLE hSessionKey, DWORD dwErrorCode) {
  return session_call(hSessionKey, [&](const session_pointer& session, library&) {
    return session->cancel(dwErrorCode);
  });
}

DWORD WDSTCIAPI WdsTransportClientWaitForCompletion(HANDLE hSessionKey, ULONG uTimeout) {
  return session_call(
    hSessionKey, [&](const session_pointer& session, library&) { return session->wait(uTimeout); });
}

DWORD WDSTCIAPI WdsTransportClientQueryStatus(HANDLE hSessionKey, PULONG puStatus,
                                              PULONG puErrorCode) {
  return session_call(hSessionKey, [&](const session_pointer& session, library&) -> DWORD {
    if (auto error = session->check_open(); error != ERROR_SUCCESS)
      return error; // before its arguments (R-CLS-10)
    if (puStatus == nullptr || puErrorCode == nullptr)
      return ERROR_INVALID_PARAMETER;
    return session->query(*puStatus, *puErrorCode);
  });
}

DWORD WDSTCIAPI WdsTransportClientCloseSession(HANDLE hSessionKey) {
  return session_call(hSessionKey,
                      [](const session_pointer& session, library&) { return session->close(); });
}

DWORD WDSTCIAPI WdsTransportClientAddRefBuffer(PVOID pvBuffer) {
  return api_call([&](library& library) { return library.buffers().add_reference(pvBuffer); });
}

DWORD WDSTCIAPI WdsTransportClientReleaseBuffer(PVOID pvBuffer) {
  return api_call([&](library& library) { return library.buffers().release_reference(pvBuffer); });
}

DWORD WDSTCIAPI WdsTransportClientShutdown(void) {
  return guarded([] { return library::instance().shutdown(); });
}

DWORD WDSTCIAPI WdsTransportClientNegotiateRequiredDataRange(HANDLE hSessionKey,
                                                             HANDLE hNegotiateKey,
                                                             ULARGE_INTEGER ullDataRangeStart,
                                                             ULARGE_INTEGER ullDataRangeSize) {
  return session_call(hSessionKey, [&](const session_pointer& session, library&) {
    return session->require(hNegotiateKey, ullDataRangeStart.QuadPart, ullDataRangeSize.QuadPart);
  });
}
