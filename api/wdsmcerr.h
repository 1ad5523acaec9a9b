/** @file wdsmcerr.h
 *
 * The codes that a Windows client of multicast transmissions can report besides Win32 errors (HRESULTs of facility
 * 0x122), under their published names. This library returns Win32 codes in their place (docs/api/errors.md says which);
 * FleetcastErrorText knows these, too, for tools that show codes of either origin.
 */
#ifndef FLEETCAST_WDSMCERR_H
#define FLEETCAST_WDSMCERR_H

/** Required callbacks were not registered. Here: ERROR_INVALID_PARAMETER. */
#define WDSTPC_E_CALLBACKS_NOT_REG 0xC1220300
/** The session is over already. Here: ERROR_INVALID_STATE. */
#define WDSTPC_E_ALREADY_COMPLETED 0xC1220301
/** The session is running already. Here: ERROR_INVALID_STATE. */
#define WDSTPC_E_ALREADY_IN_PROGRESS 0xC1220302
/** Here: ERROR_GEN_FAILURE. */
#define WDSTPC_E_UNKNOWN_ERROR 0xC1220303
/** The client is not initialised. Here: ERROR_NOT_READY. */
#define WDSTPC_E_NOT_INITIALIZED 0xC1220304
/** The server sent this client away: it does not meet the policy. Here: ERROR_GRACEFUL_DISCONNECT. */
#define WDSTPC_E_KICKED_POLICY_NOT_MET 0xC1220305
/** The server sent this client away, and it may get the object in another way. Here: ERROR_GRACEFUL_DISCONNECT. */
#define WDSTPC_E_KICKED_FALLBACK 0xC1220306
/** The server sent this client away, for good. Here: ERROR_CONNECTION_ABORTED. */
#define WDSTPC_E_KICKED_FAIL 0xC1220307
/** The server sent this client away for a reason that is not known. Here: ERROR_GRACEFUL_DISCONNECT. */
#define WDSTPC_E_KICKED_UNKNOWN 0xC1220308
/** The rest is about several streams of different rates, which there are none of here. */
#define WDSTPC_E_MULTISTREAM_NOT_ENABLED 0xC1220309
#define WDSTPC_E_ALREADY_IN_LOWEST_SESSION 0xC122030A
#define WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED 0xC122030B
/** The server has no IPv4 interface. */
#define WDSTPC_E_NO_IP4_INTERFACE 0xC122030C

#endif /* FLEETCAST_WDSMCERR_H */
