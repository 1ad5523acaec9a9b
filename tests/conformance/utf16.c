/* A program whose WCHAR has 16 bits, as with winpr's types, is led to the call that takes UTF-16. */
#include <stdint.h>

#define FLEETCAST_NO_WINDOWS_TYPES
#define FLEETCAST_UTF16
typedef void VOID;
typedef void* PVOID;
typedef void* HANDLE;
typedef HANDLE* PHANDLE;
typedef uint32_t DWORD;
typedef uint32_t ULONG;
typedef ULONG* PULONG;
typedef uint16_t WCHAR;
typedef const WCHAR* LPCWSTR;
typedef const WCHAR* PCWSTR;
typedef union {
  struct {
    ULONG LowPart;
    ULONG HighPart;
  } u;
  uint64_t QuadPart;
} ULARGE_INTEGER;
typedef ULARGE_INTEGER* PULARGE_INTEGER;

#include "api/wdstci.h"

DWORD initialize_with_16_bits(const uint16_t* server, const uint16_t* name_space,
                              const uint16_t* object, void* caller, HANDLE* key);

DWORD initialize_with_16_bits(const uint16_t* server, const uint16_t* name_space,
                              const uint16_t* object, void* caller, HANDLE* key) {
  WDS_TRANSPORTCLIENT_REQUEST request = {sizeof request,
                                         WDS_TRANSPORTCLIENT_CURRENT_API_VERSION,
                                         WDS_TRANSPORTCLIENT_NO_AUTH,
                                         server,
                                         name_space,
                                         object,
                                         0,
                                         WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST,
                                         NULL,
                                         0};
  return WdsTransportClientInitializeSession(&request, caller, key);
}
