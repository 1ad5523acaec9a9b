/* Receives one object into a file, in the style of Microsoft's sample, by a program that has its Windows types from
 * FreeRDP's winpr: they come first, WCHAR has 16 bits, and names are UTF-16.
 *
 *     winpr_receive SERVER NAMESPACE OBJECT FILE */
#include <stdio.h>
#include <stdlib.h>

/* winpr's types come before our headers, which then leave theirs out; sorted it would be the other way round. */
/* clang-format off */
#include <winpr/wtypes.h>
#include <winpr/error.h>
#include <winpr/string.h>
#include <winpr/synch.h>
#include <wdstci.h>
#include <wdscompat.h>
#include <fleetcast_ext.h>
/* clang-format on */

#include "tests/conformance/layout_checks.h"

#ifndef FLEETCAST_UTF16
#error "with winpr's types names are UTF-16"
#endif
CHECK(sizeof(WCHAR) == 2);
CHECK(sizeof(BOOL) == 4);
CHECK(sizeof(LARGE_INTEGER) == 8);

#define CACHE_BYTES (8u << 20)

typedef struct _CONTEXT_OF_RECEIVE {
  FILE* pFile;
  HANDLE hCompleted; /* of winpr: set when the session is over */
  ULONGLONG ullSize;
  ULONGLONG ullReceived;
  DWORD dwError;
} CONTEXT_OF_RECEIVE, *PCONTEXT_OF_RECEIVE;

static VOID CALLBACK SessionStart(HANDLE hSession, PVOID pData, PULARGE_INTEGER pSize) {
  PCONTEXT_OF_RECEIVE pContext = (PCONTEXT_OF_RECEIVE)pData;
  UNREFERENCED_PARAMETER(hSession);
  pContext->ullSize = pSize->QuadPart;
  if (pSize->u.LowPart != (DWORD)pSize->QuadPart)
    pContext->dwError = ERROR_INVALID_DATA;
}

static VOID CALLBACK ReceiveContents(HANDLE hSession, PVOID pData, PVOID pContents, ULONG ulSize,
                                     PULARGE_INTEGER pOffset) {
  PCONTEXT_OF_RECEIVE pContext = (PCONTEXT_OF_RECEIVE)pData;
  if (fseek(pContext->pFile, (long)pOffset->QuadPart, SEEK_SET) != 0
      || fwrite(pContents, 1, ulSize, pContext->pFile) != ulSize)
    WdsTransportClientCancelSessionEx(hSession, ERROR_WRITE_FAULT);
  pContext->ullReceived += ulSize;
  WdsTransportClientCompleteReceive(hSession, ulSize, pOffset);
}

static VOID CALLBACK SessionComplete(HANDLE hSession, PVOID pData, DWORD dwError) {
  PCONTEXT_OF_RECEIVE pContext = (PCONTEXT_OF_RECEIVE)pData;
  UNREFERENCED_PARAMETER(hSession);
  if (pContext->dwError == ERROR_SUCCESS)
    pContext->dwError = dwError;
  SetEvent(pContext->hCompleted);
}

/* ISO C has no cast from a function to PVOID; POSIX does. */
#define FUNCTION(name) ((PVOID)(ULONG_PTR)(name))

static DWORD RegisterCallbacks(HANDLE hSession) {
  DWORD dwError = WdsTransportClientRegisterCallback(hSession, WDS_TRANSPORTCLIENT_SESSION_START,
                                                     FUNCTION(SessionStart));
  if (dwError == ERROR_SUCCESS)
    dwError = WdsTransportClientRegisterCallback(hSession, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                                                 FUNCTION(ReceiveContents));
  if (dwError == ERROR_SUCCESS)
    dwError = WdsTransportClientRegisterCallback(hSession, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                                 FUNCTION(SessionComplete));
  return dwError;
}

static DWORD RunSession(HANDLE hSession, PCONTEXT_OF_RECEIVE pContext) {
  ULONG ulStatus = 0;
  ULONG ulError = ERROR_SUCCESS;
  DWORD dwError = RegisterCallbacks(hSession);
  if (dwError == ERROR_SUCCESS)
    dwError = WdsTransportClientStartSession(hSession);
  if (dwError != ERROR_SUCCESS)
    return dwError;
  if (WaitForSingleObject(pContext->hCompleted, INFINITE) != WAIT_OBJECT_0)
    return ERROR_GEN_FAILURE;
  dwError = WdsTransportClientWaitForCompletion(hSession, INFINITE);
  if (dwError == ERROR_SUCCESS)
    dwError = WdsTransportClientQueryStatus(hSession, &ulStatus, &ulError);
  if (dwError == ERROR_SUCCESS)
    dwError = ulError;
  if (dwError == ERROR_SUCCESS)
    dwError = pContext->dwError;
  return dwError == ERROR_SUCCESS && pContext->ullReceived != pContext->ullSize ? ERROR_INVALID_DATA
                                                                                : dwError;
}

static DWORD Receive(LPWSTR apwszNames[3], PCONTEXT_OF_RECEIVE pContext) {
  WDS_TRANSPORTCLIENT_REQUEST Request;
  HANDLE hSession = NULL;
  DWORD dwError;
  ZeroMemory(&Request, sizeof(Request));
  Request.ulLength = sizeof(Request);
  Request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  Request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  Request.pwszServer = apwszNames[0];
  Request.pwszNamespace = apwszNames[1];
  Request.pwszObjectName = apwszNames[2];
  Request.ulCacheSize = CACHE_BYTES;
  Request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  dwError = WdsTransportClientInitialize();
  if (dwError != ERROR_SUCCESS)
    return dwError;
  dwError = WdsTransportClientInitializeSession(&Request, pContext, &hSession);
  if (dwError == ERROR_SUCCESS) {
    dwError = RunSession(hSession, pContext);
    WdsTransportClientCloseSession(hSession);
  }
  WdsTransportClientShutdown();
  return dwError;
}

/* Whatever the locale: the names are UTF-8. */
static LPWSTR Utf16Of(const char* pszText) {
  LPWSTR pwszResult = NULL;
  return ConvertToUnicode(CP_UTF8, 0, pszText, -1, &pwszResult, 0) > 0 ? pwszResult : NULL;
}

int main(int argc, char* argv[]) {
  LPWSTR apwszNames[3] = {NULL, NULL, NULL};
  CONTEXT_OF_RECEIVE Context;
  DWORD dwError = ERROR_OPEN_FAILED;
  int i;
  if (argc != 5) {
    fprintf(stderr, "usage: winpr_receive SERVER NAMESPACE OBJECT FILE\n");
    return 2;
  }
  for (i = 0; i < 3; ++i)
    apwszNames[i] = Utf16Of(argv[1 + i]);
  ZeroMemory(&Context, sizeof(Context));
  Context.pFile = fopen(argv[4], "wb");
  Context.hCompleted = CreateEventA(NULL, TRUE, FALSE, NULL);
  if (Context.pFile != NULL && Context.hCompleted != NULL)
    dwError = Receive(apwszNames, &Context);
  if (Context.pFile != NULL && fclose(Context.pFile) != 0 && dwError == ERROR_SUCCESS)
    dwError = ERROR_WRITE_FAULT;
  if (Context.hCompleted != NULL)
    CloseHandle(Context.hCompleted);
  for (i = 0; i < 3; ++i)
    free(apwszNames[i]);
  if (FAILED(HRESULT_FROM_WIN32(dwError)))
    fprintf(stderr, "winpr_receive: %s\n", FleetcastErrorText(dwError));
  return dwError == ERROR_SUCCESS ? 0 : 1;
}
