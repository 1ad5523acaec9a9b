/* A host program that forks while the library is up. Children leave as programs do, with exit() and
 * what it runs, and never wait for threads that stayed with their parent; the parent goes on. */
#include "failing_session.h"

#include <sys/wait.h>
#include <unistd.h>

/* A child that hangs is ended after so long, which fails the test. */
#define CHILD_SECONDS 60

#define LINK_CALL(name) name,
static const struct session_calls calls = {SESSION_CALLS(LINK_CALL)};

static unsigned port;
static DWORD expected_outcome;

static void shut_down(void) {
  WdsTransportClientShutdown();
}

static void just_exit(HANDLE parents) {
  (void)parents;
}

static void find_nothing_initialised(HANDLE parents) {
  REQUIRE(WdsTransportClientStartSession(parents) == ERROR_NOT_READY);
  REQUIRE(WdsTransportClientWaitForCompletion(parents, INFINITE) == ERROR_NOT_READY);
  REQUIRE(WdsTransportClientShutdown() == ERROR_NOT_READY);
}

static void initialise_anew(HANDLE parents) {
  REQUIRE(WdsTransportClientInitialize() == ERROR_SUCCESS);
  REQUIRE(WdsTransportClientStartSession(parents) == ERROR_INVALID_HANDLE);
  REQUIRE(run_session(&calls, port) == expected_outcome);
  REQUIRE(WdsTransportClientShutdown() == ERROR_SUCCESS);
}

static void fork_and(void (*work)(HANDLE), HANDLE session) {
  int status;
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(CHILD_SECONDS);
    work(session);
    exit(0);
  }
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A setting that shows in the outcome of every session after it. */
static void configure(const char* fingerprint) {
  FLEETCAST_CONFIG config;
  memset(&config, 0, sizeof config);
  config.ulLength = sizeof config;
  config.pszFingerprint = fingerprint;
  REQUIRE(FleetcastConfigure(&config) == ERROR_SUCCESS);
}

int main(void) {
  wchar_t server[SERVER_ROOM];
  int held = hold_refusing_port(&port);
  WDS_TRANSPORTCLIENT_REQUEST request = request_to(server, port);
  HANDLE session;
  REQUIRE(atexit(shut_down) == 0);
  fork_and(just_exit, NULL);
  REQUIRE(WdsTransportClientInitialize() == ERROR_SUCCESS);
  REQUIRE(WdsTransportClientInitializeSession(&request, NULL, &session) == ERROR_SUCCESS);
  expected_outcome = run_session(&calls, port);
  REQUIRE(expected_outcome == ERROR_CONNECTION_REFUSED);
  fork_and(just_exit, session);
  fork_and(find_nothing_initialised, session);
  fork_and(initialise_anew, session);

  configure("no fingerprint at all");
  expected_outcome = run_session(&calls, port);
  REQUIRE(expected_outcome != ERROR_CONNECTION_REFUSED);
  fork_and(initialise_anew, session);
  configure(NULL);

  /* The parent has not noticed. */
  REQUIRE(WdsTransportClientCloseSession(session) == ERROR_SUCCESS);
  REQUIRE(run_session(&calls, port) == ERROR_CONNECTION_REFUSED);
  REQUIRE(WdsTransportClientShutdown() == ERROR_SUCCESS);
  expected_outcome = ERROR_CONNECTION_REFUSED;
  fork_and(initialise_anew, TRANSPORT_INVALID_HANDLE);
  printf("children exit, find nothing initialised, start anew; the parent goes on\n");
  close(held);
  return 0;
}
