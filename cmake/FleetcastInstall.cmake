# What `cmake --install` gives besides programs, library and headers: the packages by which other
# builds find the library, its documentation and the examples. All of it can be moved to another
# prefix afterwards.
include(CMakePackageConfigHelpers)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/fleetcast")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/examples"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/fleetcast")

if(NOT TARGET wdstptc)
  return()
endif()

# ---- CMake: find_package(Fleetcast) -> Fleetcast::wdstptc ------------------------------------------
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Fleetcast")
install(
  EXPORT FleetcastTargets
  NAMESPACE Fleetcast::
  DESTINATION "${package_dir}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/FleetcastConfig.cmake.in" "${PROJECT_BINARY_DIR}/FleetcastConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/FleetcastConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}"
  COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/FleetcastConfig.cmake"
              "${PROJECT_BINARY_DIR}/FleetcastConfigVersion.cmake" DESTINATION "${package_dir}")

# ---- pkg-config: fleetcast -------------------------------------------------------------------------
# ${pcfiledir} is where pkg-config found the file; the way from there to the prefix and back is fixed,
# unless the library was told to go to a fixed place.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH way_up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
  set(pc_prefix "\${pcfiledir}/${way_up}")
endif()
set(pc_libdir "\${prefix}")
cmake_path(APPEND pc_libdir "${CMAKE_INSTALL_LIBDIR}")
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/fleetcast.pc.in" "${PROJECT_BINARY_DIR}/fleetcast.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/fleetcast.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
