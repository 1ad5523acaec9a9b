/* What the embedding tests look at: the process around the library. Plain C, as a host program is. */
#ifndef FLEETCAST_TESTS_PROCESS_STATE_H
#define FLEETCAST_TESTS_PROCESS_STATE_H

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ends the test with a word on what was expected where. */
#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                      \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

/* Entries of a directory of /proc/self, the one that looking takes for itself not counted. */
static inline int count_entries(const char* path, int own) {
  int count = -own;
  struct dirent* entry;
  DIR* directory = opendir(path);
  REQUIRE(directory != NULL);
  while ((entry = readdir(directory)) != NULL)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static inline int open_descriptors(void) {
  return count_entries("/proc/self/fd", 1);
}

static inline int running_threads(void) {
  return count_entries("/proc/self/task", 0);
}

/* The kernel lists a thread for a moment longer than pthread_join waits for it, and tells nobody when
 * it is gone: ask again, for at most 10 s. */
static inline int threads_settle_at(int wanted) {
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    if (running_threads() == wanted)
      return 1;
    sched_yield();
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec - start.tv_sec < 10);
  fprintf(stderr, "%d threads run, not %d\n", running_threads(), wanted);
  return 0;
}

#endif
