#include "api/error_codes.hpp"

#include "actors/io/thread_limit.hpp"
#include "api/wdsmcerr.h"

namespace fleetcast::api {

using protocol::failure_code;

DWORD to_win32(const protocol::failure& reason) noexcept {
  // No default: a new failure_code must be given its code here before this compiles.
  switch (reason.code) {
    case failure_code::none:
      return ERROR_SUCCESS;
    case failure_code::cancelled:
      return reason.detail != 0 ? reason.detail : ERROR_CANCELLED;
    case failure_code::internal:
      return actors::io::is_thread_refusal(reason) ? ERROR_NO_SYSTEM_RESOURCES : ERROR_GEN_FAILURE;
    case failure_code::no_memory:
      return ERROR_NOT_ENOUGH_MEMORY;
    case failure_code::invalid_request:
      return ERROR_INVALID_DATA;
    case failure_code::unsupported_version:
      return ERROR_REVISION_MISMATCH;
    case failure_code::namespace_unknown:
      return ERROR_PATH_NOT_FOUND;
    case failure_code::object_not_found:
      return ERROR_FILE_NOT_FOUND;
    case failure_code::invalid_name:
      return ERROR_INVALID_NAME;
    case failure_code::access_denied:
      return ERROR_ACCESS_DENIED;
    case failure_code::not_authenticated:
      return ERROR_NOT_AUTHENTICATED;
    case failure_code::server_busy:
      return ERROR_NETWORK_BUSY;
    case failure_code::name_unresolved:
      return ERROR_BAD_NETPATH;
    case failure_code::connection_refused:
      return ERROR_CONNECTION_REFUSED;
    case failure_code::network_unreachable:
      return ERROR_NETWORK_UNREACHABLE;
    case failure_code::host_unreachable:
      return ERROR_HOST_UNREACHABLE;
    case failure_code::connect_timeout:
      return ERROR_SEM_TIMEOUT; // what a Windows socket reports for it
    case failure_code::handshake_failed:
      return ERROR_CONNECTION_INVALID;
    case failure_code::identity_changed:
      return ERROR_MUTUAL_AUTH_FAILED;
    case failure_code::connection_lost:
      return RPC_S_CALL_FAILED;
    case failure_code::sender_silent:
      return ERROR_TIMEOUT;
    case failure_code::transmission_ended:
      return ERROR_OPERATION_ABORTED;
    case failure_code::kicked_fallback:
      return ERROR_GRACEFUL_DISCONNECT;
    case failure_code::kicked_abort:
      return ERROR_CONNECTION_ABORTED;
    case failure_code::object_changed:
      return ERROR_FILE_INVALID;
    case failure_code::read_fault:
      return ERROR_READ_FAULT;
    case failure_code::write_fault:
      return ERROR_WRITE_FAULT;
    case failure_code::disk_full:
      return ERROR_DISK_FULL;
    case failure_code::content_corrupt:
      return ERROR_CRC;
    case failure_code::signature_invalid:
      return ERROR_INVALID_IMAGE_HASH;
    case failure_code::network_fault:
      return ERROR_UNEXP_NET_ERR;
    case failure_code::trust_store_fault:
      return ERROR_OPEN_FAILED;
    case failure_code::invalid_argument:
      return ERROR_INVALID_PARAMETER;
    case failure_code::not_supported:
      return ERROR_NOT_SUPPORTED;
  }
  // A code that came over the network from a newer peer.
  return ERROR_GEN_FAILURE;
}

namespace {

/// Of codes that only Windows itself returns.
const char* text_of_windows_client(DWORD code) noexcept {
  switch (code) {
    case WDSTPC_E_CALLBACKS_NOT_REG:
      return "WDSTPC_E_CALLBACKS_NOT_REG: required callbacks were not registered";
    case WDSTPC_E_ALREADY_COMPLETED:
      return "WDSTPC_E_ALREADY_COMPLETED: the session is over already";
    case WDSTPC_E_ALREADY_IN_PROGRESS:
      return "WDSTPC_E_ALREADY_IN_PROGRESS: the session is running already";
    case WDSTPC_E_UNKNOWN_ERROR:
      return "WDSTPC_E_UNKNOWN_ERROR: an unknown error";
    case WDSTPC_E_NOT_INITIALIZED:
      return "WDSTPC_E_NOT_INITIALIZED: the client is not initialised";
    case WDSTPC_E_KICKED_POLICY_NOT_MET:
      return "WDSTPC_E_KICKED_POLICY_NOT_MET: disconnected, since it does not meet the server's "
             "policy";
    case WDSTPC_E_KICKED_FALLBACK:
      return "WDSTPC_E_KICKED_FALLBACK: disconnected by the server; another way may be used";
    case WDSTPC_E_KICKED_FAIL:
      return "WDSTPC_E_KICKED_FAIL: disconnected by the server for good";
    case WDSTPC_E_KICKED_UNKNOWN:
      return "WDSTPC_E_KICKED_UNKNOWN: disconnected by the server for an unknown reason";
    case WDSTPC_E_MULTISTREAM_NOT_ENABLED:
      return "WDSTPC_E_MULTISTREAM_NOT_ENABLED: the server has one stream only";
    case WDSTPC_E_ALREADY_IN_LOWEST_SESSION:
      return "WDSTPC_E_ALREADY_IN_LOWEST_SESSION: the session is the slowest stream already";
    case WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED:
      return "WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED: the client cannot change to a slower stream";
    case WDSTPC_E_NO_IP4_INTERFACE:
      return "WDSTPC_E_NO_IP4_INTERFACE: the server has no IPv4 interface";
    default:
      return "unknown error";
  }
}

} // namespace

const char* error_text(DWORD code) noexcept {
  switch (code) {
    case ERROR_SUCCESS:
      return "ERROR_SUCCESS: no error";
    case ERROR_FILE_NOT_FOUND:
      return "ERROR_FILE_NOT_FOUND: the server has no such object";
    case ERROR_PATH_NOT_FOUND:
      return "ERROR_PATH_NOT_FOUND: the server has no such namespace";
    case ERROR_ACCESS_DENIED:
      return "ERROR_ACCESS_DENIED: access was denied";
    case ERROR_INVALID_HANDLE:
      return "ERROR_INVALID_HANDLE: unknown or closed session";
    case ERROR_NOT_ENOUGH_MEMORY:
      return "ERROR_NOT_ENOUGH_MEMORY: not enough memory";
    case ERROR_INVALID_DATA:
      return "ERROR_INVALID_DATA: malformed message";
    case ERROR_NOT_READY:
      return "ERROR_NOT_READY: the library is not initialised";
    case ERROR_CRC:
      return "ERROR_CRC: received content does not match its checksum";
    case ERROR_BAD_LENGTH:
      return "ERROR_BAD_LENGTH: a structure is shorter than it must be";
    case ERROR_WRITE_FAULT:
      return "ERROR_WRITE_FAULT: writing to the destination failed";
    case ERROR_READ_FAULT:
      return "ERROR_READ_FAULT: the server could not read the object";
    case ERROR_GEN_FAILURE:
      return "ERROR_GEN_FAILURE: internal error";
    case ERROR_NOT_SUPPORTED:
      return "ERROR_NOT_SUPPORTED: this release does not support what was asked for";
    case ERROR_BAD_NETPATH:
      return "ERROR_BAD_NETPATH: the server's name does not resolve";
    case ERROR_NETWORK_BUSY:
      return "ERROR_NETWORK_BUSY: the server is at its limits";
    case ERROR_UNEXP_NET_ERR:
      return "ERROR_UNEXP_NET_ERR: a network operation failed on this host";
    case ERROR_NETNAME_DELETED:
      return "ERROR_NETNAME_DELETED: the transmission was removed";
    case ERROR_FILE_EXISTS:
      return "ERROR_FILE_EXISTS: the destination exists";
    case ERROR_INVALID_PARAMETER:
      return "ERROR_INVALID_PARAMETER: an argument is not valid";
    case ERROR_OPEN_FAILED:
      return "ERROR_OPEN_FAILED: cannot use known_servers or this client's identity file";
    case ERROR_DISK_FULL:
      return "ERROR_DISK_FULL: there is no room left on the disk";
    case ERROR_CALL_NOT_IMPLEMENTED:
      return "ERROR_CALL_NOT_IMPLEMENTED: this release does not have this call";
    case ERROR_SEM_TIMEOUT:
      return "ERROR_SEM_TIMEOUT: the server did not answer the connection in time";
    case ERROR_INSUFFICIENT_BUFFER:
      return "ERROR_INSUFFICIENT_BUFFER: the buffer is too small";
    case ERROR_INVALID_NAME:
      return "ERROR_INVALID_NAME: the name of namespace or object is not valid";
    case WAIT_TIMEOUT:
      return "WAIT_TIMEOUT: timed out; the session is still running";
    case ERROR_INVALID_IMAGE_HASH:
      return "ERROR_INVALID_IMAGE_HASH: the content is not signed by the server";
    case ERROR_OPERATION_ABORTED:
      return "ERROR_OPERATION_ABORTED: the server ended the transmission";
    case ERROR_FILE_INVALID:
      return "ERROR_FILE_INVALID: the object changed while it was sent";
    case ERROR_SHUTDOWN_IN_PROGRESS:
      return "ERROR_SHUTDOWN_IN_PROGRESS: the library is shutting down";
    case ERROR_POSSIBLE_DEADLOCK:
      return "ERROR_POSSIBLE_DEADLOCK: this call would wait for its own caller";
    case ERROR_CANCELLED:
      return "ERROR_CANCELLED: the session was cancelled";
    case ERROR_CONNECTION_REFUSED:
      return "ERROR_CONNECTION_REFUSED: the server refused the connection";
    case ERROR_GRACEFUL_DISCONNECT:
      return "ERROR_GRACEFUL_DISCONNECT: disconnected by the server; another way may be used";
    case ERROR_CONNECTION_INVALID:
      return "ERROR_CONNECTION_INVALID: no secure connection could be agreed on";
    case ERROR_NETWORK_UNREACHABLE:
      return "ERROR_NETWORK_UNREACHABLE: the network cannot be reached";
    case ERROR_HOST_UNREACHABLE:
      return "ERROR_HOST_UNREACHABLE: the server cannot be reached";
    case ERROR_CONNECTION_ABORTED:
      return "ERROR_CONNECTION_ABORTED: disconnected by the server for good";
    case ERROR_NOT_AUTHENTICATED:
      return "ERROR_NOT_AUTHENTICATED: the server wants to know who asks";
    case ERROR_REVISION_MISMATCH:
      return "ERROR_REVISION_MISMATCH: incompatible versions";
    case ERROR_MUTUAL_AUTH_FAILED:
      return "ERROR_MUTUAL_AUTH_FAILED: the server is not the one that was expected";
    case ERROR_NO_SYSTEM_RESOURCES:
      return "ERROR_NO_SYSTEM_RESOURCES: no thread or other system resource is left";
    case ERROR_TIMEOUT:
      return "ERROR_TIMEOUT: nothing was heard from the server for too long";
    case ERROR_BAD_CONFIGURATION:
      return "ERROR_BAD_CONFIGURATION: the environment or the configuration file is wrong";
    case RPC_S_CALL_FAILED:
      return "RPC_S_CALL_FAILED: the connection to the server broke";
    case ERROR_INVALID_STATE:
      return "ERROR_INVALID_STATE: the session is not in a state for this call";
    default:
      return text_of_windows_client(code);
  }
}

actors::error_name name_error(const protocol::failure& reason) noexcept {
  const auto code = to_win32(reason);
  const std::string_view text = error_text(code);
  const auto colon = text.find(':');
  return {code, colon == std::string_view::npos ? std::string_view{} : text.substr(0, colon)};
}

} // namespace fleetcast::api
