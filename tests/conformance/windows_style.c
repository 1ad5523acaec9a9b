/* A consumer in the style of those that are written for Windows compiles as C99, with wdscompat.h. */
#include "api/wdscompat.h"
#include "api/wdstci.h"

typedef struct _CONTEXT {
  HANDLE hCompleted;
  BOOL fFailed;
  ULONGLONG cbReceived;
  LARGE_INTEGER liStart;
  BYTE abBuffer[16];
} CONTEXT, *PCONTEXT;

static VOID WINAPI SessionStart(HANDLE hSession, PVOID pvData, PULARGE_INTEGER pSize) {
  PCONTEXT pContext = (PCONTEXT)pvData;
  UNREFERENCED_PARAMETER(hSession);
  pContext->cbReceived = 0;
  pContext->liStart.QuadPart = (LONGLONG)pSize->QuadPart;
}

static VOID __stdcall SessionComplete(HANDLE hSession, PVOID pvData, DWORD dwError) {
  PCONTEXT pContext = (PCONTEXT)pvData;
  HRESULT hr = HRESULT_FROM_WIN32(dwError);
  UNREFERENCED_PARAMETER(hSession);
  pContext->fFailed = FAILED(hr) ? TRUE : FALSE;
}

HRESULT ReceiveInTheStyleOfWindows(IN LPWSTR pwszServer, IN LPWSTR pwszNamespace,
                                   IN LPWSTR pwszObject, OUT PCONTEXT pContext);

HRESULT ReceiveInTheStyleOfWindows(IN LPWSTR pwszServer, IN LPWSTR pwszNamespace,
                                   IN LPWSTR pwszObject, OUT PCONTEXT pContext) {
  WDS_TRANSPORTCLIENT_REQUEST Request;
  HANDLE hSession = NULL;
  DWORD dwError = NO_ERROR;
  ZeroMemory(&Request, sizeof(Request));
  ZeroMemory(pContext, sizeof(*pContext));
  Request.ulLength = sizeof(Request);
  Request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  Request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  Request.pwszServer = pwszServer;
  Request.pwszNamespace = pwszNamespace;
  Request.pwszObjectName = pwszObject;
  Request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  dwError = WdsTransportClientInitializeSession(&Request, pContext, &hSession);
  if (dwError != NO_ERROR)
    return HRESULT_FROM_WIN32(dwError);
  dwError = WdsTransportClientRegisterCallback(hSession, WDS_TRANSPORTCLIENT_SESSION_START,
                                               (PVOID)(uintptr_t)SessionStart);
  if (dwError == NO_ERROR)
    dwError = WdsTransportClientRegisterCallback(hSession, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                                 (PVOID)(uintptr_t)SessionComplete);
  WdsTransportClientCloseSession(hSession);
  return SUCCEEDED(HRESULT_FROM_WIN32(dwError)) ? S_OK : (HRESULT)WDSTPC_E_UNKNOWN_ERROR;
}
