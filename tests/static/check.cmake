# Checks one source that must not compile, and that the compiler's first error is our sentence:
#   cmake -DCOMPILER=<c++> -DSOURCE=<file> -DSETTINGS=<file> -P check.cmake
# The first line of the source is "// expect: <sentence>". The first error must carry that sentence and stand in a
# header of the library. With ANTISTROPHE_TEST_REPAIRED defined the same source must compile: nothing else is wrong
# with it.
cmake_minimum_required(VERSION 3.21)
include("${SETTINGS}")  # library_dir, include_dirs, definitions
set(ENV{LC_ALL} C)
set(ENV{CCACHE_DISABLE} 1)

set(flags -std=c++20 -fsyntax-only -fno-diagnostics-color -fmessage-length=0)
foreach(dir IN LISTS include_dirs)
  list(APPEND flags "-I${dir}")
endforeach()
foreach(definition IN LISTS definitions)
  list(APPEND flags "-D${definition}")
endforeach()

file(STRINGS "${SOURCE}" lines LIMIT_COUNT 1)
if(NOT lines MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be '// expect: <sentence>'")
endif()
string(STRIP "${CMAKE_MATCH_1}" sentence)

execute_process(COMMAND "${COMPILER}" ${flags} "${SOURCE}" RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but should be refused with: ${sentence}")
endif()

# Lists cannot hold every line of a compiler's output (brackets, semicolons), so the first error is cut out of the text.
if(NOT text MATCHES "(^|\n)([^\n]*: (fatal )?error: [^\n]*)")
  message(FATAL_ERROR "${SOURCE} is refused (status ${status}) without an error message:\n${text}")
endif()
set(first "${CMAKE_MATCH_2}")

string(FIND "${first}" "${sentence}" found)
if(found LESS 0)
  message(FATAL_ERROR "expected: ${sentence}\nthe first error is: ${first}\nin full:\n${text}")
endif()
string(FIND "${first}" "${library_dir}/" found)
if(NOT found EQUAL 0)
  message(FATAL_ERROR "the first error should stand in a header of the library, but is: ${first}\nin full:\n${text}")
endif()

execute_process(COMMAND "${COMPILER}" ${flags} -DANTISTROPHE_TEST_REPAIRED "${SOURCE}"
                RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} should compile with ANTISTROPHE_TEST_REPAIRED, but does not:\n${text}")
endif()

message(STATUS "${first}")
