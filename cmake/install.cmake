# Installs the headers, a config package, so that find_package(antistrophe CONFIG) offers antistrophe::antistrophe, and a file for
# pkg-config. Both find the headers from where they lie themselves, so that the tree may be moved.
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

# For pkg-config, which knows nothing of xsimd or BLAS: who wants these adds them.
set(antistrophe_pc_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_DATADIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  file(RELATIVE_PATH antistrophe_pc_to_prefix "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
  set(antistrophe_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH antistrophe_pc_to_prefix "/${antistrophe_pc_dir}" "/")
  string(REGEX REPLACE "/$" "" antistrophe_pc_to_prefix "${antistrophe_pc_to_prefix}")
  set(antistrophe_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/antistrophe.pc.in" "${PROJECT_BINARY_DIR}/antistrophe.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/antistrophe.pc" DESTINATION "${antistrophe_pc_dir}")

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/antistrophe")
