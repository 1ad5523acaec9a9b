# Helpers that keep the CMakeLists.txt of the folders short.

# fleetcast_sources(<out> <pattern>... [EXCLUDE <regex>...])
# The matching files below the current folder, re-checked at every build.
function(fleetcast_sources out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "EXCLUDE")
  set(patterns ${arg_UNPARSED_ARGUMENTS})
  list(TRANSFORM patterns PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS LIST_DIRECTORIES false ${patterns})
  foreach(regex IN LISTS arg_EXCLUDE)
    list(FILTER files EXCLUDE REGEX "${regex}")
  endforeach()
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# fleetcast_join(<target> [ALWAYS]): sanitizer builds compile several of its files at a time; ALWAYS: all builds do.
# The templates of CAF, CLI11 and GoogleTest take the compiler long, above all instrumented: so it meets them once, or
# with sanitizers as seldom as two processors that build a suite of tests allow.
# The product's builds for people stay file by file: a change costs one file, and includes stay honest. Tests are
# compiled more often than changed.
set(fleetcast_files_at_a_time 8)
if(FLEETCAST_SANITIZE)
  set(fleetcast_files_at_a_time 16)
endif()
function(fleetcast_join target)
  if(FLEETCAST_SANITIZE OR "ALWAYS" IN_LIST ARGN)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${fleetcast_files_at_a_time})
    # An unnamed namespace of an included file is taken for one that several files share.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# fleetcast_static_library(<name> [JOINED] SOURCES <file>... LINK <target>...)
# A static library of hidden symbols. JOINED: see fleetcast_join.
# Without sources (a folder nobody has filled yet) it is an interface library that passes its links
# on, so that whoever needs it still configures.
function(fleetcast_static_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "JOINED" "" "SOURCES;LINK")
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
    target_link_libraries(${name} PRIVATE fleetcast_options PUBLIC ${arg_LINK})
    if(arg_JOINED)
      fleetcast_join(${name})
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_LINK})
  endif()
endfunction()

# fleetcast_executable(<name> SOURCES <file>... LINK <target>...)
# Skipped without sources; ask `if(TARGET <name>)`.
function(fleetcast_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES)
    message(STATUS "${name}: no sources yet, skipped")
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET hidden
                                           VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${name} PRIVATE fleetcast_options ${arg_LINK})
  if(FLEETCAST_SANITIZE OR FLEETCAST_FUZZ)
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cpp")
  endif()
endfunction()
