/* Receives one object into a file: a whole program in C99 that embeds Fleetcast.
 *
 *     receive SERVER NAMESPACE OBJECT FILE
 *     receive server:5040 lab debian.img /var/tmp/debian.img
 *
 * Blocks come verified, in any order, on a thread of the library. They are written to FILE.PID.part, and
 * only the whole object gets the name FILE. */
#include <errno.h>
#include <fcntl.h>
#include <fleetcast_ext.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wdstci.h>

#define CACHE_BYTES (8u << 20)

/* What the callbacks share with main(). Main looks at it only when the session is over. */
struct reception {
  int file;
  int write_error; /* errno of the write that failed, or 0 */
};

/* ISO C has no cast from a function to PVOID; POSIX does. */
#define FUNCTION(name) (__extension__(PVOID)(name))

/* -- callbacks: one after another, on the session's own thread ---------------------------------------- */

static VOID CALLBACK on_start(HANDLE session, PVOID data, PULARGE_INTEGER size) {
  (void)session;
  (void)data;
  printf("receiving %llu bytes\n", (unsigned long long)size->QuadPart);
}

static int write_all(int file, const char* bytes, size_t size, off_t offset) {
  while (size > 0) {
    ssize_t written = pwrite(file, bytes, size, offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return written < 0 ? errno : EIO;
    bytes += written;
    size -= (size_t)written;
    offset += written;
  }
  return 0;
}

static VOID CALLBACK on_contents(HANDLE session, PVOID data, PVOID bytes, ULONG size,
                                 PULARGE_INTEGER offset) {
  struct reception* reception = data;
  reception->write_error = write_all(reception->file, bytes, size, (off_t)offset->QuadPart);
  if (reception->write_error != 0) {
    DWORD code = reception->write_error == ENOSPC ? ERROR_DISK_FULL : ERROR_WRITE_FAULT;
    WdsTransportClientCancelSessionEx(session, code); /* this was the last block then */
  }
  /* Owed for every block, or the session stalls once CACHE_BYTES are out. */
  WdsTransportClientCompleteReceive(session, size, offset);
}

static VOID CALLBACK on_complete(HANDLE session, PVOID data, DWORD error) {
  (void)session;
  (void)data;
  (void)error; /* WdsTransportClientQueryStatus will tell main() */
}

/* -- errors: what was tried, what happened, what to do ------------------------------------------------- */

static int report_call(const char* call, DWORD error) {
  fprintf(stderr, "receive: %s failed: %s\n", call, FleetcastErrorText(error));
  return 1;
}

static int report_file(const char* what, const char* path, int error) {
  fprintf(stderr, "receive: cannot %s %s: %s\n", what, path, strerror(error));
  return 1;
}

/* The session knows the story behind its error code. */
static int report_session(HANDLE session, DWORD error, const struct reception* reception) {
  char story[2048];
  fprintf(stderr, "receive: %s\n", FleetcastErrorText(error));
  if (reception->write_error != 0)
    fprintf(stderr, "receive: writing failed: %s\n", strerror(reception->write_error));
  else if (FleetcastGetSessionError(session, story, sizeof story, NULL) == ERROR_SUCCESS)
    fprintf(stderr, "receive: %s\n", story);
  return 1;
}

/* -- the session --------------------------------------------------------------------------------------- */

static DWORD register_callbacks(HANDLE session) {
  DWORD error = WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_START,
                                                   FUNCTION(on_start));
  if (error == ERROR_SUCCESS)
    error = WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                                               FUNCTION(on_contents));
  if (error == ERROR_SUCCESS)
    error = WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
                                               FUNCTION(on_complete));
  return error;
}

static int run_session(HANDLE session, const struct reception* reception) {
  ULONG status = 0;
  ULONG error = ERROR_SUCCESS;
  DWORD answer = register_callbacks(session);
  if (answer != ERROR_SUCCESS)
    return report_call("WdsTransportClientRegisterCallback", answer);
  answer = WdsTransportClientStartSession(session);
  if (answer != ERROR_SUCCESS)
    return report_call("WdsTransportClientStartSession", answer);
  answer = WdsTransportClientWaitForCompletion(session, INFINITE);
  if (answer == ERROR_SUCCESS)
    answer = WdsTransportClientQueryStatus(session, &status, &error);
  if (answer != ERROR_SUCCESS)
    return report_call("waiting for the session", answer);
  return status == WDS_TRANSPORTCLIENT_STATUS_SUCCESS ? 0
                                                      : report_session(session, error, reception);
}

static int receive(wchar_t** names, struct reception* reception) {
  WDS_TRANSPORTCLIENT_REQUEST request;
  HANDLE session;
  DWORD error;
  int result;
  memset(&request, 0, sizeof request);
  request.ulLength = sizeof request;
  request.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION;
  request.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH;
  request.pwszServer = names[0];
  request.pwszNamespace = names[1];
  request.pwszObjectName = names[2];
  request.ulCacheSize = CACHE_BYTES;
  request.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST;

  error = WdsTransportClientInitialize();
  if (error != ERROR_SUCCESS)
    return report_call("WdsTransportClientInitialize", error);
  error = WdsTransportClientInitializeSession(&request, reception, &session);
  if (error == ERROR_SUCCESS) {
    result = run_session(session, reception);
    WdsTransportClientCloseSession(session);
  } else {
    result = report_call("WdsTransportClientInitializeSession", error);
  }
  WdsTransportClientShutdown(); /* no thread of the library is left */
  return result;
}

/* -- the program --------------------------------------------------------------------------------------- */

/* Receives into `part` and gives it its name `target`. */
static int receive_file(wchar_t** names, const char* part, const char* target) {
  struct reception reception = {-1, 0};
  int result;
  reception.file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (reception.file < 0)
    return report_file("make", part, errno);
  result = receive(names, &reception);
  if (result == 0 && fsync(reception.file) != 0)
    result = report_file("write out", part, errno);
  if (close(reception.file) != 0 && result == 0)
    result = report_file("write out", part, errno);
  if (result == 0 && rename(part, target) != 0)
    result = report_file("rename to its final name", part, errno);
  if (result != 0)
    unlink(part);
  else
    printf("%s is complete and verified\n", target);
  return result;
}

/* The API takes wide strings; a program's arguments are in its locale's encoding. */
static wchar_t* widen(const char* text) {
  size_t length = mbstowcs(NULL, text, 0);
  wchar_t* wide = length == (size_t)-1 ? NULL : malloc((length + 1) * sizeof *wide);
  if (wide != NULL)
    mbstowcs(wide, text, length + 1);
  else
    fprintf(stderr, "receive: \"%s\" is not text in this locale (LC_ALL, LANG)\n", text);
  return wide;
}

int main(int count, char** arguments) {
  wchar_t* names[3] = {NULL, NULL, NULL};
  char* part;
  int i;
  int result = 1;
  if (count != 5) {
    fprintf(stderr, "usage: receive SERVER[:PORT] NAMESPACE OBJECT FILE\n");
    return 2;
  }
  setlocale(LC_ALL, "");
  for (i = 0; i < 3; ++i)
    names[i] = widen(arguments[1 + i]);
  part = malloc(strlen(arguments[4]) + 32);
  if (names[0] != NULL && names[1] != NULL && names[2] != NULL && part != NULL) {
    /* A name that a second run at the same time does not use. */
    sprintf(part, "%s.%ld.part", arguments[4], (long)getpid());
    result = receive_file(names, part, arguments[4]);
  }
  for (i = 0; i < 3; ++i)
    free(names[i]);
  free(part);
  return result;
}
