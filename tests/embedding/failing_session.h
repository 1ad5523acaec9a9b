/* A session that reaches every part of the library but the data plane, and needs no server: whoever
 * holds the port it asks for does not listen. */
#ifndef FLEETCAST_TESTS_FAILING_SESSION_H
#define FLEETCAST_TESTS_FAILING_SESSION_H

#include "process_state.h"

#include <arpa/inet.h>
#include <fleetcast_ext.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <wchar.h>

/* A TCP port of the loopback interface that refuses connections while the descriptor is open. */
static inline int hold_refusing_port(unsigned* port) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  int held = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(held >= 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(held, (struct sockaddr*)&address, sizeof address) == 0);
  REQUIRE(getsockname(held, (struct sockaddr*)&address, &size) == 0);
  *port = ntohs(address.sin_port);
  return held;
}

#define SERVER_ROOM 32

static inline WDS_TRANSPORTCLIENT_REQUEST request_to(wchar_t* server, unsigned port) {
  WDS_TRANSPORTCLIENT_REQUEST request;
  swprintf(server, SERVER_ROOM, L"127.0.0.1:%u", port);
  memset(&request, 0, sizeof request);
  request.ulLength = sizeof request;
  request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  request.pwszServer = server;
  request.pwszNamespace = L"nowhere";
  request.pwszObjectName = L"nothing";
  request.ulCacheSize = 1 << 20;
  request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;
  return request;
}

static inline VOID CALLBACK ignore_start(HANDLE key, PVOID data, PULARGE_INTEGER size) {
  (void)key, (void)data, (void)size;
}

static inline VOID CALLBACK ignore_contents(HANDLE key, PVOID data, PVOID bytes, ULONG size,
                                            PULARGE_INTEGER offset) {
  (void)key, (void)data, (void)bytes, (void)size, (void)offset;
}

static inline VOID CALLBACK note_completion(HANDLE key, PVOID data, DWORD error) {
  (void)key;
  *(DWORD*)data = error;
}

/* The library's calls that a session takes; found by the linker or by the loader. */
#define SESSION_CALLS(apply)                                                                       \
  apply(WdsTransportClientInitialize) apply(WdsTransportClientInitializeSession)                   \
    apply(WdsTransportClientRegisterCallback) apply(WdsTransportClientStartSession)                \
      apply(WdsTransportClientWaitForCompletion) apply(WdsTransportClientCloseSession)             \
        apply(WdsTransportClientShutdown)

struct session_calls {
#define DECLARE_CALL(name) __typeof__(&name) name;
  SESSION_CALLS(DECLARE_CALL)
#undef DECLARE_CALL
};

/* ISO C has no cast from a function to PVOID; POSIX does. */
#define FUNCTION(name) (__extension__(PVOID)(name))

/* One session from its request to its end; what it ended with. */
static inline DWORD run_session(const struct session_calls* calls, unsigned port) {
  wchar_t server[SERVER_ROOM];
  WDS_TRANSPORTCLIENT_REQUEST request = request_to(server, port);
  HANDLE session;
  DWORD outcome = ERROR_SUCCESS;
  REQUIRE(calls->WdsTransportClientInitializeSession(&request, &outcome, &session)
          == ERROR_SUCCESS);
  REQUIRE(calls->WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_START,
                                                    FUNCTION(ignore_start))
          == ERROR_SUCCESS);
  REQUIRE(calls->WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                                                    FUNCTION(ignore_contents))
          == ERROR_SUCCESS);
  REQUIRE(calls->WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                                    FUNCTION(note_completion))
          == ERROR_SUCCESS);
  REQUIRE(calls->WdsTransportClientStartSession(session) == ERROR_SUCCESS);
  REQUIRE(calls->WdsTransportClientWaitForCompletion(session, INFINITE) == ERROR_SUCCESS);
  REQUIRE(calls->WdsTransportClientCloseSession(session) == ERROR_SUCCESS);
  return outcome;
}

#endif
