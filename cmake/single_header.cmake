# Writes the library as one header, for those who want to copy a file into their project and nothing else:
#   cmake [-DOUTPUT=<file>] [-DWITH=<header>;...] -P cmake/single_header.cmake
# OUTPUT is build/antistrophe.hpp unless given. It begins with antistrophe/antistrophe.hpp, and goes on with all other headers for
# users that need Eigen and the C++ library alone. Left out are those that need more, which bear a line "// requires: <what>": of
# these, -DWITH names the ones to take along, as -DWITH=antistrophe/ensemble/mpi.hpp.
cmake_minimum_required(VERSION 3.21)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(include_dir "${root}/include")
if(NOT OUTPUT)
  set(OUTPUT "${root}/build/antistrophe.hpp")
endif()
get_filename_component(OUTPUT "${OUTPUT}" ABSOLUTE)

# What may be included from outside where a header asks for it by #if, besides the C++ library (no dot in its names) and Eigen.
set(guarded xsimd/xsimd.hpp emmintrin.h unistd.h)

# add(<header>): the text of a header, with the text of the library's own headers where it includes them, each once. Goes by
# offsets and not by lines: lists of CMake do not bear the brackets and semicolons of C++.
function(add header)
  get_property(added GLOBAL PROPERTY added)
  if(header IN_LIST added)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY added "${header}")
  if(NOT EXISTS "${include_dir}/${header}")
    message(FATAL_ERROR "there is no ${header} in ${include_dir}")
  endif()
  file(READ "${include_dir}/${header}" rest)
  string(REPLACE "\n#pragma once\n" "\n" rest "\n${rest}")
  string(REPLACE "\n// SPDX-License-Identifier: MIT\n" "\n" rest "${rest}")  # the licence stands once, at the top
  while(rest MATCHES "\n#include [<\"]([^>\"]+)[>\"]")
    set(line "${CMAKE_MATCH_0}")
    set(included "${CMAKE_MATCH_1}")
    string(FIND "${rest}" "${line}" at)
    string(SUBSTRING "${rest}" 0 ${at} before)
    string(LENGTH "${line}" length)
    math(EXPR at "${at} + ${length}")
    string(SUBSTRING "${rest}" ${at} -1 rest)
    set_property(GLOBAL APPEND_STRING PROPERTY text "${before}")
    if(included MATCHES "^antistrophe/")
      add("${included}")
    else()
      if(included MATCHES "[.]|/" AND NOT included MATCHES "^(unsupported/)?Eigen/" AND NOT included IN_LIST guarded
         AND NOT header IN_LIST WITH)
        message(FATAL_ERROR
          "${header} includes ${included}, which comes neither with C++ nor with Eigen: if users are to do without, the header for "
          "users that needs it says so in a line '// requires: <what>'")
      endif()
      set_property(GLOBAL APPEND_STRING PROPERTY text "${line}")
    endif()
  endwhile()
  set_property(GLOBAL APPEND_STRING PROPERTY text "${rest}")
endfunction()

file(GLOB_RECURSE headers RELATIVE "${include_dir}" "${include_dir}/antistrophe/*.hpp")
list(SORT headers)
list(FILTER headers EXCLUDE REGEX "/detail/")
list(PREPEND headers antistrophe/antistrophe.hpp)
set(left_out)
foreach(header IN LISTS headers)
  file(STRINGS "${include_dir}/${header}" requires REGEX "^// requires: ")
  if(requires AND NOT header IN_LIST WITH)
    list(APPEND left_out "${header}")
  else()
    add("${header}")
  endif()
endforeach()

file(STRINGS "${include_dir}/antistrophe/core/version.hpp" version REGEX "#define ANTISTROPHE_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^;]*VERSION_[A-Z]+ +([0-9]+)" "\\1" version "${version}")
list(JOIN version "." version)
file(READ "${root}/LICENSE" license)
string(STRIP "${license}" license)
string(REGEX REPLACE "\n" "\n// " license "${license}")
string(REGEX REPLACE "// \n" "//\n" license "${license}")
list(JOIN left_out ", " left_out)
get_property(text GLOBAL PROPERTY text)
file(WRITE "${OUTPUT}" "// SPDX-License-Identifier: MIT
// Antistrophe ${version} as one header, made by cmake/single_header.cmake: not to be edited.
// Left out, for they need more than Eigen: ${left_out}
//
// ${license}
#pragma once
")
file(APPEND "${OUTPUT}" "${text}")
get_property(added GLOBAL PROPERTY added)
list(LENGTH added count)
message(STATUS "${OUTPUT}: Antistrophe ${version}, ${count} headers in one")
