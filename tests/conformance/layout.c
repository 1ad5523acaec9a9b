/* wdstci.h as a C99 program meets it: it compiles alone, under -pedantic-errors, with the widths and
 * offsets of the documented ABI. */
#include "api/fleetcast_ext.h"
#include "api/wdstci.h"
#include "layout_checks.h"

#include <string.h>

/* Other headers may leave these names to `u` alone, as winpr does. */
CHECK(offsetof(ULARGE_INTEGER, LowPart) == 0);
CHECK(offsetof(ULARGE_INTEGER, HighPart) == 4);

/* A C program's use of every call and every callback type, for calls_from_c_test.cpp to run. */

int c_program_runs_a_cycle(void);
DWORD c_program_calls_everything(void);

struct c_program {
  int started;
  DWORD outcome;
};

static VOID CALLBACK on_start(HANDLE key, PVOID data, PULARGE_INTEGER size) {
  struct c_program* program = (struct c_program*)data;
  program->started = key != NULL && size->QuadPart == size->LowPart;
}

static VOID CALLBACK on_contents(HANDLE key, PVOID data, PVOID bytes, ULONG size,
                                 PULARGE_INTEGER offset) {
  (void)data;
  (void)bytes;
  (void)WdsTransportClientCompleteReceive(key, size, offset);
}

static VOID CALLBACK on_complete(HANDLE key, PVOID data, DWORD error) {
  (void)key;
  ((struct c_program*)data)->outcome = error;
}

/* ISO C has no cast from a function to PVOID; POSIX promises that the bytes are the same. */
static PVOID start_function(PFN_WdsTransportClientSessionStart function) {
  PVOID result;
  memcpy(&result, &function, sizeof(result));
  return result;
}
static PVOID contents_function(PFN_WdsTransportClientReceiveContents function) {
  PVOID result;
  memcpy(&result, &function, sizeof(result));
  return result;
}
static PVOID complete_function(PFN_WdsTransportClientSessionComplete function) {
  PVOID result;
  memcpy(&result, &function, sizeof(result));
  return result;
}

static WDS_TRANSPORTCLIENT_REQUEST request_for(LPCWSTR object) {
  WDS_TRANSPORTCLIENT_REQUEST request;
  memset(&request, 0, sizeof(request));
  request.ulLength = sizeof(request);
  request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  request.pwszServer = L"server";
  request.pwszNamespace = L"lab";
  request.pwszObjectName = object;
  request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  return request;
}

/* The documented sequence, with a cancel before the start so that it needs no server. */
int c_program_runs_a_cycle(void) {
  struct c_program program = {0, 0};
  WDS_TRANSPORTCLIENT_REQUEST request = request_for(L"disk.img");
  HANDLE key = NULL;
  ULONG status = 0;
  ULONG error = 0;
  if (WdsTransportClientInitialize() != ERROR_SUCCESS)
    return 1;
  if (WdsTransportClientInitializeSession(&request, &program, &key) != ERROR_SUCCESS)
    return 2;
  if (WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_SESSION_START,
                                         start_function(on_start))
        != ERROR_SUCCESS
      || WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                                            contents_function(on_contents))
           != ERROR_SUCCESS
      || WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                            complete_function(on_complete))
           != ERROR_SUCCESS)
    return 3;
  if (WdsTransportClientCancelSession(key) != ERROR_SUCCESS)
    return 4;
  if (WdsTransportClientStartSession(key) != ERROR_SUCCESS)
    return 5;
  if (WdsTransportClientWaitForCompletion(key, INFINITE) != ERROR_SUCCESS)
    return 6;
  if (WdsTransportClientQueryStatus(key, &status, &error) != ERROR_SUCCESS
      || status != WDS_TRANSPORTCLIENT_STATUS_FAILURE || error != ERROR_CANCELLED)
    return 7;
  if (WdsTransportClientCloseSession(key) != ERROR_SUCCESS)
    return 8;
  if (WdsTransportClientShutdown() != ERROR_SUCCESS)
    return 9;
  return program.outcome == ERROR_CANCELLED && !program.started ? 0 : 10;
}

/* Every call there is, on an impossible key; the answer that all but the first gave, or 0. */
DWORD c_program_calls_everything(void) {
  HANDLE key = TRANSPORT_INVALID_HANDLE;
  ULARGE_INTEGER zero;
  ULONG one = 0;
  ULONG two = 0;
  DWORD answers[12];
  size_t i;
  WDS_TRANSPORTCLIENT_REQUEST request = request_for(L"disk.img");
  HANDLE made = NULL;
  zero.QuadPart = 0;
  answers[0] = WdsTransportClientInitializeSession(&request, NULL, &made);
  answers[1] = WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_SESSION_START,
                                                  start_function(on_start));
  answers[2] = WdsTransportClientStartSession(key);
  answers[3] = WdsTransportClientCompleteReceive(key, 0, &zero);
  answers[4] = WdsTransportClientCancelSession(key);
  answers[5] = WdsTransportClientCancelSessionEx(key, 1);
  answers[6] = WdsTransportClientWaitForCompletion(key, 0);
  answers[7] = WdsTransportClientQueryStatus(key, &one, &two);
  answers[8] = WdsTransportClientCloseSession(key);
  answers[9] = WdsTransportClientAddRefBuffer(&one);
  answers[10] = WdsTransportClientReleaseBuffer(&one);
  answers[11] = WdsTransportClientNegotiateRequiredDataRange(key, key, zero, zero);
  for (i = 1; i < sizeof(answers) / sizeof(answers[0]); ++i)
    if (answers[i] != answers[0])
      return 0;
  return made == NULL ? answers[0] : 0;
}
