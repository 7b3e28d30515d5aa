# The installed package: `find_package(theta)` and `theta::client`. Static libraries and public headers of every module
# from base to client, the generated schema headers, and what a project needs to link them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(sdk_modules base crypto wire scene log replica transport client)
set(sdk_targets theta_header_only theta_sodium theta_zstd theta_schema)
foreach(module ${sdk_modules})
  list(APPEND sdk_targets theta_${module})
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/${module}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endforeach()
install(DIRECTORY "${PROJECT_BINARY_DIR}/schema/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS ${sdk_targets} EXPORT theta-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT theta-targets NAMESPACE theta:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/theta")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/theta-config.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/theta-config.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/theta")
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/theta-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/theta-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/theta-config-version.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/theta")
