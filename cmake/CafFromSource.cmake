# Builds CAF's libraries from its sources, with the flags of this build, and defines CAF::core,
# CAF::io and CAF::openssl as FindCAF does. For the thread sanitizer: it sees how threads hand work
# to each other only in code compiled with it, and each message between actors crosses libcaf_core.
# The sources are compiled against the installed headers, which our own code uses as well.
#
# FLEETCAST_CAF_SOURCE names the unpacked source of the Debian package (./dev fetches it).

find_path(CAF_INCLUDE_DIR caf/config.hpp REQUIRED)
mark_as_advanced(CAF_INCLUDE_DIR)

foreach(component core io openssl)
  file(GLOB_RECURSE sources "${FLEETCAST_CAF_SOURCE}/libcaf_${component}/src/*.cpp")
  if(NOT sources)
    message(FATAL_ERROR "no sources of CAF in FLEETCAST_CAF_SOURCE=${FLEETCAST_CAF_SOURCE}")
  endif()
  add_library(caf_${component} SHARED EXCLUDE_FROM_ALL ${sources})
  target_compile_options(caf_${component} PRIVATE -w)
  # Large headers in small files: a few at a time compile in a fraction of the time.
  set_target_properties(caf_${component} PROPERTIES CXX_STANDARD 17 UNITY_BUILD ON
                                                    UNITY_BUILD_BATCH_SIZE 12)
  add_library(CAF::${component} ALIAS caf_${component})
endforeach()
target_link_libraries(caf_core PUBLIC Threads::Threads)
target_link_libraries(caf_io PUBLIC caf_core)
target_link_libraries(caf_openssl PUBLIC caf_io OpenSSL::SSL OpenSSL::Crypto)
add_compile_definitions(FLEETCAST_CAF_INSTRUMENTED) # no need to look away from its libraries
