# Finds what the library itself needs: Eigen, and xsimd and BLAS where they are asked for.

# Asked for without a version: a request for 3.4 would refuse Eigen 5, a range would refuse 3.4.0.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET)
  if(NOT TARGET Eigen3::Eigen AND ANTISTROPHE_FETCH_DEPENDENCIES)
    include(FetchContent)
    set(EIGEN_BUILD_DOC OFF)
    set(EIGEN_BUILD_TESTING OFF)
    set(EIGEN_BUILD_PKGCONFIG OFF)
    FetchContent_Declare(Eigen3 GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git GIT_TAG 3.4.0 GIT_SHALLOW ON)
    FetchContent_MakeAvailable(Eigen3)
    set(Eigen3_VERSION 3.4.0)
  endif()
  if(NOT TARGET Eigen3::Eigen)
    message(FATAL_ERROR
      "antistrophe needs Eigen 3.4 or newer and did not find it. Install it (Debian and Ubuntu: libeigen3-dev; "
      "Homebrew, conda, vcpkg: eigen), or set CMAKE_PREFIX_PATH to where it is, or configure with "
      "-DANTISTROPHE_FETCH_DEPENDENCIES=ON to download it.")
  endif()
endif()
if(Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4)
  message(FATAL_ERROR "antistrophe needs Eigen 3.4 or newer; found ${Eigen3_VERSION} in ${Eigen3_DIR}")
endif()

set(ANTISTROPHE_HAS_XSIMD OFF)
if(ANTISTROPHE_WITH_XSIMD)
  if(NOT TARGET xsimd)
    find_package(xsimd CONFIG QUIET)
  endif()
  if(TARGET xsimd AND NOT (xsimd_VERSION AND xsimd_VERSION VERSION_LESS 8))
    set(ANTISTROPHE_HAS_XSIMD ON)
    include("${CMAKE_CURRENT_LIST_DIR}/antistrophe-xsimd.cmake")
  elseif(NOT ANTISTROPHE_WITH_XSIMD STREQUAL "AUTO")
    message(FATAL_ERROR
      "ANTISTROPHE_WITH_XSIMD is ON, but xsimd 8 or newer was not found. Install it (Debian and Ubuntu: "
      "libxsimd-dev), or set ANTISTROPHE_WITH_XSIMD to AUTO or OFF.")
  endif()
endif()

if(ANTISTROPHE_WITH_BLAS)
  find_package(BLAS REQUIRED)
endif()

if(PROJECT_IS_TOP_LEVEL)
  message(STATUS
    "antistrophe ${PROJECT_VERSION}: Eigen ${Eigen3_VERSION}, xsimd ${ANTISTROPHE_HAS_XSIMD}, BLAS ${ANTISTROPHE_WITH_BLAS}")
endif()
