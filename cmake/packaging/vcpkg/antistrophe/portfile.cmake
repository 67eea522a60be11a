# An overlay port, which packages the tree that it lies in: vcpkg install antistrophe --overlay-ports=cmake/packaging/vcpkg
set(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../..")
set(VCPKG_BUILD_TYPE release)  # headers: one build is enough

# By name, so that nothing is used that is not declared.
set(with_xsimd OFF)
if("xsimd" IN_LIST FEATURES)
  set(with_xsimd ON)
endif()
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DANTISTROPHE_BUILD_TESTS=OFF -DANTISTROPHE_BUILD_EXAMPLES=OFF -DANTISTROPHE_BUILD_BENCHMARKS=OFF -DANTISTROPHE_INSTALL=ON
          "-DANTISTROPHE_WITH_XSIMD=${with_xsimd}" -DANTISTROPHE_WITH_CPPAD=OFF -DANTISTROPHE_WITH_ADOLC=OFF
          -DANTISTROPHE_WITH_SACADO=OFF -DANTISTROPHE_WITH_MPI=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/antistrophe)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib" "${CURRENT_PACKAGES_DIR}/share/licenses")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
