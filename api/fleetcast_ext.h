/** @file fleetcast_ext.h
 *
 * What Fleetcast can say and the WDS structures cannot: settings of the process, the log, who this
 * client is, the story behind an error code, the figures of a session. Plain C99; all strings are UTF-8 and end with a zero byte.
 *
 * Structures begin with `ulLength`, their size as the caller was compiled: later releases append
 * fields, and read or write only as far as the caller's structure reaches.
 */
#ifndef FLEETCAST_EXT_H
#define FLEETCAST_EXT_H

#include "wdstci.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How much is logged, and how grave a line is: each level tells those before it, too. */
#define FLEETCAST_LOG_DEFAULT 0 /**< as the environment or the file says, else warnings */
#define FLEETCAST_LOG_OFF 1     /**< nothing */
#define FLEETCAST_LOG_ERROR 2
#define FLEETCAST_LOG_WARNING 3
#define FLEETCAST_LOG_INFO 4
#define FLEETCAST_LOG_DEBUG 5

/** Whether the process can be looked into with `fleetcast console`. */
#define FLEETCAST_CONSOLE_DEFAULT 0 /**< as the environment or the file says, else not */
#define FLEETCAST_CONSOLE_OFF 1
#define FLEETCAST_CONSOLE_ON 2

/** Takes a line of the log, on a thread that the library has for nothing else: one call at a time. While
 * it runs later lines wait; beyond 1024 they are dropped, and a line says how many. It may use every call
 * but WdsTransportClientShutdown, which returns ERROR_POSSIBLE_DEADLOCK in it.
 *
 * Not called any more once the last WdsTransportClientShutdown has begun to end the sessions: Shutdown
 * waits for a call under way, so the function must not wait for the thread that is in Shutdown.
 *
 * @param pvContext FLEETCAST_CONFIG::pvLogContext.
 * @param ulLevel FLEETCAST_LOG_ERROR to FLEETCAST_LOG_DEBUG.
 * @param pszLine UTF-8 without control characters and without an end of line; valid during the call. */
typedef VOID(CALLBACK* PFN_FleetcastLog)(PVOID pvContext, ULONG ulLevel, const char* pszLine);

/** Settings of this process. What is NULL or 0 here is taken from the environment (FLEETCAST_...), then
 * from the configuration file, then from the default; docs/configuration.md has them all. */
typedef struct _FLEETCAST_CONFIG {
  /** Bytes of this structure. */
  ULONG ulLength;

  /** Worker threads of the library, from the next first WdsTransportClientInitialize on; 0: as many as
   * the library finds right. At most 256. */
  ULONG ulWorkerThreads;

  /** Interface to receive on, by name or address; NULL: the one that leads to the server. */
  const char* pszInterface;

  /** "SHA256:..." that the server must have; NULL: pinned on first use. */
  const char* pszFingerprint;

  /** File of pinned identities; NULL: the user's own (~/.config/fleetcast/known_servers). */
  const char* pszKnownServers;

  /* Since version 1.1 of the ABI; an ulLength that ends before is fine. */

  /** File of this client's identity, for sessions with WDS_TRANSPORTCLIENT_AUTH; made when it is not
   * there. NULL: the user's own (~/.config/fleetcast/identity). */
  const char* pszIdentity;

  /** File that the log is appended to, from the next first WdsTransportClientInitialize on; NULL: none. */
  const char* pszLogFile;

  /** Takes the log, as well; from the next first WdsTransportClientInitialize on. NULL: none. */
  PFN_FleetcastLog pfnLog;

  /** Handed to pfnLog as it is. */
  PVOID pvLogContext;

  /** FLEETCAST_LOG_...: how much both get. */
  ULONG ulLogLevel;

  ULONG ulReserved; /**< 0 */

  /** FLEETCAST_CONSOLE_...: a Unix domain socket for `fleetcast console`, open to this user alone; from
   * the next first WdsTransportClientInitialize on. One that cannot be made is told to the log and keeps
   * nothing from working. */
  ULONG ulConsole;

  ULONG ulReserved2; /**< 0 */
} FLEETCAST_CONFIG, *PFLEETCAST_CONFIG;

/** Who this client is to servers that ask. */
typedef struct _FLEETCAST_IDENTITY {
  /** Bytes of this structure; set by the caller. */
  ULONG ulLength;
  ULONG ulReserved; /**< 0 */

  /** "SHA256:..." of its public key, as a server's operator lists it; zero-terminated. */
  char szFingerprint[64];

  /** File that holds its private key; zero-terminated. */
  char szFile[4096];
} FLEETCAST_IDENTITY, *PFLEETCAST_IDENTITY;

/** What keeps a session from going faster. */
#define FLEETCAST_LIMIT_UNKNOWN 0 /**< too early to tell */
#define FLEETCAST_LIMIT_SENDER 1  /**< the sender; nothing here or on the way */
#define FLEETCAST_LIMIT_NETWORK 2 /**< datagrams are lost on the way */
#define FLEETCAST_LIMIT_HOST 3    /**< this host: its kernel drops what is not taken out in time */
#define FLEETCAST_LIMIT_CONSUMER                                                                   \
  4 /**< the callbacks: the cache is full of what they have not completed */

/** Figures of a session so far, a few times a second brought up to date; final once the session is
 * over. */
typedef struct _FLEETCAST_SESSION_STATISTICS {
  /** Bytes of this structure; set by the caller. */
  ULONG ulLength;
  ULONG ulReserved;             /**< 0 */
  uint64_t ullObjectBytes;      /**< size of the object; 0 until known */
  uint64_t ullCompletedBytes;   /**< verified */
  uint64_t ullDeliveredBytes;   /**< handed to RECEIVE_CONTENTS */
  uint64_t ullOutstandingBytes; /**< of those, not completed yet */
  uint64_t ullTotalBlocks;
  uint64_t ullCompletedBlocks;
  uint64_t ullDatagrams; /**< accepted */
  uint64_t ullSourceSymbols;
  uint64_t ullRepairSymbols;
  uint64_t ullRepairedSymbols; /**< source symbols rebuilt from repair symbols */
  uint64_t ullLostPackets;
  uint64_t ullKernelDrops;        /**< datagrams this host had no room for */
  uint64_t ullRequestsSent;       /**< feedback that asked for repair */
  uint64_t ullRequestsSuppressed; /**< not sent since the repair was on its way already */
  uint64_t ullDigestFailures;     /**< blocks that were not what the server signed */

  /* Since version 1.1 of the ABI; an ulLength that ends before is fine. */

  ULONG ulLimitingFactor; /**< FLEETCAST_LIMIT_..., of the last half second or so */
  ULONG ulUnverified;     /**< 1: nobody verifies this session's blocks, as its settings say */

  /* Since version 1.3 of the ABI; an ulLength that ends before is fine. */

  uint64_t
    ullProvenBytes; /**< of ullCompletedBytes, those that the program held: they did not come */
  uint64_t ullRefutedBlocks; /**< held, and not what the server signed, or not there: they come */

  ULONG
  ulWaitsForServer; /**< 1: the server went away, and the session waits for it (FleetcastSetPatience) */
  ULONG ulReconnections; /**< how often it came back */
} FLEETCAST_SESSION_STATISTICS, *PFLEETCAST_SESSION_STATISTICS;

/** Sets what later sessions of this process use. At any time, from any thread, before
 * WdsTransportClientInitialize, too; sessions initialised before keep what they had.
 *
 * @param pConfig copied, strings and all; NULL: nothing is set here any more.
 * @return ERROR_SUCCESS; ERROR_BAD_LENGTH: `ulLength` too small; ERROR_INVALID_PARAMETER: too many
 *   threads, or no such level; ERROR_NOT_ENOUGH_MEMORY. */
FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastConfigure(const FLEETCAST_CONFIG* pConfig);

/** What is wrong with the environment or the configuration file, after a call that returned
 * ERROR_BAD_CONFIGURATION (or, for FleetcastGetIdentity, ERROR_OPEN_FAILED): which file and line, or which
 * variable, what was found there, what to write. After WdsTransportClientInitialize returned
 * ERROR_NO_SYSTEM_RESOURCES: which limit on threads was reached (RLIMIT_NPROC, pids.max, threads-max) and how to
 * raise it. Empty otherwise. At any time, from any thread.
 *
 * @param pszBuffer,ulSize receives the text; NULL and 0 to ask for its size.
 * @param pulNeeded receives the bytes the text takes, its zero byte included; may be NULL.
 * @return ERROR_SUCCESS; ERROR_INSUFFICIENT_BUFFER: `ulSize` too small, nothing written;
 *   ERROR_INVALID_PARAMETER: NULL with a size. */
FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastGetConfigurationError(char* pszBuffer, ULONG ulSize,
                                                                PULONG pulNeeded);

/** Who this client is to a server that asks, as sessions with WDS_TRANSPORTCLIENT_AUTH say it; made, if it
 * is not there. At any time, from any thread; reads and writes files.
 *
 * @param pIdentity `ulLength` set by the caller, the rest filled in.
 * @return ERROR_SUCCESS; ERROR_BAD_LENGTH: `ulLength` too small; ERROR_INVALID_PARAMETER: NULL;
 *   ERROR_BAD_CONFIGURATION: the environment or the configuration file is wrong; ERROR_OPEN_FAILED: the
 *   identity can be neither read nor made. */
FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastGetIdentity(FLEETCAST_IDENTITY* pIdentity);

/** Why a session failed, in sentences: what was tried, what happened, what to do next. After
 * WdsTransportClientStartSession returned ERROR_NO_SYSTEM_RESOURCES: why it could not begin. Empty while it
 * runs and after success.
 *
 * @param hSessionKey the session, not closed yet.
 * @param pszBuffer,ulSize receives the text; NULL and 0 to ask for its size.
 * @param pulNeeded receives the bytes the text takes, its zero byte included; may be NULL.
 * @return ERROR_SUCCESS; ERROR_INSUFFICIENT_BUFFER: `ulSize` too small, nothing written;
 *   ERROR_INVALID_PARAMETER: NULL with a size; ERROR_INVALID_HANDLE; ERROR_NOT_READY. */
FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastGetSessionError(HANDLE hSessionKey, char* pszBuffer,
                                                          ULONG ulSize, PULONG pulNeeded);

/** The figures of a session, running or over.
 *
 * @param hSessionKey the session, not closed yet.
 * @param pStatistics `ulLength` set by the caller, the rest filled in.
 * @return ERROR_SUCCESS; ERROR_BAD_LENGTH: `ulLength` too small; ERROR_INVALID_PARAMETER: NULL;
 *   ERROR_INVALID_HANDLE; ERROR_NOT_READY. */
FLEETCAST_EXPORT DWORD WDSTCIAPI
FleetcastGetSessionStatistics(HANDLE hSessionKey, FLEETCAST_SESSION_STATISTICS* pStatistics);

/** Reads what the program holds (FleetcastHold): exactly `ulSize` bytes of the object from `*pullOffset` on, a whole block.
 *
 * Called on a thread that the session has for nothing else, one call at a time, in the order of the offsets, beside the
 * session's other callbacks. It may use every call but WdsTransportClientWaitForCompletion on its own session and
 * WdsTransportClientShutdown, and must not let an exception escape. Calls begin once SESSION_NEGOTIATE has returned; all
 * have returned when SESSION_COMPLETE is called, and after a cancel none begins.
 *
 * @param hSessionKey,pCallerData as in the callbacks of wdstci.h.
 * @param pvBuffer receives the bytes; valid during the call.
 * @param ulSize,pullOffset which; read only.
 * @return ERROR_SUCCESS; any other code: the bytes are not there, and the block comes as contents. */
typedef DWORD(CALLBACK* PFN_FleetcastReadHeld)(HANDLE hSessionKey, PVOID pCallerData,
                                               PVOID pvBuffer, ULONG ulSize,
                                               PULARGE_INTEGER pullOffset);

/** A block that the program holds is proven: what it read there is what the server sends, byte for byte. Takes the
 * place of RECEIVE_CONTENTS for this block, in the same order with the session's other callbacks, on the same thread. As
 * there WdsTransportClientCompleteReceive is owed, with the same size and offset.
 *
 * @param hSessionKey,pCallerData as in the callbacks of wdstci.h.
 * @param ulSize,pullOffset which block: `ulSize` bytes from `*pullOffset` of the object on; read only. */
typedef VOID(CALLBACK* PFN_FleetcastHeldProven)(HANDLE hSessionKey, PVOID pCallerData, ULONG ulSize,
                                                PULARGE_INTEGER pullOffset);

/** Bytes of an object. */
typedef struct _FLEETCAST_BYTE_RANGE {
  uint64_t ullFirst; /**< offset of the first one */
  uint64_t ullSize;  /**< how many */
} FLEETCAST_BYTE_RANGE, *PFLEETCAST_BYTE_RANGE;

/** What a program holds of an object before its session begins: of an earlier session that was cut short, or of an older
 * copy. */
typedef struct _FLEETCAST_HELD {
  /** Bytes of this structure. */
  ULONG ulLength;

  /** How many ranges follow. */
  ULONG ulRanges;

  /** Which bytes, in any order; they may overlap, and reach beyond the object's end. Only blocks that lie in them as a
   * whole count. */
  const FLEETCAST_BYTE_RANGE* pRanges;

  PFN_FleetcastReadHeld pfnRead;
  PFN_FleetcastHeldProven pfnProven;
} FLEETCAST_HELD, *PFLEETCAST_HELD;

/** Says, before WdsTransportClientStartSession, what the program holds of the session's object, so that it is not sent
 * again. Nothing is taken on trust: the library reads each block that is held by pfnRead, computes its digest, and
 * compares it with the one that the server signed in this session. A block that is proven is told by pfnProven and does
 * not come; every other one comes as contents. So each block of the object (or of the range that was negotiated) reaches the
 * program exactly once, one way or the other, before SESSION_COMPLETE reports success.
 *
 * The program leaves what it holds as it is until the session is over, but may write a block that came as contents. In
 * a session that does not verify (FLEETCAST_SESSION_STATISTICS::ulUnverified) nothing can be proven, so all comes.
 *
 * @param hSessionKey the session, not started yet. Again: replaces what was said before.
 * @param pHeld copied, ranges and all; NULL or without ranges: nothing is held.
 * @return ERROR_SUCCESS; ERROR_BAD_LENGTH: `ulLength` too small; ERROR_INVALID_PARAMETER: a null pointer, or a range
 *   that ends beyond 2^64; ERROR_INVALID_STATE: already started; ERROR_INVALID_HANDLE; ERROR_NOT_ENOUGH_MEMORY;
 *   ERROR_NOT_READY. */
FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastHold(HANDLE hSessionKey, const FLEETCAST_HELD* pHeld);

/** How long a session waits for a server that went away, before it fails. Without this call it fails at once, as WDS documents it.
 *
 * Applies once the session is on (SESSION_START was called), and to what may pass by itself: a connection that is lost, a
 * server that stops and starts again, an interface that is gone, a group that falls silent. The session asks again after
 * pauses of up to five seconds, and goes on where it was: callbacks come as if nothing had happened, each block once. What was
 * delivered before is proven again with what the server signs now. If the object was changed meanwhile, the session ends
 * with ERROR_FILE_INVALID. A server that refuses, does not know the object any more, or is another one ends it at once.
 *
 * The time is counted anew after each block that comes; it is not prolonged by a server that accepts and sends nothing. A session
 * that does not verify (FLEETCAST_SESSION_STATISTICS::ulUnverified) never waits. Costs 32 bytes of memory a block.
 *
 * @param hSessionKey the session, not started yet. Again: replaces what was said before.
 * @param ulMilliseconds 0: not at all.
 * @return ERROR_SUCCESS; ERROR_INVALID_STATE: already started; ERROR_INVALID_HANDLE; ERROR_NOT_READY. */
FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastSetPatience(HANDLE hSessionKey, ULONG ulMilliseconds);

/** Name and meaning of an error code: "ERROR_DISK_FULL: there is no room left on the disk". At any time.
 *
 * @return static text, never NULL; "unknown error" for codes this API does not use. */
FLEETCAST_EXPORT const char* WDSTCIAPI FleetcastErrorText(DWORD dwError);

/** Version of the library: "0.1.0". At any time; static text. */
FLEETCAST_EXPORT const char* WDSTCIAPI FleetcastVersion(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FLEETCAST_EXT_H */
