/* A plug-in host: loads the library, uses it, unloads it, again and again: `dlopen LIBRARY`.
 * Each time the process is afterwards what it was before, threads and descriptors counted. */
#include "failing_session.h"

#include <dlfcn.h>
#include <unistd.h>

#define CYCLES 20

static void find_calls(void* library, struct session_calls* calls) {
#define FIND_CALL(name)                                                                            \
  {                                                                                                \
    void* symbol = dlsym(library, #name);                                                          \
    REQUIRE(symbol != NULL);                                                                       \
    memcpy(&calls->name, &symbol, sizeof symbol);                                                  \
  }
  SESSION_CALLS(FIND_CALL)
}

static void load_use_unload(const char* path, unsigned port) {
  struct session_calls calls;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  find_calls(library, &calls);
  REQUIRE(calls.WdsTransportClientInitialize() == ERROR_SUCCESS);
  REQUIRE(run_session(&calls, port) == ERROR_CONNECTION_REFUSED);
  REQUIRE(calls.WdsTransportClientShutdown() == ERROR_SUCCESS);
  REQUIRE(dlclose(library) == 0);
}

/* The library asks to stay mapped (see nodelete in api/CMakeLists.txt). */
static void require_mapped(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  REQUIRE(library != NULL);
  dlclose(library);
}

int main(int count, char** arguments) {
  unsigned port;
  int held = hold_refusing_port(&port);
  int threads = running_threads();
  int descriptors = open_descriptors();
  int cycle;
  REQUIRE(count == 2);
  for (cycle = 0; cycle < CYCLES; ++cycle) {
    load_use_unload(arguments[1], port);
    require_mapped(arguments[1]);
    REQUIRE(threads_settle_at(threads));
    REQUIRE(open_descriptors() == descriptors);
  }
  printf("%d times loaded, used and unloaded\n", CYCLES);
  close(held);
  return 0;
}
