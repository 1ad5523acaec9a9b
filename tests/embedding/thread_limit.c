/* A host program whose threads run out, anywhere between its first and its last call: each refusal is
 * ERROR_NO_SYSTEM_RESOURCES and names the limit, what was begun ends, and once there are threads again the same
 * process can do all of it.
 *
 *     thread_limit THREADS    how many this user may have to begin with; 0: it starts with none but its own
 *
 * Run by thread_limit_test.py, as a user of its own. */
#include "failing_session.h"

#include <sys/resource.h>

#define SESSIONS 24

static void say_why(const char* call, DWORD error, const char* story) {
  printf("%s: %lu: %s\n", call, (unsigned long)error, story);
  REQUIRE(error == ERROR_NO_SYSTEM_RESOURCES);
  REQUIRE(strstr(story, "RLIMIT_NPROC") != NULL);
}

static HANDLE make_session(unsigned port, DWORD* outcome) {
  wchar_t server[SERVER_ROOM];
  WDS_TRANSPORTCLIENT_REQUEST request = request_to(server, port);
  HANDLE session;
  REQUIRE(WdsTransportClientInitializeSession(&request, outcome, &session) == ERROR_SUCCESS);
  REQUIRE(WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_START,
                                             FUNCTION(ignore_start))
          == ERROR_SUCCESS);
  REQUIRE(WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                                             FUNCTION(ignore_contents))
          == ERROR_SUCCESS);
  REQUIRE(WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                             FUNCTION(note_completion))
          == ERROR_SUCCESS);
  return session;
}

/* Whether it started. */
static int start(HANDLE session) {
  char story[1024] = "";
  const DWORD error = WdsTransportClientStartSession(session);
  REQUIRE(FleetcastGetSessionError(session, story, sizeof story, NULL) == ERROR_SUCCESS);
  if (error != ERROR_SUCCESS)
    say_why("StartSession", error, story);
  return error == ERROR_SUCCESS;
}

/* All at once, each with a thread for its callbacks. How many could not start. */
static int run_sessions(unsigned port) {
  HANDLE sessions[SESSIONS];
  DWORD outcomes[SESSIONS];
  int started[SESSIONS];
  int refused = 0;
  int i;
  for (i = 0; i < SESSIONS; ++i) {
    outcomes[i] = ERROR_SUCCESS;
    sessions[i] = make_session(port, &outcomes[i]);
    started[i] = start(sessions[i]);
    refused += !started[i];
  }
  for (i = 0; i < SESSIONS; ++i) {
    if (started[i])
      REQUIRE(WdsTransportClientWaitForCompletion(sessions[i], INFINITE) == ERROR_SUCCESS);
    REQUIRE(WdsTransportClientCloseSession(sessions[i]) == ERROR_SUCCESS);
    /* Nobody listens there; and what never started has no completion. */
    REQUIRE(outcomes[i] == (started[i] ? ERROR_CONNECTION_REFUSED : ERROR_SUCCESS));
  }
  return refused;
}

static void limit_threads(rlim_t count) {
  struct rlimit limit;
  REQUIRE(getrlimit(RLIMIT_NPROC, &limit) == 0);
  limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

/* From the first call to the last, which finds no thread at all. -1 if the library was refused a thread,
 * otherwise the number of sessions that were. */
static int use_library(unsigned port) {
  char story[1024] = "";
  int refused;
  const DWORD error = WdsTransportClientInitialize();
  REQUIRE(FleetcastGetConfigurationError(story, sizeof story, NULL) == ERROR_SUCCESS);
  if (error != ERROR_SUCCESS) {
    say_why("Initialize", error, story);
    REQUIRE(WdsTransportClientShutdown() == ERROR_NOT_READY);
    return -1;
  }
  REQUIRE(story[0] == '\0');
  refused = run_sessions(port);
  limit_threads(0);
  REQUIRE(WdsTransportClientShutdown() == ERROR_SUCCESS);
  return refused;
}

int main(int argc, char** argv) {
  unsigned port;
  const int held = hold_refusing_port(&port);
  REQUIRE(held >= 0);
  REQUIRE(argc == 2);
  limit_threads((rlim_t)strtoul(argv[1], NULL, 10));
  printf("refused: %d\n", use_library(port));
  REQUIRE(threads_settle_at(1));
  limit_threads(RLIM_INFINITY);
  REQUIRE(use_library(port) == 0);
  REQUIRE(threads_settle_at(1));
  return 0;
}
