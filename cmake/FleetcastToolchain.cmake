# Language, build types, warnings, sanitizers, and the speed-ups that are used when present.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # the static libraries end up in libwdstptc.so

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()

# Programs to bin, the library to lib; static archives stay out of the way.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/archive")
set(FLEETCAST_TEST_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test-bin")

# Programs find the library beside them, in the build tree (lib/) as where they are installed. CMake's own
# RPATH for the build tree ends in an empty element, to keep room for the one it writes over it; the loader
# takes that for the current directory, and whatever lies there for our libraries.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
if(NOT CMAKE_INSTALL_LIBDIR STREQUAL "lib")
  list(APPEND CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
endif()

# -g1 is enough for a stack trace with lines, at a fraction of the size of -g.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
if(FLEETCAST_SANITIZE OR FLEETCAST_FUZZ)
  # What is instrumented is slow to optimise, and most of it waits. What computes asks for more (protocol/), and so does
  # fuzzing.
  set(optimisation -O0)
  if(FLEETCAST_FUZZ)
    set(optimisation -O1)
  endif()
  set(CMAKE_CXX_FLAGS_DEBUG "${optimisation} -g1")
  set(CMAKE_C_FLAGS_DEBUG "${optimisation} -g1")
  add_compile_options(-fno-omit-frame-pointer)
endif()

# Hardening, where no sanitizer does more: what `dpkg-buildflags` gives with hardening=+all, today's and that of the
# release after it (the last two). cmake/check_hardening.py reads the result back from the binaries.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT FLEETCAST_SANITIZE AND NOT FLEETCAST_FUZZ)
  foreach(language C CXX)
    # A distribution's flags come before ours; its level of FORTIFY, often 3, counts.
    if(NOT CMAKE_${language}_FLAGS MATCHES "_FORTIFY_SOURCE")
      add_compile_options("$<$<COMPILE_LANGUAGE:${language}>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
    endif()
  endforeach()
  add_compile_options(-fstack-protector-strong -Wformat -Werror=format-security -Wdate-time -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()

# Stack traces and __FILE__ name files relative to the repository: no machine's paths in a binary.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
cmake_path(IS_PREFIX PROJECT_SOURCE_DIR "${PROJECT_BINARY_DIR}" NORMALIZE builds_inside)
if(NOT builds_inside)
  add_compile_options("-ffile-prefix-map=${PROJECT_BINARY_DIR}=build")
endif()

# Sanitizers go onto everything we compile, generated code included.
if(FLEETCAST_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "FLEETCAST_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
  endif()
  set(sanitizer_flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
elseif(FLEETCAST_SANITIZE STREQUAL "address")
  # Not `null`: CAF 0.17 binds a reference to an empty shared_ptr's target in init_fun_factory.hpp
  # at each spawn. Reading or writing through a null pointer ends the program anyway.
  set(sanitizer_flags -fsanitize=address,undefined -fno-sanitize=null -fno-sanitize-recover=all)
elseif(FLEETCAST_SANITIZE STREQUAL "thread")
  set(sanitizer_flags -fsanitize=thread)
elseif(FLEETCAST_SANITIZE)
  message(FATAL_ERROR "FLEETCAST_SANITIZE is empty, address or thread")
endif()
if(sanitizer_flags)
  add_compile_options(${sanitizer_flags})
  add_link_options(${sanitizer_flags})
endif()

# fleetcast_options: what our own code is compiled with, as opposed to generated code.
add_library(fleetcast_options INTERFACE)
target_include_directories(fleetcast_options INTERFACE "${PROJECT_SOURCE_DIR}")
set(c_and_cxx_warnings
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wshadow
    -Wcast-align
    -Wformat=2
    -Wundef
    -Wimplicit-fallthrough)
set(cxx_warnings -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND cxx_warnings -Wduplicated-cond -Wredundant-move -Wsuggest-override)
endif()
if(FLEETCAST_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The instrumentation confuses the first three into false alarms (the release build has them on); the
  # thread sanitizer cannot see the fences of Asio and says so at each of them.
  list(APPEND cxx_warnings -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-restrict -Wno-tsan)
endif()
target_compile_options(
  fleetcast_options INTERFACE ${c_and_cxx_warnings}
                              "$<$<COMPILE_LANGUAGE:CXX>:${cxx_warnings}>")
if(FLEETCAST_WERROR)
  target_compile_options(fleetcast_options INTERFACE -Werror)
endif()

# Used when they happen to be there, never required.
find_program(CCACHE_PROGRAM ccache)
mark_as_advanced(CCACHE_PROGRAM)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(ccache_command "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros")
  if(builds_inside)
    # Relative paths in the key: another clone of the same sources hits, too. From elsewhere they would
    # lead through the folders above the repository, and end up in the binary.
    list(APPEND ccache_command "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "CCACHE_NOHASHDIR=1")
  endif()
  list(APPEND ccache_command "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_command})
  set(CMAKE_C_COMPILER_LAUNCHER ${ccache_command})
endif()
find_program(MOLD_PROGRAM mold)
find_program(LLD_PROGRAM ld.lld)
mark_as_advanced(MOLD_PROGRAM LLD_PROGRAM)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
elseif(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()
