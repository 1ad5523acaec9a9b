# Finds Intel's multi-buffer crypto library (x86-64 only): IPSecMB::IPSecMB, header <intel-ipsec-mb.h>.

find_path(IPSecMB_INCLUDE_DIR intel-ipsec-mb.h)
find_library(IPSecMB_LIBRARY IPSec_MB)
mark_as_advanced(IPSecMB_INCLUDE_DIR IPSecMB_LIBRARY)

if(IPSecMB_INCLUDE_DIR)
  file(STRINGS "${IPSecMB_INCLUDE_DIR}/intel-ipsec-mb.h" ipsecmb_version_line
       REGEX "^#define IMB_VERSION_STR ")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" IPSecMB_VERSION "${ipsecmb_version_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  IPSecMB
  REQUIRED_VARS IPSecMB_LIBRARY IPSecMB_INCLUDE_DIR
  VERSION_VAR IPSecMB_VERSION)

if(IPSecMB_FOUND AND NOT TARGET IPSecMB::IPSecMB)
  add_library(IPSecMB::IPSecMB UNKNOWN IMPORTED)
  set_target_properties(
    IPSecMB::IPSecMB PROPERTIES IMPORTED_LOCATION "${IPSecMB_LIBRARY}"
                                INTERFACE_INCLUDE_DIRECTORIES "${IPSecMB_INCLUDE_DIR}")
endif()
