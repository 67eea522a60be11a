# Installs the headers and a config package, so that find_package(antistrophe CONFIG) offers antistrophe::antistrophe.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# An Eigen that is built along cannot be exported from here.
get_target_property(antistrophe_eigen_is_imported Eigen3::Eigen IMPORTED)
if(NOT antistrophe_eigen_is_imported)
  message(STATUS "antistrophe: no install target, for Eigen is part of this build and not a package")
  return()
endif()

set(antistrophe_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/antistrophe")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/antistrophe" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
install(TARGETS antistrophe EXPORT antistrophe-targets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT antistrophe-targets NAMESPACE antistrophe:: DESTINATION "${antistrophe_package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/antistrophe-config.cmake.in"
  "${PROJECT_BINARY_DIR}/antistrophe-config.cmake" INSTALL_DESTINATION "${antistrophe_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/antistrophe-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/antistrophe-config.cmake"
              "${PROJECT_BINARY_DIR}/antistrophe-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/antistrophe-xsimd.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/antistrophe-reverse.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/antistrophe-mpi.cmake"
        DESTINATION "${antistrophe_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/antistrophe")
