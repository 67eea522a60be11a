# The version of the library is also the newest of CHANGELOG.md, and what packagers and those who cite read.
#   cmake -DVERSION=<version> -DSOURCE_DIR=<the project> -P version.cmake
cmake_minimum_required(VERSION 3.21)
# expect(<file> <regex>): the first line that matches holds a version, the regex's only group.
function(expect file regex)
  file(STRINGS "${SOURCE_DIR}/${file}" lines REGEX "${regex}")
  list(GET lines 0 line)
  string(REGEX REPLACE "${regex}.*" "\\1" found "${line}")
  if(NOT found STREQUAL VERSION)
    message(FATAL_ERROR "${file} has '${line}', but core/version.hpp says ${VERSION}")
  endif()
endfunction()
expect(CHANGELOG.md "^## ([0-9][^ ]*)")
expect(CITATION.cff "^version: ([0-9.]+)")
expect(cmake/packaging/debian/changelog "^antistrophe \\(([0-9.]+)-")
expect(cmake/packaging/vcpkg/antistrophe/vcpkg.json "^ *\"version\": \"([0-9.]+)\"")
