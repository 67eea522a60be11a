# Measures what `#include <antistrophe/antistrophe.hpp>` costs an empty program, as a ratio to `#include <Eigen/Core>`,
# and fails above LIMIT. The two are compiled in turn, so that a busy machine slows both, and the
# median of seven ratios counts.
# COMPILER, INCLUDE_FLAGS (a list), LIMIT, WORK_DIR

file(MAKE_DIRECTORY "${WORK_DIR}")
file(WRITE "${WORK_DIR}/ours.cpp" "#include <antistrophe/antistrophe.hpp>\nint main() {}\n")
file(WRITE "${WORK_DIR}/eigen.cpp" "#include <Eigen/Core>\nint main() {}\n")

function(time_of name result)
  string(TIMESTAMP begin "%s%f" UTC)
  execute_process(COMMAND "${COMPILER}" -std=c++20 ${INCLUDE_FLAGS} -c "${WORK_DIR}/${name}.cpp" -o "${WORK_DIR}/${name}.o"
                  RESULT_VARIABLE failed ERROR_VARIABLE errors)
  string(TIMESTAMP end "%s%f" UTC)
  if(failed)
    message(FATAL_ERROR "${name}.cpp does not compile:\n${errors}")
  endif()
  math(EXPR elapsed "${end} - ${begin}")
  set(${result} ${elapsed} PARENT_SCOPE)
endfunction()

set(ratios)
foreach(round RANGE 1 7)
  time_of(ours ours)
  time_of(eigen eigen)
  math(EXPR percent "100 * ${ours} / ${eigen}")
  list(APPEND ratios ${percent})
endforeach()
list(SORT ratios COMPARE NATURAL)
list(GET ratios 3 median)
message(STATUS "antistrophe.hpp takes ${median} % of the time of Eigen/Core (rounds: ${ratios}; limit ${LIMIT})")
if(median GREATER LIMIT)
  message(FATAL_ERROR "antistrophe.hpp takes more than ${LIMIT} % of the time of Eigen/Core to compile")
endif()
