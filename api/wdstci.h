/** @file wdstci.h
 *
 * The transport client API of Windows Deployment Services, for Linux: receive one object from a
 * multicast server, block by block, through callbacks. Plain C99; usable from C++ as it is.
 *
 * The life of a session:
 *
 *     WdsTransportClientInitialize
 *       WdsTransportClientInitializeSession       prepares, nothing happens yet
 *       WdsTransportClientRegisterCallback        at least ids 0, 1 and 2
 *       WdsTransportClientStartSession            from here on callbacks come
 *         SESSION_START, SESSION_STARTEX, SESSION_NEGOTIATE, RECEIVE_CONTENTS ..., SESSION_COMPLETE
 *       WdsTransportClientWaitForCompletion
 *       WdsTransportClientCloseSession
 *     WdsTransportClientShutdown
 *
 * Every call returns a Win32 error code (wdserror.h), 0 for success. All calls may be made from any
 * thread at any time; those not allowed inside a callback say so. The callbacks of one session
 * run one after another on a thread that belongs to that session; no lock of the library is held
 * meanwhile. Calls leave `errno` alone, and the library's threads take no signals.
 *
 * Before WdsTransportClientInitialize every call returns ERROR_NOT_READY (R-INIT-4). So it is in a
 * child of fork(), whatever its parent did: sessions and buffers are the parent's alone. The child may
 * exit, exec, or call WdsTransportClientInitialize for itself.
 *
 * Marks such as W-START-3 or R-CAN-8 number the rules of the API: W- and C- rules are documented for
 * Windows too, R- rules are choices where the documentation is silent.
 */
#ifndef FLEETCAST_WDSTCI_H
#define FLEETCAST_WDSTCI_H

#include "wdserror.h"

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* -- Windows types -------------------------------------------------------------------------------
 *
 * With the widths that Windows gives them: ULONG has 32 bits. A program that brings types of these
 * names from elsewhere defines FLEETCAST_NO_WINDOWS_TYPES before it includes this file; they must
 * have the same widths. (Headers known to bring all of them are noticed by their guards.) */

#if !defined(FLEETCAST_NO_WINDOWS_TYPES)                                                           \
  && (defined(_WINDEF_) || defined(_MINWINDEF_) || defined(_WINDEF_H) || defined(__WINE_WINDEF_H)  \
      || defined(WINPR_WTYPES_H))
#define FLEETCAST_NO_WINDOWS_TYPES 1
#endif

#ifndef FLEETCAST_NO_WINDOWS_TYPES

#ifndef VOID
#define VOID void
#endif

typedef void* PVOID;
typedef void* HANDLE;
typedef HANDLE* PHANDLE;
typedef uint32_t DWORD;
typedef uint32_t ULONG;
typedef ULONG* PULONG;
typedef wchar_t WCHAR; /* 32 bits here: L"..." works as in any C program */
typedef const WCHAR* LPCWSTR;
typedef const WCHAR* PCWSTR;

/** 64 bits, whole or in halves; aligned to 8 bytes everywhere. */
typedef union _ULARGE_INTEGER {
  __extension__ struct {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    ULONG HighPart;
    ULONG LowPart;
#else
    ULONG LowPart;
    ULONG HighPart;
#endif
  };
  struct {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    ULONG HighPart;
    ULONG LowPart;
#else
    ULONG LowPart;
    ULONG HighPart;
#endif
  } u;
  uint64_t QuadPart __attribute__((aligned(8)));
} ULARGE_INTEGER;
typedef ULARGE_INTEGER* PULARGE_INTEGER;

#endif /* FLEETCAST_NO_WINDOWS_TYPES */

/* -- the width of text ------------------------------------------------------------------------------
 *
 * The names in a request are UTF-32 where WCHAR is wchar_t, and UTF-16 where it has 16 bits: with winpr's or Wine's
 * types, and with -fshort-wchar. The call that takes them is chosen here, as A and W are on Windows. With other
 * types of 16 bits define FLEETCAST_UTF16 before this file is included. */

#if !defined(FLEETCAST_UTF16)                                                                      \
  && (defined(WINPR_WTYPES_H) || (defined(__WINE_WINDEF_H) && !defined(WINE_UNICODE_NATIVE))       \
      || (defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2))
#define FLEETCAST_UTF16 1
#endif

#ifdef FLEETCAST_UTF16
#define FLEETCAST_WCHAR_BYTES 2
#define WdsTransportClientInitializeSession WdsTransportClientInitializeSessionUtf16
#else
#define FLEETCAST_WCHAR_BYTES 4
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
static_assert(sizeof(WCHAR) == FLEETCAST_WCHAR_BYTES,
              "WCHAR has 16 bits here: define FLEETCAST_UTF16 before wdstci.h is included (or it "
              "has 32: do not)");
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(WCHAR) == FLEETCAST_WCHAR_BYTES,
               "WCHAR has 16 bits here: define FLEETCAST_UTF16 before wdstci.h is included (or it "
               "has 32: do not)");
#else
typedef char
  define_FLEETCAST_UTF16_exactly_if_WCHAR_has_16_bits[sizeof(WCHAR) == FLEETCAST_WCHAR_BYTES ? 1
                                                                                             : -1];
#endif

#ifndef INFINITE
/** As a timeout: for ever. */
#define INFINITE 0xFFFFFFFFu
#endif
#ifndef INVALID_HANDLE_VALUE
#define INVALID_HANDLE_VALUE ((HANDLE)(intptr_t)-1)
#endif

/** The calling conventions of Windows; there is but one here. */
#ifndef WDSTCIAPI
#define WDSTCIAPI
#endif
#ifndef CALLBACK
#define CALLBACK
#endif

/** Marks what libwdstptc.so exports. */
#ifndef FLEETCAST_EXPORT
#define FLEETCAST_EXPORT __attribute__((visibility("default")))
#endif

/** Gives enumerations the width and sign they have on Windows where the language can say so. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define FLEETCAST_ENUM_INT32 : int32_t
#else
#define FLEETCAST_ENUM_INT32
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* -- constants ------------------------------------------------------------------------------------ */

/** Value of `ulApiVersion`, in the spelling of the header and in that of the documentation. */
#define WDS_TRANSPORTCLIENT_CURRENT_API_VERSION 1
#define WDS_TRANSPORT_CLIENT_CURRENT_API_VERSION 1

/** Value of `ulProtocol`. */
#define WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST 0x00000001

/** Values of `ulAuthLevel`: tell the server who the user is, or not. */
#define WDS_TRANSPORTCLIENT_AUTH 0x1
#define WDS_TRANSPORTCLIENT_NO_AUTH 0x2

/** Value of `ulCacheSize`: one block at a time; the next comes when it was completed. */
#define WDS_TRANSPORTCLIENT_NO_CACHE 0

/** What WdsTransportClientQueryStatus says of a session. */
#define WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS 0x0001
#define WDS_TRANSPORTCLIENT_STATUS_SUCCESS 0x0002
#define WDS_TRANSPORTCLIENT_STATUS_FAILURE 0x0003

#ifndef TRANSPORT_INVALID_HANDLE
#define TRANSPORT_INVALID_HANDLE INVALID_HANDLE_VALUE
#endif

/* -- structures ----------------------------------------------------------------------------------- */

/** What a session is to receive, and from whom. Copied by WdsTransportClientInitializeSession, strings
 * and all (R-ISES-15). */
typedef struct _WDS_TRANSPORTCLIENT_REQUEST {
  /** Bytes of this structure. */
  ULONG ulLength;

  /** WDS_TRANSPORTCLIENT_CURRENT_API_VERSION. */
  ULONG ulApiVersion;

  /** WDS_TRANSPORTCLIENT_AUTH or WDS_TRANSPORTCLIENT_NO_AUTH. */
  ULONG ulAuthLevel;

  /** The server: "host", "host:port", an address, or "[v6 address]:port". Port 5040 unless given. */
  LPCWSTR pwszServer;

  /** The namespace that holds the object; at most 255 bytes as UTF-8. */
  LPCWSTR pwszNamespace;

  /** The object; what it means is up to the server's content provider (W-ISES-11). At most
   * 4096 bytes as UTF-8. */
  LPCWSTR pwszObjectName;

  /** Bytes that may be delivered and not yet completed; beyond it delivery pauses (W-CR-5). At least
   * one block is always delivered (R-CR-11). */
  ULONG ulCacheSize;

  /** WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST. */
  ULONG ulProtocol;

  /** NULL. */
  PVOID pvProtocolData;

  /** 0. */
  ULONG ulProtocolDataLength;
} WDS_TRANSPORTCLIENT_REQUEST, *PWDS_TRANSPORTCLIENT_REQUEST;

/** What a session's start callbacks learn. All sizes in bytes. */
typedef struct _TRANSPORTCLIENT_SESSION_INFO {
  ULONG ulStructureLength;
  ULARGE_INTEGER ullFileSize;

  /** Size of every block but the last; each block's offset is a multiple of it (R-RC-7). */
  ULONG ulBlockSize;
} TRANSPORTCLIENT_SESSION_INFO, *PTRANSPORTCLIENT_SESSION_INFO;

/** Names a callback for WdsTransportClientRegisterCallback. */
typedef enum _TRANSPORTCLIENT_CALLBACK_ID FLEETCAST_ENUM_INT32 {
  WDS_TRANSPORTCLIENT_SESSION_START = 0,     /**< required */
  WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS = 1,  /**< required */
  WDS_TRANSPORTCLIENT_SESSION_COMPLETE = 2,  /**< required */
  WDS_TRANSPORTCLIENT_RECEIVE_METADATA = 3,  /**< optional */
  WDS_TRANSPORTCLIENT_SESSION_STARTEX = 4,   /**< optional */
  WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE = 5, /**< optional */
  WDS_TRANSPORTCLIENT_MAX_CALLBACKS = 6      /**< one more than the last */
} TRANSPORTCLIENT_CALLBACK_ID,
  *PTRANSPORTCLIENT_CALLBACK_ID;

/* -- callbacks ------------------------------------------------------------------------------------
 *
 * All of one session come one after another, on the session's own thread, in this order:
 * START, STARTEX, NEGOTIATE, METADATA, CONTENTS (any number), COMPLETE. A session that fails or is
 * cancelled goes to COMPLETE from wherever it is (R-TH-5, R-TH-6). `hSessionKey` is the key that
 * WdsTransportClientInitializeSession gave, `pCallerData` what was passed to it. What the other
 * pointers point to is the library's, read only, and valid until the callback returns; contents may
 * be kept longer, see WdsTransportClientAddRefBuffer.
 *
 * A callback may make any call but WdsTransportClientWaitForCompletion on its own session and
 * WdsTransportClientShutdown (R-TH-7). It must not let an exception escape. */

/** The session began; `*ullFileSize` is the size of the object in bytes (C-ST-1, C-ST-2). At most
 * once, before everything else; left out when the session fails before the size is known (R-ST-3). */
typedef VOID(CALLBACK* PFN_WdsTransportClientSessionStart)(HANDLE hSessionKey, PVOID pCallerData,
                                                           PULARGE_INTEGER ullFileSize);

/** A verified block is there: `ulSize` bytes that belong at `*pullContentOffset` of the object
 * (C-RC-1 to C-RC-3). Blocks come in any order (R-RC-8), each exactly once. For each one
 * WdsTransportClientCompleteReceive is owed, now or later (C-RC-4). */
typedef VOID(CALLBACK* PFN_WdsTransportClientReceiveContents)(HANDLE hSessionKey, PVOID pCallerData,
                                                              PVOID pContents, ULONG ulSize,
                                                              PULARGE_INTEGER pullContentOffset);

/** The session ended: `dwError` is 0 or why it failed. Last of all, exactly once for every start that
 * returned success, cancelled or not (C-CP-1 to C-CP-5, R-CP-6). */
typedef VOID(CALLBACK* PFN_WdsTransportClientSessionComplete)(HANDLE hSessionKey, PVOID pCallerData,
                                                              DWORD dwError);

/** What the content provider says of the object besides its bytes; opaque here (C-MD-1 to C-MD-3).
 * No completion is owed. */
typedef VOID(CALLBACK* PFN_WdsTransportClientReceiveMetadata)(HANDLE hSessionKey, PVOID pCallerData,
                                                              PVOID pMetadata, ULONG ulSize);

/** As SESSION_START, right after it, with the block size, too (C-SX-1, R-SX-3). */
typedef VOID(CALLBACK* PFN_WdsTransportClientSessionStartEx)(HANDLE hSessionKey, PVOID pCallerData,
                                                             PTRANSPORTCLIENT_SESSION_INFO Info);

/** The moment to ask for a part of the object only (R-NG-1); `hNegotiateKey` is good until the
 * callback returns. */
typedef VOID(CALLBACK* PFN_WdsTransportClientSessionNegotiate)(HANDLE hSessionKey,
                                                               PVOID pCallerData,
                                                               PTRANSPORTCLIENT_SESSION_INFO pInfo,
                                                               HANDLE hNegotiateKey);

/** One pointer for each callback. No call takes it; declared because programs use it as a table. */
typedef struct _WDS_TRANSPORTCLIENT_CALLBACKS {
  PFN_WdsTransportClientSessionStart SessionStart;
  PFN_WdsTransportClientSessionStartEx SessionStartEx;
  PFN_WdsTransportClientReceiveContents ReceiveContents;
  PFN_WdsTransportClientReceiveMetadata ReceiveMetadata;
  PFN_WdsTransportClientSessionComplete SessionComplete;
  PFN_WdsTransportClientSessionNegotiate SessionNegotiate;
} WDS_TRANSPORTCLIENT_CALLBACKS, *PWDS_TRANSPORTCLIENT_CALLBACKS;

/* -- calls ---------------------------------------------------------------------------------------- */

/** Makes the library ready. To be called before anything else (W-INIT-1); counted, so each success
 * wants one WdsTransportClientShutdown (R-INIT-5).
 *
 * Waits for a Shutdown under way in another thread.
 * @return ERROR_SUCCESS (W-INIT-2); ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES: no memory or
 *   no thread to be had; ERROR_SHUTDOWN_IN_PROGRESS: inside a callback while Shutdown waits for it. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientInitialize(void);

/** Prepares a session. No traffic and no callback before WdsTransportClientStartSession (W-ISES-1,
 * R-ISES-17).
 *
 * @param pSessionRequest what is wanted; copied, so it may go when the call returns (R-ISES-15).
 * @param pCallerData handed to every callback of the session as it is (W-ISES-3); may be NULL.
 * @param hSessionKey receives the session's key (W-ISES-2), NULL on failure (R-ISES-16). To be given
 *   back with WdsTransportClientCloseSession. A key is never used twice in a process.
 * @return ERROR_SUCCESS (W-ISES-13). R-ISES-18: ERROR_INVALID_PARAMETER: a null pointer, a null or
 *   empty string, characters that are no Unicode, a bad port, a wrong `ulAuthLevel`, protocol data;
 *   ERROR_BAD_LENGTH: `ulLength` too small; ERROR_REVISION_MISMATCH: `ulApiVersion`;
 *   ERROR_NOT_SUPPORTED: `ulProtocol`; ERROR_INVALID_NAME: a name too long; ERROR_NOT_ENOUGH_MEMORY;
 *   ERROR_SHUTDOWN_IN_PROGRESS. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientInitializeSession(
  PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest, PVOID pCallerData, PHANDLE hSessionKey);

#ifndef FLEETCAST_UTF16
/** The same for names in UTF-16. Programs do not write this name: where WCHAR has 16 bits the other one stands for it.
 *
 * @param pSessionRequest as there, but `pwszServer`, `pwszNamespace` and `pwszObjectName` point to UTF-16, which ends
 *   with a zero unit.
 * @param pCallerData as there.
 * @param hSessionKey as there.
 * @return as there; ERROR_INVALID_PARAMETER also for half a surrogate pair. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientInitializeSessionUtf16(
  PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest, PVOID pCallerData, PHANDLE hSessionKey);
#endif

/** Sets the function for one kind of callback, before the session is started (W-REG-4). Again for the
 * same id: replaces it (R-REG-8).
 *
 * @param hSessionKey the session.
 * @param CallbackId which one; ids 0, 1 and 2 are required (W-REG-1).
 * @param pfnCallback the function itself, cast to PVOID.
 * @return ERROR_SUCCESS (W-REG-7). R-REG-9: ERROR_INVALID_PARAMETER: no such id, or NULL;
 *   ERROR_INVALID_STATE: already started (W-REG-5); ERROR_INVALID_HANDLE. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientRegisterCallback(
  HANDLE hSessionKey, TRANSPORTCLIENT_CALLBACK_ID CallbackId, PVOID pfnCallback);

/** Starts the session. Callbacks come, on the session's own thread (R-START-10), perhaps all of them
 * before the call returns (W-START-3 to W-START-5). After success SESSION_COMPLETE comes exactly once;
 * whatever goes wrong with server, network or content is reported there (R-START-7).
 *
 * @param hSessionKey the session.
 * @return ERROR_SUCCESS (W-START-6). After any other code no callback comes and the session can be
 *   started again (R-START-8): ERROR_INVALID_PARAMETER: a required callback is missing (W-START-2,
 *   R-START-9); ERROR_NO_SYSTEM_RESOURCES: no thread to be had; ERROR_INVALID_STATE: started before
 *   (R-START-9); ERROR_INVALID_HANDLE; ERROR_SHUTDOWN_IN_PROGRESS. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientStartSession(HANDLE hSessionKey);

/** Gives one delivered block back: the consumer is done with it and the next may come (W-CR-1). Owed
 * once for each RECEIVE_CONTENTS (W-CR-2), from any thread, in any order, inside the callback or later
 * (R-CR-8); still accepted after a cancel and after CloseSession while the session runs (R-CR-10).
 *
 * This is about flow control; how long the memory stays is said at WdsTransportClientAddRefBuffer
 * (R-BUF-8).
 *
 * The server counts a receiver as done once it completed every block, also after SESSION_COMPLETE: who
 * wants that to mean "stored" completes the last one when all is stored, and cancels if it cannot be.
 *
 * @param hSessionKey the session.
 * @param ulSize,pullOffset exactly those of the callback (W-CR-3).
 * @return ERROR_SUCCESS (W-CR-6); ERROR_INVALID_PARAMETER: no such block is out, nothing changed
 *   (R-CR-9); ERROR_INVALID_HANDLE. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientCompleteReceive(HANDLE hSessionKey, ULONG ulSize,
                                                                   PULARGE_INTEGER pullOffset);

/** Cancels the session, without waiting (R-CAN-7): SESSION_COMPLETE follows with ERROR_CANCELLED
 * (W-CAN-1, W-CAN-4). Once it returned no further callback but SESSION_COMPLETE begins (R-CAN-8).
 * Safe inside a callback (W-CAN-2), again and again (R-CAN-9), before the start, when it waits for it
 * (R-CAN-10), and after the end, when it does nothing. CloseSession is still owed (R-CAN-12).
 *
 * @param hSessionKey the session.
 * @return ERROR_SUCCESS (W-CAN-5); ERROR_INVALID_HANDLE: unknown or closed (W-CAN-3, R-CAN-11). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientCancelSession(HANDLE hSessionKey);

/** As WdsTransportClientCancelSession; the session ends with `dwErrorCode` (R-CANX-1). The first
 * cancel counts, a later one changes nothing (R-CANX-3).
 *
 * @param hSessionKey the session.
 * @param dwErrorCode what SESSION_COMPLETE and QueryStatus shall report; not 0.
 * @return as WdsTransportClientCancelSession; ERROR_INVALID_PARAMETER: 0 (R-CANX-2). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientCancelSessionEx(HANDLE hSessionKey,
                                                                   DWORD dwErrorCode);

/** Waits until the session is over, that is until SESSION_COMPLETE has returned (W-WAIT-1, R-WAIT-8):
 * what the callbacks used may go then. Also before the start (R-WAIT-10), from several threads.
 *
 * @param hSessionKey the session.
 * @param uTimeout milliseconds (W-WAIT-2); 0 looks only, INFINITE waits for ever (R-WAIT-7).
 * @return ERROR_SUCCESS: over, one way or the other (W-WAIT-3, R-WAIT-5); WAIT_TIMEOUT (R-WAIT-6);
 *   ERROR_POSSIBLE_DEADLOCK: called inside a callback of this session (R-WAIT-9);
 *   ERROR_INVALID_HANDLE: unknown, closed (in a callback, too), or closed unstarted meanwhile;
 *   ERROR_SHUTDOWN_IN_PROGRESS: the library was shut down and the session never started. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientWaitForCompletion(HANDLE hSessionKey,
                                                                     ULONG uTimeout);

/** How the session stands (W-QRY-1). The outcome shows here before SESSION_COMPLETE is called
 * (R-QRY-10) and stays until CloseSession (W-QRY-4).
 *
 * @param hSessionKey the session.
 * @param puStatus receives one of WDS_TRANSPORTCLIENT_STATUS_... (W-QRY-2); IN_PROGRESS before the
 *   start, too (R-QRY-7).
 * @param puErrorCode receives the error code of a failed session (W-QRY-3), else 0 (R-QRY-8).
 * @return ERROR_SUCCESS (W-QRY-5); ERROR_INVALID_PARAMETER: a null pointer (R-QRY-8);
 *   ERROR_INVALID_HANDLE: unknown or closed (R-QRY-11). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientQueryStatus(HANDLE hSessionKey, PULONG puStatus,
                                                               PULONG puErrorCode);

/** Gives the key back (W-CLS-1). Does not cancel (W-CLS-2): a running session goes on, with its
 * callbacks, until it is complete (W-CLS-3), and keeps taking CompleteReceive until then; every
 * other use of the key fails from now on (W-CLS-4, W-CLS-5). Never blocks, allowed inside any callback
 * (R-CLS-8). A session never started is freed without a callback (R-CLS-9).
 *
 * @param hSessionKey the session.
 * @return ERROR_SUCCESS (W-CLS-6); ERROR_INVALID_HANDLE: unknown, or closed before (R-CLS-10). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientCloseSession(HANDLE hSessionKey);

/** Keeps a delivered buffer (W-BUF-1, W-BUF-3). Without it the memory stays until the callback that
 * delivered it has returned and the block was completed, or the session is both over and closed
 * (R-BUF-7). With it until the matching ReleaseBuffer, even beyond CloseSession, but not beyond
 * Shutdown (R-BUF-9). A kept buffer is one the session cannot receive into.
 *
 * @param pvBuffer `pContents` exactly as it was delivered (R-BUF-6).
 * @return ERROR_SUCCESS (W-BUF-4); ERROR_INVALID_PARAMETER: not such a buffer (R-BUF-10). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientAddRefBuffer(PVOID pvBuffer);

/** Takes one WdsTransportClientAddRefBuffer back (W-BUF-2).
 *
 * @param pvBuffer the buffer.
 * @return ERROR_SUCCESS (W-BUF-4); ERROR_INVALID_PARAMETER: not such a buffer, or not kept
 *   (R-BUF-10). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientReleaseBuffer(PVOID pvBuffer);

/** Takes one WdsTransportClientInitialize back (W-SHUT-1). The last one cancels what still runs,
 * waits until every SESSION_COMPLETE has returned, ends all threads of the library and frees
 * everything; all keys and buffers are void then (R-SHUT-4). It may wait for a name lookup under way,
 * as long as the system's resolver takes.
 *
 * @return ERROR_SUCCESS (W-SHUT-2); ERROR_POSSIBLE_DEADLOCK: called inside a callback, nothing done;
 *   ERROR_NOT_READY: not initialised (R-SHUT-5). */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientShutdown(void);

/** Restricts the session to a part of the object (R-NEG-2).
 *
 * @param hSessionKey the session.
 * @param hNegotiateKey from its SESSION_NEGOTIATE callback, inside which alone this may be called.
 * @param ullDataRangeStart,ullDataRangeSize first byte and number of bytes wanted. Called more than once
 *   in one callback, the last range holds. Whole blocks come, as ever: those that cover the range; with a
 *   size of 0 none. The session succeeds once they were delivered.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER: the range does not lie within the object (R-NEG-3);
 *   ERROR_INVALID_STATE: not while that callback runs (R-NEG-1); ERROR_INVALID_HANDLE: not a session, or
 *   not its negotiate key. */
FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientNegotiateRequiredDataRange(
  HANDLE hSessionKey, HANDLE hNegotiateKey, ULARGE_INTEGER ullDataRangeStart,
  ULARGE_INTEGER ullDataRangeSize);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FLEETCAST_WDSTCI_H */
