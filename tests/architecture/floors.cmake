# Checks that each header includes only from its own floor or from a lower one, names its licence, and calls neither fmax nor fmin.
#   cmake -DINCLUDE_DIR=<include> -P floors.cmake
cmake_minimum_required(VERSION 3.21)

# From the lowest to the highest. A header's floor is its folder below antistrophe/, or itself where it lies in no folder.
set(floors core number step field control noise stepper method problem detail solve.hpp adjoint gradient.hpp objective.hpp error_bars.hpp running_cost.hpp
           second_order.hpp check ensemble ensemble.hpp test_problems test_problems.hpp
           antistrophe.hpp)
# Numbers, steps and fields know nothing but the core; a method knows nothing of problems, nor a problem of methods.
set(allowed_number core)
set(allowed_step core)
set(allowed_field core)
set(allowed_control core field)
set(allowed_noise core field)
set(allowed_stepper core number step field)
set(allowed_method core number step field noise stepper)
set(allowed_problem core step field stepper)

function(floor_of variable header)
  string(REGEX REPLACE "^antistrophe/([^/]+).*$" "\\1" floor "${header}")
  set(${variable} "${floor}" PARENT_SCOPE)
endfunction()

set(faults)
file(GLOB_RECURSE headers RELATIVE "${INCLUDE_DIR}" "${INCLUDE_DIR}/antistrophe/*")
foreach(header IN LISTS headers)
  if(NOT header MATCHES "\\.hpp$")
    list(APPEND faults "${header}: a header ends in .hpp")
    continue()
  endif()
  floor_of(floor "${header}")
  list(FIND floors "${floor}" level)
  if(level LESS 0)
    list(APPEND faults "${header}: '${floor}' is no known floor (tests/architecture/floors.cmake lists them)")
    continue()
  endif()

  file(STRINGS "${INCLUDE_DIR}/${header}" once REGEX "^#pragma once")
  if(NOT once)
    list(APPEND faults "${header}: has no #pragma once")
  endif()

  file(STRINGS "${INCLUDE_DIR}/${header}" first LIMIT_COUNT 1)
  if(NOT first STREQUAL "// SPDX-License-Identifier: MIT")
    list(APPEND faults "${header}: its first line is not '// SPDX-License-Identifier: MIT'")
  endif()

  # Those of doubles alone: that of a generic number has no std:: before it.
  file(STRINGS "${INCLUDE_DIR}/${header}" calls REGEX "std::fm(ax|in)\\(")
  if(calls)
    list(APPEND faults "${header}: calls fmax or fmin, which may wait for the registers of AVX: larger_of and smaller_of of core/detail/larger_of.hpp do not")
  endif()

  file(STRINGS "${INCLUDE_DIR}/${header}" includes REGEX "^ *# *include *(\"|<antistrophe/)")
  foreach(line IN LISTS includes)
    if(NOT line MATCHES "[<\"](antistrophe/[^>\"]+)[>\"]")
      list(APPEND faults "${header}: '${line}': the library includes its own headers as antistrophe/...")
      continue()
    endif()
    set(included "${CMAKE_MATCH_1}")
    floor_of(included_floor "${included}")
    list(FIND floors "${included_floor}" included_level)
    if(NOT EXISTS "${INCLUDE_DIR}/${included}")
      list(APPEND faults "${header}: includes ${included}, which does not exist")
    elseif(included_level GREATER level)
      list(APPEND faults "${header}: includes ${included}, from a higher floor")
    elseif(DEFINED allowed_${floor} AND NOT included_floor STREQUAL floor
           AND NOT included_floor IN_LIST allowed_${floor})
      list(APPEND faults "${header}: includes ${included}, but ${floor} may include only ${floor} and ${allowed_${floor}}")
    endif()
  endforeach()
endforeach()

list(LENGTH headers count)
if(faults)
  list(JOIN faults "\n  " text)
  message(FATAL_ERROR "Of ${count} headers, some break the order of floors:\n  ${text}\n")
endif()
message(STATUS "${count} headers keep to the order of floors")
