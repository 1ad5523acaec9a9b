/* Preloaded: looking up slow.test ends no more than with a name server that does not answer. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  static const char begun[] = "looking up\n";
  if (name != NULL && strcmp(name, "slow.test") == 0) {
    if (write(STDOUT_FILENO, begun, sizeof begun - 1) < 0)
      return EAI_FAIL;
    for (;;)
      pause();
  }
  int (*original)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
  *(void**)&original = dlsym(RTLD_NEXT, "getaddrinfo");
  return original(name, service, hints, result);
}
