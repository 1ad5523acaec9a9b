/* The console of a program that embeds the library refuses `shutdown` and says why. It raises no signal, and the
 * program goes on. */
#include "failing_session.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_SECONDS 60

#define LINK_CALL(name) name,
static const struct session_calls calls = {SESSION_CALLS(LINK_CALL)};

/* Whatever is raised in this process then waits, and can be seen. Before the library has threads, which inherit it. */
static void hold_all_signals(void) {
  sigset_t all;
  sigfillset(&all);
  REQUIRE(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0);
}

static int is_any_signal_pending(void) {
  sigset_t pending;
  int number;
  REQUIRE(sigpending(&pending) == 0);
  for (number = 1; number < NSIG; ++number)
    if (sigismember(&pending, number) == 1)
      return number;
  return 0;
}

static void configure(ULONG console) {
  FLEETCAST_CONFIG config;
  memset(&config, 0, sizeof config);
  config.ulLength = sizeof config;
  config.ulConsole = console;
  REQUIRE(FleetcastConfigure(&config) == ERROR_SUCCESS);
}

/* The one socket in `directory`. */
static struct sockaddr_un console_in(const char* directory) {
  struct sockaddr_un result;
  struct dirent* entry;
  DIR* opened = opendir(directory);
  REQUIRE(opened != NULL);
  memset(&result, 0, sizeof result);
  while ((entry = readdir(opened)) != NULL)
    if (entry->d_name[0] != '.')
      snprintf(result.sun_path, sizeof result.sun_path, "%.50s/%.55s", directory, entry->d_name);
  closedir(opened);
  REQUIRE(result.sun_path[0] != 0);
  result.sun_family = AF_UNIX;
  return result;
}

/* "KIND LENGTH" on a line, then so many bytes. */
static int is_whole(const char* answer, size_t size) {
  const char* end = memchr(answer, '\n', size);
  const char* space = end == NULL ? NULL : memchr(answer, ' ', (size_t)(end - answer));
  return space != NULL && size - (size_t)(end + 1 - answer) >= strtoul(space + 1, NULL, 10);
}

/* The answer to one command. */
static void ask(const char* directory, const char* command, char* answer, size_t room) {
  const struct timeval patience = {PATIENCE_SECONDS, 0};
  const struct sockaddr_un address = console_in(directory);
  const int console = socket(AF_UNIX, SOCK_STREAM, 0);
  size_t size = 0;
  ssize_t got;
  REQUIRE(console >= 0);
  REQUIRE(setsockopt(console, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  REQUIRE(connect(console, (const struct sockaddr*)&address, sizeof address) == 0);
  REQUIRE(write(console, command, strlen(command)) == (ssize_t)strlen(command));
  while (!is_whole(answer, size) && (got = read(console, answer + size, room - size - 1)) > 0)
    size += (size_t)got;
  answer[size] = 0;
  close(console);
}

int main(void) {
  char home[] = "/tmp/fleetcast-embedding-XXXXXX";
  char sockets[64];
  char answer[1024];
  unsigned port;
  const int held = hold_refusing_port(&port);
  REQUIRE(mkdtemp(home) != NULL && setenv("XDG_RUNTIME_DIR", home, 1) == 0);
  snprintf(sockets, sizeof sockets, "%s/fleetcast", home);
  hold_all_signals();
  configure(FLEETCAST_CONSOLE_ON);
  REQUIRE(WdsTransportClientInitialize() == ERROR_SUCCESS);

  ask(sockets, "shutdown\n", answer, sizeof answer);
  fputs(answer, stdout);
  REQUIRE(strncmp(answer, "failed ", 7) == 0);
  REQUIRE(strstr(answer, "as a library") != NULL);
  REQUIRE(run_session(&calls, port) == ERROR_CONNECTION_REFUSED);

  REQUIRE(WdsTransportClientShutdown() == ERROR_SUCCESS); /* whatever it was about to do is done */
  REQUIRE(is_any_signal_pending() == 0);
  REQUIRE(rmdir(sockets) == 0 && rmdir(home) == 0);
  close(held);
  printf("no signal was raised\n");
  return 0;
}
