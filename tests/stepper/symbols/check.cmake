# Compiles SOURCE with COMPILER at OPTIMISATION and looks at its symbols: each of FUNCTIONS (name:instances,… of what both ways
# evaluate) must be there as often as it is instantiated, not inlined away, cloned, split or specialised, else the way back
# might not repeat the way forth bit for bit. Then runs it.
include("${SETTINGS}")

set(flags -std=c++20 ${OPTIMISATION})
list(REMOVE_DUPLICATES include_dirs)
foreach(dir IN LISTS include_dirs)
  if(NOT dir STREQUAL "/usr/include")  # given by hand it would stand before the compiler's own
    list(APPEND flags -isystem "${dir}")
  endif()
endforeach()
foreach(definition IN LISTS definitions)
  list(APPEND flags "-D${definition}")
endforeach()

execute_process(COMMAND "${COMPILER}" ${flags} "${SOURCE}" -o "${PROGRAM}"
                RESULT_VARIABLE failed ERROR_VARIABLE errors)
if(failed)
  message(FATAL_ERROR "the program does not compile:\n${errors}")
endif()

execute_process(COMMAND "${NM}" "${PROGRAM}" OUTPUT_VARIABLE mangled RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${NM} cannot read ${PROGRAM}")
endif()
string(REPLACE "," ";" FUNCTIONS "${FUNCTIONS}")
foreach(expected IN LISTS FUNCTIONS)
  string(REGEX MATCH "^(.*):(.*)$" matched "${expected}")
  set(function "${CMAKE_MATCH_1}")
  set(wanted "${CMAKE_MATCH_2}")
  string(LENGTH "${function}" length)
  string(REGEX MATCHALL "[^\n]*${function}[^\n]*" symbols "${mangled}")
  # Lambdas inside a function belong to it, and so does the part where it throws (.cold); a clone is a symbol with a dot and another word
  # behind the name.
  set(instances)
  foreach(symbol IN LISTS symbols)
    if(symbol MATCHES "\\.cold$")
      continue()
    endif()
    if(symbol MATCHES " [tTwW] _ZN11antistrophe6detail${length}${function}" OR symbol MATCHES "\\.(constprop|isra|part)")
      list(APPEND instances "${symbol}")
    endif()
  endforeach()
  list(LENGTH instances count)
  list(JOIN instances "\n" text)
  if(NOT count EQUAL wanted)
    message(FATAL_ERROR "${function} is ${count} functions in the machine code, and must be ${wanted}:\n${text}")
  endif()
  if(text MATCHES "\\.(constprop|isra|part|cold)")
    message(FATAL_ERROR "${function} was cloned: ${text}")
  endif()
endforeach()

execute_process(COMMAND "${PROGRAM}" RESULT_VARIABLE failed OUTPUT_VARIABLE output)
if(failed)
  message(FATAL_ERROR "the program fails: ${output}")
endif()
