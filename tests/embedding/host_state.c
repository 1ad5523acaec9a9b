/* What a host program has set up for itself is the same after every call of the library: signal mask,
 * signal handlers, errno, locale, umask, working directory. */
#include "failing_session.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_ERRNO 4711
#define SIGNALS 64

struct host {
  sigset_t mask;
  struct sigaction actions[SIGNALS + 1];
  mode_t creation_mask;
  char directory[4096];
  char locale[256];
};

static void look(struct host* host) {
  int number;
  memset(host, 0, sizeof *host);
  pthread_sigmask(SIG_SETMASK, NULL, &host->mask);
  for (number = 1; number <= SIGNALS; ++number)
    sigaction(number, NULL, &host->actions[number]);
  host->creation_mask = umask(0);
  umask(host->creation_mask);
  REQUIRE(getcwd(host->directory, sizeof host->directory) != NULL);
  strncpy(host->locale, setlocale(LC_ALL, NULL), sizeof host->locale - 1);
}

static struct host before;

static void unchanged_after(const char* call, int error) {
  struct host now;
  int number;
  if (error != OWN_ERRNO) {
    fprintf(stderr, "%s changed errno to %d\n", call, error);
    exit(1);
  }
  look(&now);
  for (number = 1; number <= SIGNALS; ++number) {
    if (sigismember(&now.mask, number) != sigismember(&before.mask, number)) {
      fprintf(stderr, "%s changed the signal mask for signal %d\n", call, number);
      exit(1);
    }
    if (now.actions[number].sa_handler != before.actions[number].sa_handler
        || now.actions[number].sa_flags != before.actions[number].sa_flags) {
      fprintf(stderr, "%s changed the handler of signal %d\n", call, number);
      exit(1);
    }
  }
  if (now.creation_mask != before.creation_mask || strcmp(now.directory, before.directory) != 0
      || strcmp(now.locale, before.locale) != 0) {
    fprintf(stderr, "%s changed umask, working directory or locale\n", call);
    exit(1);
  }
}

/* Makes the call, requires its answer, looks at the host. */
#define CHECK(expected, call)                                                                      \
  do {                                                                                             \
    DWORD answer;                                                                                  \
    int number;                                                                                    \
    errno = OWN_ERRNO;                                                                             \
    answer = (call);                                                                               \
    number = errno;                                                                                \
    unchanged_after(#call, number);                                                                \
    REQUIRE(answer == (expected));                                                                 \
  } while (0)

static void on_signal(int number) {
  (void)number;
}

/* Settings that no library would make by chance. */
static void set_up_host(void) {
  struct sigaction action;
  sigset_t blocked;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  sigaddset(&blocked, SIGHUP);
  pthread_sigmask(SIG_SETMASK, &blocked, NULL);
  umask(027);
  look(&before);
}

static void check_extensions(HANDLE session) {
  FLEETCAST_CONFIG config;
  FLEETCAST_SESSION_STATISTICS statistics;
  char text[1024];
  memset(&config, 0, sizeof config);
  config.ulLength = sizeof config;
  statistics.ulLength = sizeof statistics;
  CHECK(ERROR_SUCCESS, FleetcastConfigure(&config));
  CHECK(ERROR_SUCCESS, FleetcastGetSessionError(session, text, sizeof text, NULL));
  CHECK(ERROR_SUCCESS, FleetcastGetSessionStatistics(session, &statistics));
  CHECK(1, FleetcastErrorText(ERROR_SUCCESS) != NULL);
  CHECK(1, FleetcastVersion() != NULL);
}

int main(void) {
  unsigned port;
  int held = hold_refusing_port(&port);
  wchar_t server[SERVER_ROOM];
  WDS_TRANSPORTCLIENT_REQUEST request = request_to(server, port);
  ULARGE_INTEGER zero;
  HANDLE session = NULL;
  DWORD outcome = ERROR_SUCCESS;
  ULONG status, error;
  int buffer;
  zero.QuadPart = 0;
  set_up_host();

  CHECK(ERROR_NOT_READY, WdsTransportClientShutdown());
  CHECK(ERROR_SUCCESS, WdsTransportClientInitialize());
  CHECK(ERROR_INVALID_PARAMETER, WdsTransportClientInitializeSession(NULL, NULL, &session));
  CHECK(ERROR_SUCCESS, WdsTransportClientInitializeSession(&request, &outcome, &session));
  CHECK(ERROR_SUCCESS, WdsTransportClientRegisterCallback(
                         session, WDS_TRANSPORTCLIENT_SESSION_START, FUNCTION(ignore_start)));
  CHECK(ERROR_SUCCESS, WdsTransportClientRegisterCallback(
                         session, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, FUNCTION(ignore_contents)));
  CHECK(ERROR_SUCCESS, WdsTransportClientRegisterCallback(
                         session, WDS_TRANSPORTCLIENT_SESSION_COMPLETE, FUNCTION(note_completion)));
  CHECK(WAIT_TIMEOUT, WdsTransportClientWaitForCompletion(session, 0));
  CHECK(ERROR_SUCCESS, WdsTransportClientStartSession(session));
  CHECK(ERROR_SUCCESS, WdsTransportClientWaitForCompletion(session, INFINITE));
  REQUIRE(outcome == ERROR_CONNECTION_REFUSED);
  CHECK(ERROR_SUCCESS, WdsTransportClientQueryStatus(session, &status, &error));
  CHECK(ERROR_INVALID_PARAMETER, WdsTransportClientCompleteReceive(session, 1, &zero));
  CHECK(ERROR_INVALID_PARAMETER, WdsTransportClientAddRefBuffer(&buffer));
  CHECK(ERROR_INVALID_PARAMETER, WdsTransportClientReleaseBuffer(&buffer));
  CHECK(ERROR_SUCCESS, WdsTransportClientCancelSession(session));
  CHECK(ERROR_SUCCESS, WdsTransportClientCancelSessionEx(session, ERROR_WRITE_FAULT));
  check_extensions(session);
  CHECK(ERROR_SUCCESS, WdsTransportClientCloseSession(session));
  CHECK(ERROR_SUCCESS, WdsTransportClientShutdown());
  printf("the host program is as it was\n");
  close(held);
  return 0;
}
