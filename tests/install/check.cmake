# Builds, at OPTIMISATION, and runs the consumer, which finds the library in one of these WAYs:
#   find_package      installed, in a tree that was moved afterwards
#   without_xsimd     the same, where xsimd, with which it was built, is not found
#   add_subdirectory  as a folder of its own tree
#   FetchContent      as a folder elsewhere
#   pkg-config        installed and moved; no CMake on the consumer's side
#   single_header     as one file, made by cmake/single_header.cmake
#   debian            out of a package that dpkg-buildpackage makes by cmake/packaging/debian
#   vcpkg             as cmake/packaging/vcpkg installs it, its commands played by tests/install/vcpkg.cmake
#   conan             out of a package that conan makes by cmake/packaging/conan, whose test_package is the consumer; skipped, by "SKIPPED" in what
#                     is printed, where there is no conan to be had
cmake_minimum_required(VERSION 3.21)
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "failed (${status}): ${command}\n${text}")
  endif()
  set(text "${text}" PARENT_SCOPE)
endfunction()

set(work "${WORK_DIR}/${WAY}")
file(REMOVE_RECURSE "${work}")
file(COPY "${CONSUMER}/" DESTINATION "${work}/consumer")
set(two_files OFF)
set(xsimd "${XSIMD}")
set(options)

# install_and_move(): installs the library, and moves what was installed: nothing in it may remember where it was.
macro(install_and_move)
  run("${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${work}/first prefix")
  file(RENAME "${work}/first prefix" "${work}/prefix")
  file(GLOB_RECURSE installed "${work}/prefix/share/*")
  foreach(file IN LISTS installed)
    file(STRINGS "${file}" remembered REGEX "first prefix")
    if(remembered)
      message(FATAL_ERROR "${file} remembers where it was installed: ${remembered}")
    endif()
  endforeach()
endmacro()

# compile(<option>...): the program as one file, by the compiler alone.
macro(compile)
  run("${COMPILER}" -std=c++20 "${OPTIMISATION}" "-DEXPECTED_VERSION=\"${VERSION}\"" -Wall -Wextra -Werror ${ARGN} "${work}/consumer/main.cpp" -o "${work}/program")
  set(program "${work}/program")
  set(xsimd OFF)
endmacro()

# copy_project(<folder>): what packagers need of the project.
function(copy_project folder)
  foreach(part CMakeLists.txt LICENSE cmake include)
    file(COPY "${SOURCE_DIR}/${part}" DESTINATION "${folder}")
  endforeach()
endfunction()

if(WAY STREQUAL "conan")
  execute_process(COMMAND "${SOURCE_DIR}/script/fetch_conan" RESULT_VARIABLE status OUTPUT_VARIABLE conan ERROR_VARIABLE text)
  if(status EQUAL 77)
    message(STATUS "SKIPPED: ${text}")
    return()
  elseif(NOT status EQUAL 0)
    message(FATAL_ERROR "${text}")
  endif()
  string(STRIP "${conan}" conan)
  set(ENV{CONAN_HOME} "${work}/home")
  set(ENV{CXX} "${COMPILER}")
  set(project "${work}/project")
  copy_project("${project}")
  file(COPY "${CONSUMER}" DESTINATION "${project}/tests/install")
  # An Eigen that needs no network, where Conan's is one of ConanCenter.
  file(MAKE_DIRECTORY "${work}/eigen")
  file(COPY "${EIGEN_INCLUDE_DIR}/Eigen" "${EIGEN_INCLUDE_DIR}/unsupported" DESTINATION "${work}/eigen/include")
  file(WRITE "${work}/eigen/conanfile.py" "from conan import ConanFile
from conan.tools.files import copy

class Eigen(ConanFile):
    name, version, package_type, exports_sources = 'eigen', '3.4.0', 'header-library', 'include/*'

    def package(self):
        copy(self, 'include/*', self.source_folder, self.package_folder)

    def package_info(self):
        self.cpp_info.bindirs, self.cpp_info.libdirs = [], []
        self.cpp_info.set_property('cmake_file_name', 'Eigen3')
        self.cpp_info.set_property('cmake_target_name', 'Eigen3::Eigen')
")
  run("${conan}" profile detect)
  run("${conan}" create "${work}/eigen" --no-remote)
  run("${conan}" create "${project}/cmake/packaging/conan" --no-remote -s compiler.cppstd=20 -c "tools.cmake.cmaketoolchain:generator=${GENERATOR}")
  if(NOT text MATCHES "antistrophe ${VERSION}, [^\n]*xsimd")
    message(FATAL_ERROR "the test_package does not say which version it was:\n${text}")
  endif()
  message(STATUS "conan: ${CMAKE_MATCH_0}")
  return()
endif()

if(WAY STREQUAL "pkg-config")
  install_and_move()
  set(ENV{PKG_CONFIG_PATH} "${work}/prefix/share/pkgconfig:$ENV{PKG_CONFIG_PATH}")
  run("${PKG_CONFIG}" --modversion antistrophe)
  string(STRIP "${text}" text)
  if(NOT text STREQUAL VERSION)
    message(FATAL_ERROR "pkg-config says that the version is '${text}', and it is ${VERSION}")
  endif()
  run("${PKG_CONFIG}" --cflags --libs antistrophe)
  separate_arguments(flags UNIX_COMMAND "${text}")  # Eigen is no system header here, and not free of all warnings
  compile(${flags})
elseif(WAY STREQUAL "single_header")
  run("${CMAKE_COMMAND}" "-DOUTPUT=${work}/header/antistrophe.hpp" -P "${SOURCE_DIR}/cmake/single_header.cmake")
  compile("-I${work}/header" -isystem "${EIGEN_INCLUDE_DIR}" -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wundef)
else()
  if(WAY STREQUAL "find_package")
    install_and_move()
    set(two_files ON)
  elseif(WAY STREQUAL "debian")
    copy_project("${work}/antistrophe")
    file(COPY "${SOURCE_DIR}/cmake/packaging/debian" DESTINATION "${work}/antistrophe")
    set(ENV{CXX} "${COMPILER}")
    # -d: what it needs may have been installed by other ways than Debian's.
    run("${CMAKE_COMMAND}" -E chdir "${work}/antistrophe" "${DPKG_BUILDPACKAGE}" --build=binary --no-sign -d)
    file(GLOB package "${work}/libantistrophe-dev_${VERSION}-*_all.deb")
    run(dpkg-deb -x "${package}" "${work}/root")
    file(RENAME "${work}/root/usr" "${work}/prefix")
  elseif(WAY STREQUAL "vcpkg")
    run("${CMAKE_COMMAND}" "-DPORT_DIR=${SOURCE_DIR}/cmake/packaging/vcpkg/antistrophe" "-DPREFIX=${work}/prefix" "-DBUILD_DIR=${work}/package"
        "-DGENERATOR=${GENERATOR}" "-DMAKE_PROGRAM=${MAKE_PROGRAM}" "-DCOMPILER=${COMPILER}" "-DEIGEN_DIR=${EIGEN_DIR}"
        -P "${CMAKE_CURRENT_LIST_DIR}/vcpkg.cmake")
    set(xsimd OFF)  # no feature was asked for
  elseif(WAY STREQUAL "without_xsimd")
    install_and_move()
    set(xsimd OFF)
    list(APPEND options -DCMAKE_DISABLE_FIND_PACKAGE_xsimd=ON)
  elseif(WAY STREQUAL "add_subdirectory")
    # Only what a consumer needs: the library configures without its tests, examples and docs.
    file(COPY "${SOURCE_DIR}/CMakeLists.txt" "${SOURCE_DIR}/cmake" "${SOURCE_DIR}/include"
         DESTINATION "${work}/consumer/antistrophe")
    set(two_files ON)
  endif()
  run("${CMAKE_COMMAND}" -S "${work}/consumer" -B "${work}/build" -G "${GENERATOR}" "-DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}"
      "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DEigen3_DIR=${EIGEN_DIR}" -DCMAKE_BUILD_TYPE=None "-DCMAKE_PREFIX_PATH=${work}/prefix"
      "-DWAY=${WAY}" "-DSOURCE_DIR=${SOURCE_DIR}" "-DTWO_FILES=${two_files}"
      "-DOPTIMISATION=${OPTIMISATION}" "-DEXPECTED_VERSION=${VERSION}" ${options})
  run("${CMAKE_COMMAND}" --build "${work}/build")
  set(program "${work}/build/consumer")
endif()

run("${program}")
string(STRIP "${text}" text)
if((xsimd AND NOT text MATCHES ", with xsimd") OR (NOT xsimd AND NOT text MATCHES ", without xsimd"))
  message(FATAL_ERROR "the program says '${text}', but xsimd: ${xsimd}")
endif()
message(STATUS "${WAY}: ${text}")
